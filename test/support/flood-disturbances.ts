import { SETS, SET_NAMES, type SetName } from '../../src/netfilter/sets.ts';
import type { NetNs } from './netns.ts';

/** What is in these closes something, so without it more passes, until it is healed; of all others less. */
export const CLOSING: readonly SetName[] = [
  'bridges',
  'networks4',
  'networks6',
  'guarded_ports',
  'link_ports',
];
const OTHERS = SET_NAMES.filter(
  (name) => ![...CLOSING, 'bridge_macs', 'strangers', 'guarded4', 'guarded6'].includes(name),
);

/** Somebody empties a set of lxcnet's, or deletes an element of it. @returns what was done. */
export function disturb(host: NetNs, below: (limit: number) => number): string {
  let name: SetName;
  let elements: readonly string[];
  do {
    name = OTHERS[below(OTHERS.length)]!;
    elements = elementsOf(host, name);
  } while (elements.length === 0);
  if (below(2) === 0) return flush(host, name);
  return run(
    host,
    `delete element ${SETS[name].table} lxcnet ${name} { ${elements[below(elements.length)]!} }`,
  );
}

export function flush(host: NetNs, name: SetName): string {
  return run(host, `flush ${kindOf(name)} ${SETS[name].table} lxcnet ${name}`);
}

/** How long it takes until a set that is always filled is filled again, as `nft` shows it. Milliseconds. */
export function untilFilled(host: NetNs, name: SetName, within: number): number {
  const start = performance.now();
  while (elementsOf(host, name).length === 0)
    if (performance.now() - start > within) throw new Error(`${name} is still empty after ${within} ms`);
  return performance.now() - start;
}

/** As nft lists them without counters; those with parts that it does not take back are left out. */
function elementsOf(host: NetNs, name: SetName): string[] {
  const { stdout } = host.run(['nft', '-n', 'list', kindOf(name), SETS[name].table, 'lxcnet', name]);
  const text = /elements = \{([^}]*)\}/.exec(stdout)?.[1] ?? '';
  return text
    .split(',')
    .map((element) => element.replace(/counter packets \d+ bytes \d+|limit .*?packets/, '').trim())
    .filter((element) => element !== '' && !element.includes('@'));
}

function kindOf(name: SetName): 'map' | 'set' {
  return SETS[name].value ? 'map' : 'set';
}

/** The daemon may have changed it meanwhile, so a refusal is none. */
function run(host: NetNs, command: string): string {
  const { status } = host.run(['nft', command]);
  return status === 0 ? command : `${command} (refused)`;
}
