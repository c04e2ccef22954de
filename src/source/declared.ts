import { API_VERSION } from '../api/group.ts';

/*
 * What of a document is a declaration. `get -o yaml`, of kubectl and of lxcnet, prints more than a manifest says, and a
 * manifest is often made from that.
 */

const SET_BY_SERVER = [
  'creationTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
] as const;
/** What Kubernetes' own kinds may have, and means nothing on one host. */
const KUBERNETES_ONLY = ['finalizers', 'generateName', 'ownerReferences'] as const;
/** Mappings whose keys are the user's. */
const FREE_KEYS: ReadonlySet<string> = new Set(['annotations', 'labels', 'matchLabels']);

/** A document without what a server adds; of Kubernetes' kinds, also without fields that are null, which say nothing there. */
export function declaredPart(document: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isKubernetes = document.apiVersion !== API_VERSION;
  const declared = without(isKubernetes ? withoutNulls(document) : document, ['status']);
  if (!isRecord(declared.metadata)) return declared;
  const extra = isKubernetes ? KUBERNETES_ONLY : [];
  return { ...declared, metadata: without(declared.metadata, [...SET_BY_SERVER, ...extra]) };
}

/** Whether a value is a mapping. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function without(
  record: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([field]) => !fields.includes(field)));
}

function withoutNulls(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([, value]) => value !== null)
      .map(([field, value]) => [field, FREE_KEYS.has(field) ? value : inner(value)]),
  );
}

function inner(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inner);
  return isRecord(value) ? withoutNulls(value) : value;
}
