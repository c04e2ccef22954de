import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChains, parseForeignRule, readChain } from '../../src/kernel/foreign-text.ts';
import { parseListeners } from '../../src/kernel/listeners.ts';

const match = (field: string, ...values: string[]) => ({ type: 'match', field, negated: false, values });
const not = (field: string, ...values: string[]) => ({ ...match(field, ...values), negated: true });
const verdict = (type: string, target?: string) => ({
  type: 'verdict',
  verdict: target === undefined ? { type } : { type, target },
});
const UNKNOWN = { type: 'unknown' };

describe('a rule', () => {
  it.each([
    [
      'iifname "docker0" oifname != "docker0" counter packets 1 bytes 2 accept',
      [match('iifname', 'docker0'), not('oifname', 'docker0'), verdict('accept')],
    ],
    [
      'ip saddr { 10.0.0.0/8, 1.2.3.4 } tcp dport { 80, 90-100 } accept',
      [
        match('saddr4', '10.0.0.0/8', '1.2.3.4'),
        match('protocol', 'tcp'),
        match('dport', '80', '90-100'),
        verdict('accept'),
      ],
    ],
    [
      'ct state related,established counter packets 0 bytes 0 accept',
      [match('state', 'related', 'established'), verdict('accept')],
    ],
    [
      'ct state { established, related } accept',
      [match('state', 'established', 'related'), verdict('accept')],
    ],
    ['ct status dnat accept', [match('status', 'dnat'), verdict('accept')]],
    ['reject with icmpx admin-prohibited', [verdict('drop')]],
    ['reject with tcp reset', [match('protocol', 'tcp'), verdict('drop')]],
    ['xt target "REJECT"', [verdict('drop')]],
    ['counter packets 0 bytes 0 jump ufw-user-forward', [verdict('jump', 'ufw-user-forward')]],
    ['meta mark & 0x000000ff == 0x00000001 accept', [UNKNOWN, verdict('accept')]],
    ['xt match "conntrack" accept', [UNKNOWN, verdict('accept')]],
    ['ip daddr @banned drop', [UNKNOWN, verdict('drop')]],
    ['ip saddr . ip daddr @pairs drop', [UNKNOWN, UNKNOWN, verdict('drop')]],
    ['fib daddr type local accept', [UNKNOWN, verdict('accept')]],
    ['limit rate 3/minute burst 10 packets log prefix "[UFW BLOCK] " level warn flags all', [UNKNOWN]],
    ['meta mark set 0x1 accept', [verdict('accept')]],
    ['icmp type echo-request accept', [match('protocol', 'icmp'), UNKNOWN, verdict('accept')]],
    [
      'iifname vmap { "a" : jump X, "b" : drop }',
      [
        {
          type: 'map',
          field: 'iifname',
          verdicts: [
            ['a', { type: 'jump', target: 'X' }],
            ['b', { type: 'drop' }],
          ],
        },
      ],
    ],
    [
      'ct state vmap { invalid : drop, established : accept }',
      [
        {
          type: 'map',
          field: 'state',
          verdicts: [
            ['invalid', { type: 'drop' }],
            ['established', { type: 'accept' }],
          ],
        },
      ],
    ],
    ['log prefix "a drop b" comment "accept" return', [verdict('return')]],
  ])('%s', (line, expected) => {
    expect(parseForeignRule(line)).toEqual(expected);
  });

  it('is read to its end, whatever it says', () => {
    fc.assert(fc.property(fc.string(), (line) => parseForeignRule(line).length <= line.length));
  });
});

it('chains are read with their hook and policy, those of other families are left out', () => {
  const text = `# Warning: table ip filter is managed by iptables-nft, do not touch!
table ip filter {
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
		iifname "x" accept
	}
	chain USER {
	}
}
table bridge b {
	chain f {
		type filter hook forward priority 0; policy drop;
	}
}
table inet firewalld {
	chain filter_FORWARD {
		type filter hook forward priority filter + 10; policy accept;
	}
}`;
  expect(findChains(text).map(readChain)).toEqual([
    {
      family: 'ip',
      table: 'filter',
      name: 'FORWARD',
      hook: 'forward',
      policy: 'drop',
      rules: [[match('iifname', 'x'), verdict('accept')]],
    },
    { family: 'ip', table: 'filter', name: 'USER', rules: [] },
    {
      family: 'inet',
      table: 'firewalld',
      name: 'filter_FORWARD',
      hook: 'forward',
      policy: 'accept',
      rules: [],
    },
  ]);
});

it('reads the sockets that wait for clients, with the program where it is known', () => {
  const text = `udp   UNCONN 0      0      127.0.0.53%lo:53        0.0.0.0:*    users:(("systemd-resolve",pid=1,fd=2))
tcp   LISTEN 0      128             [::]:22           [::]:*
tcp   LISTEN 0      511                *:80              *:*    users:(("nginx",pid=1,fd=6),("nginx",pid=2,fd=6))
nonsense`;
  expect(parseListeners(text)).toEqual([
    { protocol: 'UDP', address: '127.0.0.53', port: 53, program: 'systemd-resolve' },
    { protocol: 'TCP', address: '::', port: 22 },
    { protocol: 'TCP', address: '*', port: 80, program: 'nginx' },
  ]);
});

it('many rules are read in a time that grows with them and no faster', () => {
  const listing = (rules: number): string =>
    `table ip filter {\n\tset crowd {\n\t\ttype ipv4_addr\n\t}\n\n\tchain c {\n\t\ttype filter hook forward priority 0; policy accept;\n${'\t\tip saddr 10.0.0.1 drop\n'.repeat(rules)}\t}\n}\n`;
  const start = performance.now();
  const [chain, ...others] = findChains(listing(200_000));
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(others).toEqual([]);
  expect(chain).toMatchObject({ name: 'c', hook: 'forward', lines: { length: 200_000 } });
});
