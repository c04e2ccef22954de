import type { Link } from '../api/link.ts';

/** The domain of the names that are ours. */
export const DOMAIN = 'lxcnet';

/** What a DNS message has room for (RFC 1035). */
const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;

/** `LINK.NAMESPACE.lxcnet`. */
export function nameOf({ metadata }: Link): string {
  return `${metadata.name}.${domainOf(metadata.namespace)}`;
}

/** The domain in which the names of a namespace are. */
export function domainOf(namespace: string): string {
  return `${namespace}.${DOMAIN}`;
}

/** Whether DNS can hold the name; that of a resource may be longer. */
export function isHostName(name: string): boolean {
  return name.length <= LONGEST_NAME && name.split('.').every((label) => label.length <= LONGEST_LABEL);
}

/** The names of links with all their addresses, as a hosts file: it answers for names and for addresses. */
export function hostsText(links: readonly Link[]): string {
  return links
    .filter((link) => isHostName(nameOf(link)))
    .flatMap((link) => link.spec.addresses.map((text) => `${addressOf(text)} ${nameOf(link)}\n`))
    .sort()
    .join('');
}

/** An interface's address without its prefix length. */
export function addressOf(text: string): string {
  return text.slice(0, text.indexOf('/'));
}
