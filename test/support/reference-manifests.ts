/** Manifests with what decides about packets, typed, and so without the defaults that lxcnet's own types have. */

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type Direction = 'Ingress' | 'Egress';
export type Labels = Readonly<Record<string, string>>;

export interface Service {
  readonly protocol: Protocol;
  readonly port: number;
}

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

export interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface PolicyPort {
  readonly protocol?: Protocol;
  readonly port?: number | string;
  readonly endPort?: number;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Labels;
}

export interface BridgeManifest {
  readonly kind: 'Bridge';
  readonly metadata: Metadata;
  readonly spec: {
    readonly addresses: readonly string[];
    readonly defaultPolicy?: 'Allow' | 'Deny';
    readonly siblings?: 'Routed' | 'Switched';
  };
}

export interface LinkManifest {
  readonly kind: 'Link';
  readonly metadata: Metadata;
  readonly spec: {
    readonly bridge: string;
    readonly addresses: readonly string[];
    readonly ports?: readonly {
      readonly name: string;
      readonly port: number;
      readonly protocol?: Protocol;
    }[];
  };
}

export interface NamespaceManifest {
  readonly kind: 'Namespace';
  readonly metadata: Metadata;
}

export interface PolicyManifest {
  readonly kind: 'NetworkPolicy';
  readonly metadata: Metadata;
  readonly spec: {
    readonly podSelector?: Selector;
    readonly policyTypes?: readonly Direction[];
    readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly PolicyPort[] }[];
    readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly PolicyPort[] }[];
  };
}

/** A forward from the host's eth0. */
export interface ForwardManifest {
  readonly kind: 'PortForward';
  readonly metadata: Metadata;
  readonly spec: {
    readonly interfaces: readonly ['eth0'];
    readonly link: { readonly name: string; readonly namespace?: string };
    readonly ports: readonly {
      readonly protocol?: Protocol;
      readonly port: number;
      readonly endPort?: number;
      readonly targetPort?: number;
    }[];
    readonly sources?: readonly string[];
    readonly hairpin?: boolean;
  };
}

export type Manifest = BridgeManifest | LinkManifest | NamespaceManifest | PolicyManifest | ForwardManifest;

const VERSIONS: Readonly<Record<Manifest['kind'], string>> = {
  Bridge: 'lxcnet.dev/v1alpha1',
  Link: 'lxcnet.dev/v1alpha1',
  PortForward: 'lxcnet.dev/v1alpha1',
  Namespace: 'v1',
  NetworkPolicy: 'networking.k8s.io/v1',
};

/** A manifest as a file would hold it. */
export function documentOf(manifest: Manifest): Manifest & { readonly apiVersion: string } {
  return { apiVersion: VERSIONS[manifest.kind], ...manifest };
}
