import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Kind, Flood } from '../support/flood.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import type { NetNs } from '../support/netns.ts';
import { bridge, link } from '../support/manifests.ts';

const ADOPT = { annotations: { 'lxcnet.dev/adopt': 'true' } };
const ADDRESS = { a: '10.10.20.10', b: '10.10.20.11' };

/** What the script of old makes: a bridge with an address, and a veth pair for each container. */
function script(lab: Lab, names: readonly ('a' | 'b')[]): void {
  const lines = [
    'ip link add br0 type bridge',
    'ip address add 10.10.20.1/24 dev br0',
    'ip link set br0 up',
    'sysctl -qw net.ipv4.ip_forward=1',
    ...names.flatMap((name) => {
      const netns = `${lab.prefix}${name}`;
      const inside = `ip -n ${netns}`;
      return [
        `ip link add veth-${name} type veth peer name eth0 netns ${netns}`,
        `ip link set veth-${name} master br0 up`,
        `${inside} address add ${ADDRESS[name]}/24 dev eth0`,
        `${inside} link set eth0 up`,
        `${inside} route add default via 10.10.20.1`,
      ];
    }),
  ];
  lab.host.exec('sh', '-ec', lines.join('\n'));
}

/** What goes past the host until its ports are isolated, and what goes through it. */
const FLOWS = [
  ['past', 'a', 'TCP', ADDRESS.b],
  ['past', 'a', 'UDP', ADDRESS.b],
  ['through', 'client', 'TCP', ADDRESS.a],
  ['through', 'client', 'UDP', ADDRESS.b],
  ['through', 'b', 'UDP', CLIENT],
] as const;
const KINDS = FLOWS.map(([way, from, protocol, address], index): Kind & { way: string } => {
  const title = `${from} > ${address} ${protocol}`;
  return { number: index + 1, title, verdict: 'steady', from, protocol, address, port: 80, way };
});
/** An ARP request without an answer is repeated after a second. Milliseconds. */
const LONGEST = 700;

it.each([
  ['with the MAC addresses that it has', true],
  ['with new MAC addresses', false],
])('what a script has made is taken over while traffic goes on: %s', async (_, named) => {
  await using lab = new Lab();
  const places = { a: lab.container('a'), b: lab.container('b') };
  script(lab, ['a', 'b']);
  const flood = new Flood(new Map([...Object.entries(places), ['client', lab.client]]), KINDS, [80]);
  await flood.ready();
  await flood.tell('start');
  const seen = (): number[] => KINDS.map(({ number }) => flood.counts('seen').get(number)!);
  const grow = async (): Promise<void> => {
    const before = seen();
    await lab.eventually('all flows run', () => seen().every((count, index) => count > before[index]! + 20));
  };
  await grow();
  const mac = (netns: NetNs, name: string): object =>
    named ? { macAddress: /link\/ether (\S+)/.exec(netns.exec('ip', 'link', 'show', 'dev', name))![1] } : {};
  const spec = { addresses: ['10.10.20.1/24'], defaultPolicy: 'Allow', ...mac(lab.host, 'br0') };
  const links = (['a', 'b'] as const).map((name, index) => {
    const own = { addresses: [`${ADDRESS[name]}/24`], ...mac(places[name], 'eth0') };
    return link(name, places[name].name, 10 + index, own, ADOPT);
  });
  lab.write('a.yaml', bridge('br0', spec, ADOPT), ...links);
  await lab.start();
  await lab.ready();
  await grow();
  const states = await flood.tell('quiet');
  await sleep(300);
  const [sent, arrived] = [flood.counts('sent'), flood.counts('seen')];
  const outcome = KINDS.map(({ number, title, way }) => {
    const { longest = Infinity } = states.get(number) ?? {};
    return { title, way, lost: sent.get(number)! - arrived.get(number)!, longest };
  });
  console.log(outcome.map(({ title, lost, longest }) => `${title}: ${lost} lost, at most ${longest} ms`));
  expect(outcome.filter(({ longest }) => longest > LONGEST)).toEqual([]);
  if (named) expect(outcome.filter(({ way, lost }) => way === 'through' && lost !== 0)).toEqual([]);
  expect(lab.host.exec('ip', '-d', 'link', 'show', 'master', 'br0').match(/isolated on/g)).toHaveLength(2);
  expect(lab.host.exec('ip', '-br', 'link', 'show', 'master', 'br0').match(/^veth-[ab]@/gm)).toHaveLength(2);
});
