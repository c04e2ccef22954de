import type { Said } from './facts.ts';
import type { Ledger, SourceLine } from './ledger.ts';

/** The lines about one interface, by the part of their keys after `lxc.net.N.`. */
export interface NicDraft {
  readonly values: ReadonlyMap<string, Said[]>;
}

interface NetworkLine {
  readonly key: string;
  readonly value: string;
  readonly source: SourceLine;
}

/** Keys that may be given more than once. */
const REPEATABLE = /^(ipv[46]\.address|veth\.ipv[46]\.route|veth\.vlan\.tagged\.id)$/;
/** What some keys were called before LXC 2.1. */
const RENAMED: Readonly<Record<string, string>> = { ipv4: 'ipv4.address', ipv6: 'ipv6.address' };

/** Sorts lines by interface, as LXC does: by index, or from one `lxc.network.type` to the next. */
export function readNics(lines: readonly NetworkLine[], ledger: Ledger): readonly NicDraft[] {
  const nics = new Map<string, Map<string, Said[]>>();
  let current: string | undefined;
  let old = 0;
  for (const { key, value, source } of lines) {
    const match = /^lxc\.(net|network)(?:\.(\d{1,6}))?(?:\.([a-z].*))?$/.exec(key);
    const [, spelling, index, given] = match ?? [];
    if (given === undefined && value === '') {
      clear(nics, index === undefined ? undefined : `net ${index}`, source, ledger);
      continue;
    }
    if (given === undefined || (spelling === 'net' && index === undefined)) {
      ledger.comment(source, 'not recognised');
      continue;
    }
    if (spelling === 'network' && index === undefined && given === 'type') current = `old ${old++}`;
    const nic = index === undefined ? current : `net ${index}`;
    if (nic === undefined) {
      ledger.comment(source, 'stands before the first lxc.network.type');
      continue;
    }
    const values = nics.get(nic) ?? new Map<string, Said[]>();
    nics.set(nic, values);
    const name = Object.hasOwn(RENAMED, given) ? RENAMED[given]! : given;
    set(values, name, { value, source }, ledger);
  }
  const order = (name: string): number => (name.startsWith('net ') ? Number(name.slice(4)) : 1e7);
  return [...nics].sort(([one], [other]) => order(one) - order(other)).map(([, values]) => ({ values }));
}

function set(values: Map<string, Said[]>, name: string, said: Said, ledger: Ledger): void {
  const before = values.get(name) ?? [];
  if (said.value === '') {
    for (const { source } of before) ledger.comment(source, `cleared in line ${said.source.line}`);
    ledger.comment(said.source, 'clears what stands before it');
    values.delete(name);
  } else if (REPEATABLE.test(name)) {
    before.push(said);
    values.set(name, before);
  } else {
    for (const { source } of before) ledger.comment(source, `replaced in line ${said.source.line}`);
    values.set(name, [said]);
  }
}

function clear(
  nics: Map<string, Map<string, Said[]>>,
  only: string | undefined,
  source: SourceLine,
  ledger: Ledger,
): void {
  for (const [name, values] of nics) {
    if (only !== undefined && name !== only) continue;
    for (const said of [...values.values()].flat())
      ledger.comment(said.source, `cleared in line ${source.line}`);
    nics.delete(name);
  }
  ledger.comment(source, 'clears what stands before it');
}
