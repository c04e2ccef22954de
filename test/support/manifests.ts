/** Manifests as tests write them: what they are about, and nothing else. */

type Spec = Readonly<Record<string, unknown>>;
interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Spec;
}

const ours = (kind: string, name: string, spec: Spec, metadata: Spec = {}): Named => ({
  apiVersion: 'lxcnet.dev/v1alpha1',
  kind,
  metadata: { name, ...metadata },
  spec,
});

export function bridge(name: string, spec: Spec = {}, metadata: Spec = {}): Named {
  return ours('Bridge', name, { addresses: ['10.10.20.1/24', 'fd00:20::1/64'], ...spec }, metadata);
}

/** A Link of br0 into a namespace, with the addresses 10.10.20.NUMBER and fd00:20::NUMBER. */
export function link(
  name: string,
  netns: string,
  number: number,
  spec: Spec = {},
  metadata: Spec = {},
): Named {
  const addresses = [`10.10.20.${number}/24`, `fd00:20::${number}/64`];
  return ours(
    'Link',
    name,
    { bridge: 'br0', container: { netns }, addresses, ...spec },
    { labels: { app: name }, ...metadata },
  );
}

export function route(name: string, spec: Spec): Named {
  return ours('Route', name, spec);
}

export function forward(name: string, target: string, ports: readonly Spec[], spec: Spec = {}): Named {
  return ours('PortForward', name, { interfaces: ['eth0'], ports, link: { name: target }, ...spec });
}

/** A NetworkPolicy for the Link whose `app` label is this. */
export function policy(name: string, app: string, spec: Spec): Named {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name },
    spec: { podSelector: { matchLabels: { app } }, ...spec },
  };
}
