import { expect, it } from 'vitest';
import { findChains, readChain } from '../../src/kernel/foreign-text.ts';
import { type SamplePacket, foreignDrop } from '../../src/netfilter/foreign-verdict.ts';

/** The chains of a table `ip filter`, as `NAME { RULE; RULE }`, FORWARD with the policy drop. */
function chains(...texts: readonly string[]) {
  const listing = texts.map((text) => {
    const [name = '', rules = ''] = text.split(/ \{ (.*)/);
    const head = name === 'FORWARD' ? 'type filter hook forward priority filter; policy drop;\n' : '';
    return `chain ${name} {\n${head}${rules.replace(/ ?}$/, '').replaceAll('; ', '\n')}\n}`;
  });
  return findChains(`table ip filter {\n${listing.join('\n')}\n}`).map(readChain);
}

const OUT: SamplePacket = {
  family: 4,
  hook: 'forward',
  iifname: 'br0',
  oifname: 'eth0',
  source: '10.10.20.10',
  protocol: 'tcp',
  port: 443,
  translated: false,
};
const dropped = (packet: Partial<SamplePacket>, ...texts: readonly string[]) => {
  const drop = foreignDrop(chains(...texts), { ...OUT, ...packet });
  return drop && `${drop.chain.name}${drop.byPolicy ? ' by policy' : ''}`;
};

it.each<[string, string | undefined, Partial<SamplePacket>, string[]]>([
  ['nothing accepts it', 'FORWARD by policy', {}, ['FORWARD { iifname "docker0" accept }']],
  ['a rule for its interface does', undefined, {}, ['FORWARD { iifname "br0" accept }']],
  ['a rule with a star does', undefined, {}, ['FORWARD { iifname "br*" accept }']],
  [
    'a chain that is jumped to does',
    undefined,
    {},
    ['FORWARD { jump USER; drop }', 'USER { oifname "eth0" accept }'],
  ],
  ['a chain that returns does not', 'FORWARD', {}, ['FORWARD { jump USER; drop }', 'USER { return }']],
  [
    'what comes after a goto is not seen',
    'FORWARD by policy',
    {},
    ['FORWARD { goto USER; accept }', 'USER { }'],
  ],
  ['replies are accepted only', 'FORWARD by policy', {}, ['FORWARD { ct state established,related accept }']],
  ['its address is accepted', undefined, {}, ['FORWARD { ip saddr 10.10.0.0/16 accept }']],
  [
    'another address is accepted',
    'FORWARD by policy',
    {},
    ['FORWARD { ip saddr 10.11.0.0-10.12.255.255 accept }'],
  ],
  ['its port is accepted', undefined, {}, ['FORWARD { tcp dport { 80, 400-500 } accept }']],
  [
    'what it does not say may be accepted',
    'FORWARD by policy',
    { port: undefined },
    ['FORWARD { tcp dport 80 accept }'],
  ],
  ['translated ones are accepted', undefined, { translated: true }, ['FORWARD { ct status dnat accept }']],
  [
    'translated ones are accepted, but it is none',
    'FORWARD by policy',
    {},
    ['FORWARD { ct status dnat accept }'],
  ],
  [
    'a match that is not understood is about it',
    undefined,
    {},
    ['FORWARD { iifname "br0" xt match "conntrack" accept }'],
  ],
  [
    'a match that is not understood is about anything',
    'FORWARD by policy',
    {},
    ['FORWARD { xt match "conntrack" accept }'],
  ],
  ['a map leads there', undefined, {}, ['FORWARD { iifname vmap { "br0" : jump USER } }', 'USER { accept }']],
  ['chains run in circles', 'FORWARD by policy', {}, ['FORWARD { jump USER }', 'USER { jump USER }']],
  ['it is of the other family', undefined, { family: 6 }, ['FORWARD { drop }']],
  ['it is for the host', undefined, { hook: 'input' }, ['FORWARD { drop }']],
])('is dropped or not where %s', (_, expected, packet, texts) => {
  expect(dropped(packet, ...texts)).toBe(expected);
});
