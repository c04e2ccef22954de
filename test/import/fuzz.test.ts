import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importFiles } from '../../src/import/import.ts';
import { parseManifests } from '../../src/source/parse.ts';
import { NETWORK, look } from './imported.ts';

/** What lines are made of; `NUMBER` becomes a number that no other line has. */
const LINES = [
  'iptables -t nat -A PREROUTING -p tcp --dport NUMBER -j DNAT --to-destination 10.10.20.10',
  'iptables -t nat -A PREROUTING -p tcp --dport NUMBER -j DNAT --to-destination 10.10.20.99',
  'iptables -t nat -A PREROUTING -i eth0 -p udp --dport NUMBER -j DNAT --to 10.10.20.11:80',
  'iptables -A FORWARD -d 10.10.20.10 -p tcp --dport NUMBER -j ACCEPT',
  'iptables -A FORWARD -s 10.10.20.11 -p tcp --dport NUMBER -j ACCEPT',
  'iptables -A FORWARD -i br0 -p tcp --dport NUMBER -j DROP',
  'iptables -I FORWARD -i br0 -p udp --dport NUMBER -j ACCEPT',
  'iptables -A INPUT -p tcp --dport NUMBER -j ACCEPT',
  'iptables -D FORWARD -p tcp --dport NUMBER -j ACCEPT',
  'iptables -t nat -A POSTROUTING -o ethNUMBER -j MASQUERADE',
  'iptables -N chainNUMBER',
  'iptables -F chainNUMBER',
  'iptables --frobnicate NUMBER',
  'brctl addbr brNUMBER',
  'brctl addif br0 ethNUMBER',
  'ip link set br0 mtu NUMBER',
  'ip link set ethNUMBER master br0',
  'ip route add 10.9.0.0/16 via 10.10.20.10 metric NUMBER',
  'ip route add default via 10.10.20.10 metric NUMBER',
  'ifconfig ethNUMBER up',
  'sysctl -w net.ipv4.conf.ethNUMBER.rp_filter=1',
  'echo NUMBER > /proc/sys/net/ipv4/tcp_fin_timeout',
  'tc qdisc add dev ethNUMBER root fq',
  '/usr/local/bin/setup NUMBER',
  'eval "brctl addbr brNUMBER"',
  'for i in NUMBER; do brctl addbr br$i; done',
  'if brctl show brNUMBER; then brctl addbr brNUMBER; fi',
  'BR=br0; brctl addif $BR ethNUMBER',
  'brctl addif br0 ethNUMBER || brctl addif br0 ethNUMBER',
  'iptables -A FORWARD -d 10.10.20.10 -p tcp \\\n  --dport NUMBER -j ACCEPT',
  'iptables-restore <<EOF\n-A FORWARD -p tcp --dport NUMBER -j ACCEPT\nEOF',
  'brctl addbr "brNUMBER',
  'echo "$(brctl addbr brNUMBER)"',
  'true && { brctl addbr brNUMBER; }',
  'exit 0; brctl addbr brNUMBER',
  'fi; brctl addbr brNUMBER',
  ') brctl addbr brNUMBER (',
];
/** Pieces that a shell, iptables, LXC or YAML give a meaning. */
const PIECES = [
  ...[
    'iptables ',
    '-A FORWARD ',
    '-t nat ',
    '-A PREROUTING ',
    '-j DNAT ',
    '--to ',
    '10.10.20.10',
    '! ',
    '-s ',
    '-p tcp ',
  ],
  ...[
    'lxc.net.0.',
    'lxc.network.',
    'type = veth',
    'link = br0',
    'ipv4.address = ',
    'hwaddr = xx:',
    'lxc.net =',
    '=',
  ],
  ...[
    'table inet f {\n',
    'chain c {\n',
    'type filter hook forward priority 0;',
    '}',
    '{',
    'accept',
    'dnat to ',
    '"',
    ';',
  ],
  ...[
    "'",
    '`',
    '$(',
    '${',
    '$A',
    'A=',
    '\\',
    '\\\n',
    '|',
    '||',
    '&&',
    '<<EOF',
    'EOF\n',
    '>',
    '(',
    ')',
    'case x in',
    'esac',
    'done',
  ],
  ...[
    '\n',
    '\n',
    '\t',
    '#',
    '---\n',
    '\u0000',
    '\u0085',
    '\u2028',
    '\u202e',
    '\ufeff',
    '\ufffe',
    '💥',
    '*nat\n',
    '::/0',
    '/33',
    '-1',
    '__proto__',
  ],
];

describe('import, whatever it is given', () => {
  it('survives random bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2_000 }),
        (bytes) => void look({ ...NETWORK, x: Buffer.from(bytes).toString('latin1') }),
      ),
      { numRuns: 200 },
    );
  });

  it('survives random text, and names of files', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.string({ unit: 'binary', maxLength: 300 }),
        (name, text) => {
          const { yaml } = look({ [`x${name}`]: `brctl addbr br7\nbrctl ${text}` });
          expect(yaml).not.toMatch(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Cs}\u202e]/u);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('survives pieces of what it reads, in any order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }),
        fc.constantFrom('', 'iptables -L\n', 'lxc.net.0.type = veth\n', '*nat\n', 'table inet t {\n'),
        (pieces, before) => void look({ ...NETWORK, x: before + pieces.join('') }),
      ),
      { numRuns: 1_000 },
    );
  });

  it('never loses a line of a script: what it says is in the manifests, or in a comment', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...LINES), { minLength: 1, maxLength: 25 }), (lines) => {
        const text = lines.map((line, index) => line.replaceAll('NUMBER', String(1000 + index))).join('\n');
        const { yaml } = look({ ...NETWORK, 'x.sh': `#!/bin/sh\nip link show br0\n${text}\n` });
        for (const index of lines.keys()) expect(yaml, text).toContain(String(1000 + index));
      }),
      { numRuns: 500 },
    );
  });

  it('never loses a line of an LXC configuration', () => {
    const keys = [
      'type',
      'link',
      'mtu',
      'hwaddr',
      'ipv4.address',
      'ipv6.address',
      'ipv4.gateway',
      'veth.pair',
      'flags',
      'name',
      'script.up',
      'vlan.id',
      'x',
    ];
    const line = fc.tuple(
      fc.constantFrom('lxc.net.0', 'lxc.net.1', 'lxc.network', 'lxc.netw', 'lxc.include', 'x'),
      fc.constantFrom(...keys),
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (given) => {
        const text = given.map(([start, key], index) => `${start}.${key} = v${1000 + index}`).join('\n');
        const { yaml } = look({
          c: `lxc.uts.name = vm1\nlxc.net.0.type = veth\nlxc.net.0.link = br0\n${text}\n`,
        });
        for (const index of given.keys()) expect(yaml, text).toContain(`v${1000 + index}`);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['commands in one line', 'brctl show;'.repeat(90_000)],
    ['quotes', `brctl addbr ${"'".repeat(500_000)}x`],
    ['open quotes', 'brctl addbr "x\\"\n'.repeat(40_000)],
    ['brackets', `brctl addbr ${'$('.repeat(200_000)}`],
    ['blocks', 'if true; then brctl addbr x; '.repeat(20_000)],
    ['here-documents', 'iptables-restore <<A\n'.repeat(40_000)],
    [
      'rules',
      Array.from(
        { length: 9_000 },
        (_, i) =>
          `iptables -A FORWARD -s 10.10.20.10 -p tcp --dport ${i + 1} -j ${i % 2 ? 'DROP' : 'ACCEPT'}`,
      ).join('\n'),
    ],
    [
      'forwards',
      Array.from(
        { length: 9_000 },
        (_, i) => `iptables -t nat -A PREROUTING -p tcp --dport ${i + 1} -j DNAT --to 10.10.20.10`,
      ).join('\n'),
    ],
    [
      'bridges',
      Array.from(
        { length: 900 },
        (_, i) => `brctl addbr br${i}; ifconfig br${i} 10.${i >> 8}.${i & 255}.1/24`,
      ).join('\n'),
    ],
    [
      'interfaces',
      Array.from({ length: 900 }, (_, i) => `lxc.net.${i}.type = veth\nlxc.net.${i}.link = br0`).join('\n'),
    ],
    ['braces', `table inet f {\n chain c {\n${'{ '.repeat(200_000)}`],
    [
      'insertions',
      Array.from(
        { length: 9_000 },
        (_, i) => `iptables -I FORWARD -s 10.10.20.10 -p tcp --dport ${i + 1} -j ACCEPT`,
      ).join('\n'),
    ],
  ])('takes bounded time for a file full of %s', (_, text) => {
    const started = performance.now();
    const files = Object.entries({ ...NETWORK, 'x/config': text }).map(([name, one]) => ({
      name,
      text: one,
    }));
    const { errors } = parseManifests('imported.yaml', importFiles(files).yaml);
    // More than a file of manifests may have: the command says so, and prints nothing.
    for (const { message } of errors) expect(message).toMatch(/^Too (long|many)/);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
