import { NETFILTER_LISTENER } from '../../src/kernel/nft-monitor.ts';
import type { Lab } from './lab.ts';
import type { NetNs } from './netns.ts';

const IP = ['ip', '-o', 'monitor', 'link', 'address', 'route', 'netconf', 'all-nsid'];
/** A table and a route: what shows that a monitor has come this far, and stands for nothing else. */
interface Mark {
  readonly table: string;
  readonly route: string;
}
const BEGIN: Mark = { table: 'test_begin', route: '203.0.113.1' };
const END: Mark = { table: 'test_end', route: '203.0.113.2' };
const MARKS =
  /^.*(?:table ip test_(?:begin|end)|blackhole 203\.0\.113\.[12]).*\n(?:(?:# new )?generation .*\n)?/gm;

interface Device {
  readonly addr_info: readonly {
    readonly family: string;
    readonly scope: string;
    readonly tentative?: boolean;
  }[];
}

/** Whether no interface awaits the address that the kernel gives it by itself, a second or two after it has come up. */
function hasSettled(netns: NetNs): boolean {
  const devices = netns.json('ip', '-j', '-6', 'address', 'show', 'up') as readonly Device[];
  return devices.every(
    ({ addr_info }) =>
      addr_info.every(({ tentative }) => tentative !== true) &&
      (addr_info.some(({ scope }) => scope === 'link') || !addr_info.some(({ scope }) => scope === 'global')),
  );
}

/** How the kernel says that a bridge's port is as it is: without a queueing discipline. */
const PORT = /^\[nsid current\]\d+: (?<port>[^@:]+)@?\S*: <\S*> mtu \d+ master \S+ state UP /;

/**
 * Leaves out what the kernel says of each port by itself, once: the timer of its forwarding delay runs, and tells, 15
 * seconds after it has come up, although the port forwards at once.
 */
function withoutDelays(lines: readonly string[]): string[] {
  const told = new Set<string>();
  return lines.filter((line) => {
    const port = PORT.exec(line)?.groups?.port;
    if (port === undefined || told.has(port)) return true;
    told.add(port);
    return false;
  });
}

/**
 * Follows what changes in the kernel: interfaces, addresses and routes of the host and of its containers, and netfilter.
 *
 * @param netfilter What follows netfilter.
 * @returns stops that; gives what was changed meanwhile, a line each.
 */
export async function followChanges(
  lab: Lab,
  netfilter: readonly string[] = NETFILTER_LISTENER,
): Promise<() => Promise<string[]>> {
  await lab.eventually('addresses are settled', () => lab.namespaces().every(hasSettled));
  const texts = ['', ''];
  const monitors = [netfilter, IP].map((argv) => lab.follow(argv));
  for (const [index, { stdout }] of monitors.entries())
    stdout!.on('data', (data: Buffer) => (texts[index] = `${texts[index]}${data.toString()}`));
  const isSeen = ({ table, route }: Mark, text: string): boolean =>
    text.includes(` ${table}\n`) || text.includes(`blackhole ${route} `);
  const mark = (name: Mark): Promise<unknown> =>
    lab.eventually('both monitors tell of a mark', () => {
      const { table, route } = name;
      lab.host.run(['nft', `add table ip ${table}; delete table ip ${table}`]);
      lab.host.exec('sh', '-c', `ip route replace blackhole ${route}; ip route delete blackhole ${route}`);
      return texts.every((text) => isSeen(name, text));
    });
  await mark(BEGIN);
  return async () => {
    await mark(END);
    for (const monitor of monitors) monitor.kill('SIGKILL');
    return withoutDelays(texts.flatMap((text) => text.replace(MARKS, '').split('\n').filter(Boolean)));
  };
}
