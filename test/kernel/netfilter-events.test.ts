import { expect, it } from 'vitest';
import { NETFILTER_LISTENER, netfilterEvents } from '../../src/kernel/nft-monitor.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';
import { Lab } from '../support/lab.ts';

/** Follows what changes in the tables of a host. @returns carries a transaction out and gives the events of it. */
async function follow(lab: Lab): Promise<(transaction: string, json?: boolean) => Promise<unknown[]>> {
  const program = lab.follow(NETFILTER_LISTENER);
  let text = '';
  program.stdout!.setEncoding('utf8').on('data', (data: string) => (text += data));
  let marks = 0;
  const marked = async (): Promise<void> => {
    const name = `mark${++marks}`;
    await lab.eventually('the listener tells of a mark', () => {
      lab.host.run(['nft', `add table arp ${name}; delete table arp ${name}`]);
      return new RegExp(`^table arp ${name}\ngeneration .*\n`, 'm').test(text);
    });
  };
  await marked();
  return async (transaction, json = false) => {
    text = '';
    // With -j it takes no standard input from Node, which is a socket.
    if (json) lab.host.exec('nft', '-j', transaction);
    else expect(lab.host.run(['nft', '-f', '-'], transaction)).toMatchObject({ status: 0, stderr: '' });
    await marked();
    expect(program.exitCode).toBeNull();
    return text.split('\n').flatMap(netfilterEvents());
  };
}

const OURS = { part: 'netfilter', process: expect.any(Number) as number, name: 'nft' };

it('each element that enters or leaves a set is told, of concatenated ranges too', async () => {
  await using lab = new Lab();
  const change = await follow(lab);
  const { families, replacement } = layoutFor();
  expect(families).toContain('inet');
  expect(await change(replacement)).toEqual([OURS]);
  const elements = {
    network4: '0x10002 . 10.0.0.0/8',
    network_port4: '0x10002 . 10.0.0.0/8 . tcp . 90-99',
    network_port6: '0x10002 . fd00::/64 . udp . 95',
    networks4: '10.1.0.0/16',
    bridges: '"br0"',
  };
  for (const [set, element] of Object.entries(elements)) {
    for (const verb of ['add', 'delete'])
      expect(await change(`${verb} element inet lxcnet ${set} { ${element} }\n`), verb).toEqual([
        { ...OURS, sets: [set] },
      ]);
  }
  const both = ['network4', 'bridges'] as const;
  const lines = both.map((set) => `add element inet lxcnet ${set} { ${elements[set]} }\n`);
  expect(await change(lines.join(''))).toEqual([{ ...OURS, sets: both }]);
  expect(await change('flush set inet lxcnet network4\n')).toEqual([{ ...OURS, sets: ['network4'] }]);
  expect(await change('add rule inet lxcnet forward accept\n')).toEqual([OURS]);
  expect(await change('flush ruleset\n')).toEqual([OURS]);
});

it('of the tables of others only chains and rules are told, and no name of theirs is taken for anything else', async () => {
  await using lab = new Lab();
  const change = await follow(lab);
  expect(await change('add table ip x { set s { type ipv4_addr; elements = { 10.0.0.1 } }; }\n')).toEqual([
    { part: 'foreign' },
  ]);
  expect(await change('add element ip x s { 10.0.0.2 }\n')).toEqual([]);
  expect(await change('add chain ip x c { type filter hook input priority 0; }\n')).toEqual([
    { part: 'foreign' },
  ]);
  for (const name of ['x\nrule inet lxcnet\nlost', 'lxcnet ', 'lxcnet\u0001', 'généré', 'x'.repeat(255)]) {
    const table = { family: 'inet', name };
    expect(await change(JSON.stringify({ nftables: [{ add: { table } }] }), true), name).toEqual([
      { part: 'foreign' },
    ]);
    expect(await change(JSON.stringify({ nftables: [{ delete: { table } }] }), true)).toHaveLength(1);
  }
});
