import { type Key, KINDS, type Kind, isNamespaced, keyOf, parseKey } from '../api/key.ts';
import { KIND_INFO, type KindInfo, findKind } from '../api/kind.ts';
import { CommandError } from './io.ts';
import { printable } from './printable.ts';

/**
 * The kind that a user means: any case, singular, plural or short.
 *
 * @throws {CommandError} Naming the kinds that exist.
 */
export function kindArgument(text: string): KindInfo {
  const info = findKind(text);
  if (info) return info;
  const known = KINDS.map((kind) => [KIND_INFO[kind].plural, ...KIND_INFO[kind].shortNames].join(' or '));
  throw new CommandError(
    `the server doesn't have a resource type ${JSON.stringify(text)}; there are: ${known.join(', ')}`,
  );
}

/**
 * The resource that `KIND/NAME` or `KIND/NAMESPACE/NAME` means.
 *
 * @param namespace Where the argument names none.
 * @throws {CommandError}
 */
export function resourceArgument(text: string, namespace: string): Key {
  const [kindText = '', ...path] = text.split('/');
  const { kind } = kindArgument(kindText);
  const [first, second] = path;
  if (path.length === 1 && first) return keyOf(kind, namespace, first);
  if (path.length === 2 && first && second && isNamespaced(kind)) return keyOf(kind, first, second);
  throw new CommandError(`cannot read ${JSON.stringify(text)} as KIND/NAME or KIND/NAMESPACE/NAME`);
}

/** What kubectl says where a resource does not exist. */
export function notFoundMessage(key: Key): string {
  const { kind, name } = parseKey(key);
  const { apiVersion, plural } = KIND_INFO[kind];
  const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
  return printable(`Error from server (NotFound): ${plural}${group} "${name}" not found`);
}

/** How output names a resource: `link/vm1`, or `link/lab/vm1` outside the namespace `default`. */
export function resourceName(key: Key): string {
  const { kind, namespace, name } = parseKey(key);
  return formatName(kind, namespace, name);
}

/** As {@link resourceName}, for an object. */
export function objectName(object: {
  readonly kind: Kind;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}): string {
  return formatName(object.kind, object.metadata.namespace ?? '', object.metadata.name);
}

function formatName(kind: string, namespace: string, name: string): string {
  const path = namespace === '' || namespace === 'default' ? [name] : [namespace, name];
  return [kind.toLowerCase(), ...path].join('/');
}
