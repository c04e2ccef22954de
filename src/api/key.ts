/** Kinds of resource, in the order in which they are created. */
export const KINDS = ['Namespace', 'Bridge', 'Link', 'Route', 'PortForward', 'NetworkPolicy'] as const;
export type Kind = (typeof KINDS)[number];

/**
 * The identity of a resource: `Bridge/br0` for kinds without a namespace, `Link/default/vm1` for the others.
 * The same text is the alias of a managed interface (after `lxcnet:`) and the key of every map and queue.
 */
export type Key = string & { readonly __key: unique symbol };

/** The parts of a {@link Key}; `namespace` is empty for kinds that have none. */
export interface KeyParts {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

const CLUSTER_SCOPED: ReadonlySet<Kind> = new Set<Kind>(['Namespace', 'Bridge', 'Route']);

/** Whether resources of this kind live in a namespace. */
export function isNamespaced(kind: Kind): boolean {
  return !CLUSTER_SCOPED.has(kind);
}

/** The key of a resource; `namespace` is ignored for kinds that have none. */
export function keyOf(kind: Kind, namespace: string, name: string): Key {
  return (isNamespaced(kind) ? `${kind}/${namespace}/${name}` : `${kind}/${name}`) as Key;
}

/**
 * The parts of a key.
 *
 * @throws {RangeError} When the text is not a key of a known kind.
 */
export function parseKey(text: string): KeyParts {
  const parts = text.split('/');
  const kind = KINDS.find((candidate) => candidate === parts[0]);
  if (!kind || parts.length !== (isNamespaced(kind) ? 3 : 2) || parts.some((part) => part === '')) {
    throw new RangeError(`Cannot read ${JSON.stringify(text)} as KIND/NAME or KIND/NAMESPACE/NAME`);
  }
  return isNamespaced(kind)
    ? { kind, namespace: parts[1]!, name: parts[2]! }
    : { kind, namespace: '', name: parts[1]! };
}

/** How people read a key: the namespace is left out where it is `default`. */
export function displayKey(key: Key): string {
  const { kind, namespace, name } = parseKey(key);
  return namespace === '' || namespace === 'default' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}
