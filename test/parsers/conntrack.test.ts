import { expect, it } from 'vitest';
import { parseFlows } from '../../src/kernel/conntrack.ts';

const REPLIED =
  'udp      17 29 src=192.168.254.2 dst=192.168.254.19 sport=40000 dport=53 src=10.10.20.10 dst=192.168.254.2 sport=5353 dport=40000 [ASSURED] mark=0 use=1';
const UNREPLIED =
  'udp      17 12 src=fd00::2 dst=fd00::1 sport=40000 dport=53 [UNREPLIED] src=fd00:20::10 dst=fd00::2 sport=53 dport=40000 mark=0 use=1';

it('reads both directions of a flow, replied or not', () => {
  expect(parseFlows(`${REPLIED}\n${UNREPLIED}\n`)).toEqual([
    { destination: '192.168.254.19', port: 53, replySource: '10.10.20.10', replyPort: 5353 },
    { destination: 'fd00::1', port: 53, replySource: 'fd00:20::10', replyPort: 53 },
  ]);
});

it.each([
  '',
  'tcp 6 1 ESTABLISHED src=1.1.1.1',
  'udp 17 src=x dst=y sport=1 dport=2',
  REPLIED.replaceAll('10.10', '10.1000'),
])('leaves out what it cannot read: %j', (line) => {
  expect(parseFlows(line)).toEqual([]);
});
