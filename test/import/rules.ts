import { expect } from 'vitest';
import { NETWORK, look } from './imported.ts';

/** Rules beside br0, vm1 and vm2, each of which may be in a script or in a listing. */
export function rules(...lines: readonly string[]): ReturnType<typeof look> {
  const script = look({ ...NETWORK, rules: lines.map((line) => `iptables ${line}`).join('\n') });
  const listing = look({
    ...NETWORK,
    rules: lines
      .map((line) => `*${/-t (\w+)/.exec(line)?.[1] ?? 'filter'}\n${line.replace(/-t \w+ /, '')}\nCOMMIT`)
      .join('\n'),
  });
  expect(listing.specs).toEqual(script.specs);
  expect(listing.comments.map(({ reason }) => reason.replaceAll(/line \d+/g, ''))).toEqual(
    script.comments.map(({ reason }) => reason.replaceAll(/line \d+/g, '')),
  );
  return script;
}
