import type { Key } from '../src/api/key.ts';
import type { Command, Operation } from '../src/kernel/command.ts';
import type { NamespaceView, Observed } from '../src/kernel/observed.ts';
import type { Claims } from './plan.ts';

/** A sysctl that has to have a value; the kernel may lack it where it is optional. */
export interface SysctlSetting {
  readonly path: string;
  readonly value: string;
}

/** The operation that sets a sysctl; none where it has the value, or where the kernel has no such sysctl. */
export function planSysctl(
  key: Key,
  { path, value }: SysctlSetting,
  observed: Observed,
  claims: Claims,
): Operation[] {
  const current = observed.sysctls.get(path);
  if (current === undefined || current === value) return [];
  const before = claims.find('sysctl', path)?.before ?? current;
  return [
    {
      key,
      stage: 'sysctl',
      verb: 'update',
      object: `sysctl ${path}`,
      field: 'value',
      from: current,
      to: value,
      commands: keepingLearntRoutes({ tool: 'sysctl', path, value }, path, observed),
      claim: { owner: key, object: 'sysctl', id: path, before },
    },
  ];
}

/** Not that of all interfaces: where that is needed, accept_ra becomes 2 for good. */
const SWITCHES_FORWARDING = /^net\/ipv6\/conf\/(?!all\/)[^/]+\/forwarding$/;

/** Where an interface says whether it listens to router advertisements. */
export function acceptRaPath(name: string): string {
  return `net/ipv6/conf/${name}/accept_ra`;
}

/** The interfaces through which the host has learnt a default route by router advertisement. */
export function advertisedInterfaces({ routes }: NamespaceView): string[] {
  const learnt = routes.filter(({ protocol, to }) => protocol === 'ra' && to === '::/0');
  return [
    ...new Set(
      learnt.flatMap((route) => [route.interface, ...(route.nextHops ?? []).map((hop) => hop.interface)]),
    ),
  ].filter((name) => name !== undefined);
}

/**
 * When IPv6 forwarding is switched on for any interface, the kernel forgets the default routes that were learnt through
 * all interfaces whose accept_ra is not 2. So it is 2 for the moment of the write.
 */
function keepingLearntRoutes(write: Command, path: string, observed: Observed): Command[] {
  if (!SWITCHES_FORWARDING.test(path)) return [write];
  const paths = advertisedInterfaces(observed.host)
    .map(acceptRaPath)
    .filter((accept) => observed.sysctls.get(accept) === '1');
  const set = (value: string): Command[] => paths.map((accept) => ({ tool: 'sysctl', path: accept, value }));
  return [...set('2'), write, ...set('1')];
}

/**
 * Gives back the values that sysctls had before, where no setting asks for ours any more. Where `isOverruled`, somebody
 * else has decided meanwhile, and the claim is only let go.
 */
export function planSysctlRestores(
  wanted: ReadonlySet<string>,
  observed: Observed,
  claims: Claims,
  isOverruled: (path: string, observed: Observed) => boolean,
): Operation[] {
  return claims
    .all()
    .filter(({ object, id }) => object === 'sysctl' && !wanted.has(id))
    .map((claim): Operation => {
      const { owner, id, before = '0' } = claim;
      const current = observed.sysctls.get(id);
      const untouched = current === undefined || current === before || isOverruled(id, observed);
      return {
        key: owner,
        stage: 'restore',
        verb: 'update',
        object: `sysctl ${id}`,
        field: 'value',
        from: current ?? '',
        to: before,
        commands: untouched ? [] : [{ tool: 'sysctl', path: id, value: before }],
        release: claim,
      };
    });
}
