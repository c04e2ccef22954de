const GROUP = 'lxcnet.dev';
export const API_VERSION = `${GROUP}/v1alpha1`;

/** Annotations that change how lxcnet treats a resource. */
export const ANNOTATIONS = {
  reconcile: `${GROUP}/reconcile`,
  prune: `${GROUP}/prune`,
  adopt: `${GROUP}/adopt`,
  /** On a Link: what is denied to it is logged. */
  logDenied: `${GROUP}/log-denied`,
  reconcileRequestedAt: `${GROUP}/reconcile-requested-at`,
} as const;
