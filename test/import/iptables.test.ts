import { describe, expect, it } from 'vitest';
import { NETWORK, look, lxc } from './imported.ts';
import { rules } from './rules.ts';

const PORT_80 = [{ protocol: 'TCP', port: 80 }];
const TO_VM1 = '-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.10.20.10';

describe('a DNAT rule', () => {
  it.each([
    [TO_VM1, { ports: PORT_80 }],
    [`${TO_VM1}:80`, { ports: PORT_80 }],
    [
      '-t nat -I PREROUTING --protocol 6 --destination-port http --jump DNAT --to 10.10.20.10:8080',
      { ports: [{ port: 80, targetPort: 8080 }] },
    ],
    [
      '-t nat -A PREROUTING -i eth0 -d 192.168.254.19/32 -s 10.9.0.0/16 -p udp -m udp --dport 53 -j DNAT --to-destination 10.10.20.10',
      {
        interfaces: ['eth0'],
        addresses: ['192.168.254.19'],
        sources: ['10.9.0.0/16'],
        ports: [{ protocol: 'UDP', port: 53 }],
      },
    ],
    [
      '-t nat -A PREROUTING -p tcp -m multiport --dports 80,443,8000:8010 -j DNAT --to-destination 10.10.20.10',
      { ports: [{ port: 80 }, { port: 443 }, { port: 8000, endPort: 8010 }] },
    ],
    [
      '-t nat -A PREROUTING -p tcp --dport 8000:8010 -j DNAT --to-destination 10.10.20.10:9000-9010',
      { ports: [{ port: 8000, endPort: 8010, targetPort: 9000 }] },
    ],
    [
      '-t nat -A PREROUTING ! -i br0 -p tcp --dport 80 -m addrtype --dst-type LOCAL -j DNAT --to-destination 10.10.20.10',
      { ports: PORT_80 },
    ],
  ])('%s becomes a PortForward', (line, spec) => {
    const { specs, reasons } = rules(line);
    expect(specs['PortForward/vm1']).toMatchObject({ ...spec, link: { name: 'vm1' } });
    expect(reasons).toEqual([]);
    for (const field of ['interfaces', 'addresses', 'sources'])
      if (!(field in spec)) expect(specs['PortForward/vm1']).not.toHaveProperty(field);
  });

  it('joins those of a container, and keeps those apart that listen elsewhere', () => {
    const { specs } = rules(
      TO_VM1,
      TO_VM1.replace('80', '443'),
      TO_VM1.replace('PREROUTING', 'PREROUTING -i eth1').replace('80', '22'),
    );
    expect(specs['PortForward/vm1']).toMatchObject({ ports: [{ port: 80 }, { port: 443 }] });
    expect(specs['PortForward/vm1-2']).toMatchObject({ interfaces: ['eth1'], ports: [{ port: 22 }] });
  });

  it('does not open IPv6 where it was for IPv4, until there is one for IPv6', () => {
    const both = { ...NETWORK, 'vm1.conf': lxc('vm1', 10, 'lxc.net.0.ipv6.address = fd00:20::10/64') };
    const four = 'iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to 10.10.20.10\n';
    const six = 'ip6tables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to [fd00:20::10]:80\n';
    expect(look({ ...both, r: four }).specs['PortForward/vm1']).toMatchObject({ sources: ['0.0.0.0/0'] });
    expect(look({ ...both, r: four + six }).specs['PortForward/vm1']).not.toHaveProperty('sources');
  });

  it.each([
    [
      '-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.10.20.99',
      'no container given here has the address 10.10.20.99',
    ],
    ['-t nat -A PREROUTING -p tcp -j DNAT --to-destination 10.10.20.10', 'needs ports'],
    ['-t nat -A PREROUTING -d 192.168.254.19 -j DNAT --to-destination 10.10.20.10', 'needs a protocol'],
    ['-t nat -A PREROUTING -p tcp --dport 80:90 -j DNAT --to-destination 10.10.20.10:80', 'keeps its offset'],
    ['-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.10.20.10:80-90', 'keeps its offset'],
    [
      '-t nat -A PREROUTING -p tcp --dport 80 -m statistic --mode random -j DNAT --to-destination 10.10.20.10',
      '`-m statistic`',
    ],
    [
      '-t nat -A PREROUTING -p tcp --dport 80 ! -s 10.0.0.0/8 -j DNAT --to-destination 10.10.20.10',
      'sources with `!`',
    ],
    [
      '-t nat -A PREROUTING -p tcp --dport 80 -d 192.168.0.0/16 -j DNAT --to-destination 10.10.20.10',
      'not on a network',
    ],
    ['-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination web.example', 'cannot be read'],
    ['-t nat -A PREROUTING -p tcp --sport 80 -j DNAT --to-destination 10.10.20.10', '`--sport`'],
    ['-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080', '`--to-ports`'],
    ['-t nat -A OUTPUT -p tcp --dport 80 -j DNAT --to-destination 10.10.20.10', 'not needed: with `hairpin`'],
  ])('%s is told: %s', (line, reason) => {
    const { specs, comments } = rules(line);
    expect(Object.keys(specs)).toEqual(['Bridge/br0', 'Link/vm1', 'Link/vm2']);
    expect(comments.map((comment) => comment.reason)).toEqual([expect.stringContaining(reason)]);
  });

  it('for a port that an earlier one forwards elsewhere never counted, and is told', () => {
    const { specs, comments } = rules(TO_VM1, TO_VM1.replace('20.10', '20.11'));
    expect(specs).not.toHaveProperty('PortForward/vm2');
    expect(comments.map(({ reason }) => reason)).toEqual(['another line before it forwards this port']);
  });
});

describe('a rule of POSTROUTING', () => {
  it.each([
    ['-o eth0 -j MASQUERADE', { interfaces: ['eth0'] }],
    ['-s 10.10.20.0/24 -o eth0 -j MASQUERADE', { interfaces: ['eth0'] }],
    ['-s 10.10.20.0/255.255.255.0 ! -d 10.10.20.0/24 -j MASQUERADE', {}],
    ['-s 10.0.0.0/8 ! -o br0 -j MASQUERADE', {}],
    [
      '-s 10.10.20.0/24 -o eth0 -j SNAT --to-source 192.168.254.20',
      { interfaces: ['eth0'], source: '192.168.254.20' },
    ],
  ])('%s masquerades a bridge', (line, masquerade) => {
    const { specs, comments } = rules(`-t nat -A POSTROUTING ${line}`, '-A FORWARD -i br0 -j ACCEPT');
    expect(specs['Bridge/br0']).toMatchObject({ masquerade });
    expect(comments).toEqual([]);
  });

  it('joins another interface, and refuses another source', () => {
    const { specs, comments } = rules(
      '-t nat -A POSTROUTING -o eth0 -j MASQUERADE',
      '-t nat -A POSTROUTING -o eth1 -j MASQUERADE',
      '-t nat -A POSTROUTING -o eth2 -j SNAT --to-source 192.168.254.20',
      '-A FORWARD -i br0 -j ACCEPT',
    );
    expect(specs['Bridge/br0']).toMatchObject({ masquerade: { interfaces: ['eth0', 'eth1'] } });
    expect(comments.map(({ reason }) => reason)).toEqual(['a Bridge has one source address a family']);
  });

  it('opened everything where nothing else was said, and is told not to', () => {
    const { specs, comments } = rules('-t nat -A POSTROUTING -o eth0 -j MASQUERADE');
    expect(specs['Bridge/br0']).toHaveProperty('masquerade');
    expect(comments.map(({ reason }) => reason)).toEqual([
      'carried over, but it opens nothing: containers are closed until a NetworkPolicy lets them out',
    ]);
  });

  it.each([
    ['-s 10.10.20.10 -o eth0 -j MASQUERADE', 'not the network of a bridge'],
    ['-s 10.77.0.0/16 -j MASQUERADE', 'not the network of a bridge'],
    ['-p tcp --dport 25 -o eth0 -j MASQUERADE', 'not single protocols'],
    ['-o eth0 -j SNAT --to-source 192.168.254.20-192.168.254.30', 'one address'],
    ['-o eth0 -d 10.0.0.0/8 -j MASQUERADE', 'whatever its destination is'],
  ])('%s is told: %s', (line, reason) => {
    const { specs, comments } = rules(`-t nat -A POSTROUTING ${line}`);
    expect(specs['Bridge/br0']).not.toHaveProperty('masquerade');
    expect(comments.map((comment) => comment.reason)).toEqual([expect.stringContaining(reason)]);
  });
});

describe('commands that are no rules', () => {
  it('are told, and what they take back does not count', () => {
    const { specs, reasons } = look({
      ...NETWORK,
      r: [
        `iptables ${TO_VM1}`,
        'iptables -t nat -F',
        'iptables -A FORWARD -s 10.10.20.10 -j ACCEPT',
        'iptables -D FORWARD -s 10.10.20.10 -j ACCEPT',
        'iptables -C FORWARD -s 10.10.20.11 -j ACCEPT || iptables -A FORWARD -s 10.10.20.11 -j ACCEPT',
        'iptables -I FORWARD 3 -s 10.10.20.10 -j ACCEPT',
        'iptables -P FORWARD DROP',
        'iptables -A INPUT -i br0 -p udp --dport 53 -j ACCEPT',
        'iptables -L',
      ].join('\n'),
    });
    expect(Object.keys(specs)).toEqual(['Bridge/br0', 'Link/vm1', 'Link/vm2', 'NetworkPolicy/vm2-egress']);
    expect(reasons.map((reason) => reason.slice(0, 40))).toEqual([
      'r:1: flushed in line 2 of r',
      'r:2: not needed: lxcnet has tables of it',
      'r:3: removed again in line 4 of r',
      'r:4: not needed: nothing is there that w',
      'r:6: rule number 3 is not known here: it',
      'r:7: not needed: containers are closed b',
      'r:8: about the host itself, which lxcnet',
    ]);
  });
});
