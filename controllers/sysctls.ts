import type { Key } from '../src/api/key.ts';
import type { Operation } from '../src/kernel/command.ts';
import type { Observed } from '../src/kernel/observed.ts';
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
      commands: [{ tool: 'sysctl', path, value }],
      claim: { owner: key, object: 'sysctl', id: path, before },
    },
  ];
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
