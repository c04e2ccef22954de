import { bridgeInterfaceOf } from '../src/api/naming.ts';
import type { Operation } from '../src/kernel/command.ts';
import type { LinkContext } from './link-context.ts';
import { type Claims, ip } from './plan.ts';
import type { Key } from '../src/api/key.ts';
import type { Observed } from '../src/kernel/observed.ts';

/**
 * Siblings are isolated ports, so the host answers neighbour solicitations for each other's IPv6 addresses and routes
 * between them. IPv4 needs no entry per address (`proxy_arp_pvlan`).
 */
export function planProxies({ manifest, bridge, input }: LinkContext): Operation[] {
  const { key, resource } = manifest;
  const device = bridgeInterfaceOf(bridge);
  const wanted =
    bridge.spec.siblings === 'Routed'
      ? resource.spec.addresses
          .filter((address) => address.includes(':'))
          .map((address) => address.slice(0, address.indexOf('/')))
      : [];
  const present = input.observed.host.proxies;
  const additions = wanted
    .map((address) => ({ address, id: `${device} ${address}`, isThere: present.has(`${device} ${address}`) }))
    // Where the inventory was lost they are taken back.
    .filter(({ id, isThere }) => !isThere || !input.claims.find('proxy', id))
    .map(({ address, id, isThere }): Operation => ({
      key,
      stage: 'activate',
      verb: 'create',
      object: `neighbour proxy ${address} on ${device}`,
      commands: isThere ? [] : [ip('host', 'neighbour', 'add', 'proxy', address, 'dev', device)],
      claim: { owner: key, object: 'proxy', id },
    }));
  const kept = new Set(wanted.map((address) => `${device} ${address}`));
  return [...proxyRemovals(key, kept, input.observed, input.claims), ...additions];
}

/** Removes the proxies of a link that are not to be kept. */
export function proxyRemovals(
  key: Key,
  kept: ReadonlySet<string>,
  observed: Observed,
  claims: Claims,
): Operation[] {
  return claims
    .of(key)
    .filter(({ object, id }) => object === 'proxy' && !kept.has(id) && observed.host.proxies.has(id))
    .map((claim): Operation => {
      const [device = '', address = ''] = claim.id.split(' ');
      return {
        key,
        stage: 'remove-routes',
        verb: 'delete',
        object: `neighbour proxy ${address} on ${device}`,
        commands: [ip('host', 'neighbour', 'delete', 'proxy', address, 'dev', device)],
        release: claim,
      };
    });
}
