import { type Lab, OUTSIDE_ADDRESS, makeLab, received, swallowUdp } from './lab.ts';
import { type Scenario, inTurn } from './support.ts';
import { traffic } from './traffic.ts';
import { HOST_ADDRESS, type Size, addressOf, firstTransaction, netfilterOf, worldOf } from './world.ts';

/*
 * What one packet costs in lxcnet's own tables: with 5000 Links and 10000 policies, against the same with 10 Links.
 * Every arm has namespaces of its own, and they take turns. The sender runs everything that its packets cause.
 */

const PACKETS = 20_000;
const ROUNDS = 11;
const SMALL: Size = { links: 10, policies: 20, forwards: 10 };
const LARGE: Size = { links: 5000, policies: 10_000, forwards: 5000 };

/** Conntrack alone, which every stateful firewall has. */
const ONLY_CONNTRACK = `add table inet floor
add chain inet floor filter { type filter hook forward priority 0; }
add rule inet floor filter ct state invalid drop
add chain inet floor nat { type nat hook prerouting priority -100; }
`;

const ARMS = {
  empty: '',
  conntrack: ONLY_CONNTRACK,
  small: SMALL,
  again: SMALL,
  large: LARGE,
  blocks: { ...LARGE, oneBlockIn: 1 },
} as const;
type Arm = keyof typeof ARMS;

const PATHS = {
  'container to outside, new flows': ['out', PACKETS],
  'container to outside, one flow': ['out', 1],
  'outside to forward, new flows': ['in', PACKETS],
  'outside to forward, one flow': ['in', 1],
} as const;

function send(lab: Lab, direction: 'out' | 'in', flows: number): number {
  const [from, to] = direction === 'out' ? [lab.container, lab.outside] : [lab.outside, lab.container];
  const address = direction === 'out' ? addressOf(0) : OUTSIDE_ADDRESS;
  const target = direction === 'out' ? [OUTSIDE_ADDRESS, 5000] : [HOST_ADDRESS, 10_000];
  traffic(lab.host, 'flush');
  const before = received(to);
  const took = traffic(from, 'udp', address, ...target, PACKETS, flows);
  const lost = 1 - (received(to) - before) / PACKETS;
  if (lost > 0.01) throw new Error(`${Math.round(lost * 100)} % of the packets were lost`);
  return took;
}

async function prepare(arm: Arm): Promise<Lab> {
  const lab = makeLab(arm, 0);
  const rules = ARMS[arm];
  await lab.host.nft(
    typeof rules === 'string' ? rules : firstTransaction(netfilterOf(worldOf(rules)).elements),
  );
  swallowUdp(lab.outside);
  swallowUdp(lab.container);
  return lab;
}

export const packetPath: Scenario = async (report) => {
  const labs = new Map<Arm, Lab>();
  for (const arm of Object.keys(ARMS) as Arm[]) labs.set(arm, await prepare(arm));
  for (const [path, [direction, flows]] of Object.entries(PATHS)) {
    const arms = Object.keys(ARMS) as Arm[];
    // Without a table there is no forward to send to.
    const sending = direction === 'in' ? arms.filter((arm) => arm !== 'empty' && arm !== 'conntrack') : arms;
    const took = await inTurn(
      ROUNDS,
      Object.fromEntries(sending.map((arm) => [arm, () => send(labs.get(arm)!, direction, flows)])),
    );
    for (const arm of sending) report(`${path}: ${arm}`, took[arm]!, 'ns');
    if (took.conntrack !== undefined) {
      report(`${path}: lxcnet's share, small`, took.small! - took.conntrack, 'ns');
      report(`${path}: lxcnet's share, large`, took.large! - took.conntrack, 'ns');
    }
    report(`${path}: large against small`, took.large! / took.small!, '×', 1.15);
    report(`${path}: only ipBlocks against small`, took.blocks! / took.small!, '×', 1.15);
    report(`${path}: small against itself`, took.again! / took.small!, '×');
  }
  for (const lab of labs.values()) lab.remove();
};
