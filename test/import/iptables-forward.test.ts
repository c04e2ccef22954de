import { describe, expect, it } from 'vitest';
import { rules } from './rules.ts';

const EGRESS = { podSelector: { matchLabels: { app: 'vm1' } }, policyTypes: ['Egress'] };
const INGRESS = { podSelector: { matchLabels: { app: 'vm1' } }, policyTypes: ['Ingress'] };
const ANY = { ipBlock: { cidr: '0.0.0.0/0' } };
const NOT_A_CONTAINER = { ipBlock: { cidr: '0.0.0.0/0', except: ['10.10.20.0/24'] } };

describe('a rule of FORWARD', () => {
  it.each([
    [
      '-d 10.10.20.10 -p tcp --dport 80 -j ACCEPT',
      'vm1-ingress',
      { ...INGRESS, ingress: [{ from: [ANY], ports: [{ port: 80 }] }] },
    ],
    [
      '-s 10.9.0.0/16 -d 10.10.20.10 -p udp -m multiport --dports 53,8000:8010 -m state --state NEW -j ACCEPT',
      'vm1-ingress',
      {
        ...INGRESS,
        ingress: [
          {
            from: [{ ipBlock: { cidr: '10.9.0.0/16' } }],
            ports: [
              { protocol: 'UDP', port: 53 },
              { port: 8000, endPort: 8010 },
            ],
          },
        ],
      },
    ],
    [
      '-s 10.10.20.10 -p tcp --dport 25 -j ACCEPT',
      'vm1-egress',
      { ...EGRESS, egress: [{ to: [ANY], ports: [{ port: 25 }] }] },
    ],
    [
      '-s 10.10.20.10/32 -d 10.9.0.1 -j ACCEPT',
      'vm1-egress',
      { ...EGRESS, egress: [{ to: [{ ipBlock: { cidr: '10.9.0.1/32' } }] }] },
    ],
    [
      '-i br0 -s 10.10.20.10 -p tcp -j ACCEPT',
      'vm1-egress',
      { ...EGRESS, egress: [{ to: [ANY], ports: [{ protocol: 'TCP' }] }] },
    ],
  ])('%s becomes the policy %s', (line, name, spec) => {
    const { specs, comments } = rules(`-A FORWARD ${line}`);
    expect(Object.keys(specs).filter((key) => key.startsWith('NetworkPolicy/'))).toEqual([
      `NetworkPolicy/${name}`,
    ]);
    expect(specs[`NetworkPolicy/${name}`]).toMatchObject(spec);
    expect(comments).toEqual([]);
  });

  it('for a bridge is one for all of its containers, without the interface beyond', () => {
    const { specs, comments } = rules('-A FORWARD -i br0 -o eth0 -j ACCEPT');
    expect(specs['NetworkPolicy/br0-egress']).toMatchObject({
      podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['vm1', 'vm2'] }] },
      egress: [{ to: [NOT_A_CONTAINER] }],
    });
    expect(comments.map(({ reason }) => reason)).toEqual([
      'carried over without the interface eth0: a policy knows addresses only',
    ]);
  });

  it('between containers opens both ends', () => {
    const { specs } = rules('-A FORWARD -s 10.10.20.10 -d 10.10.20.11 -p tcp --dport 5432 -j ACCEPT');
    expect(specs).toMatchObject({
      'NetworkPolicy/vm1-egress': { egress: [{ to: [{ ipBlock: { cidr: '10.10.20.11/32' } }] }] },
      'NetworkPolicy/vm2-ingress': { ingress: [{ from: [{ ipBlock: { cidr: '10.10.20.10/32' } }] }] },
    });
  });

  it.each([
    ['-m state --state ESTABLISHED,RELATED -j ACCEPT', 'not needed: replies'],
    ['-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', 'not needed: replies'],
    ['-j DROP', 'not needed: what nothing allows is closed'],
    ['-i eth0 -j REJECT --reject-with icmp-port-unreachable', 'not needed: what nothing allows is closed'],
    ['-j ACCEPT', 'names no container'],
    ['-i eth0 -o eth1 -j ACCEPT', 'names no container'],
    ['-d 10.10.20.99 -j ACCEPT', 'no container given here has such an address'],
    ['-d 10.10.20.10 -p icmp -j ACCEPT', 'a policy knows TCP, UDP and SCTP'],
    ['-d 10.10.20.10 -m limit --limit 5/s -j ACCEPT', '`-m limit`'],
    ['! -s 10.0.0.0/8 -d 10.10.20.10 -j ACCEPT', 'addresses with `!`'],
    ['-d 10.10.20.10 -j MYCHAIN', 'the chain MYCHAIN is not followed'],
    ['-d 10.10.20.10 -j LOG --log-prefix "x y "', 'not logged'],
    ['-d vm1.example -j ACCEPT', 'an address that is not a number'],
  ])('%s is told: %s', (line, reason) => {
    const { specs, comments } = rules(`-A FORWARD ${line}`);
    expect(Object.keys(specs)).toEqual(['Bridge/br0', 'Link/vm1', 'Link/vm2']);
    expect(comments.map((comment) => comment.reason)).toEqual([expect.stringContaining(reason)]);
  });

  it.each([
    [['-s 10.10.20.10 -d 10.0.0.0/8 -j DROP', '-s 10.10.20.10 -j ACCEPT'], 'stops some of it before'],
    [['-d web.example -j DROP', '-s 10.10.20.10 -j ACCEPT'], 'stops some of it before'],
    [['-j RETURN', '-s 10.10.20.10 -j ACCEPT'], 'stops some of it before'],
  ])('that is not all it says is not carried over: %j', (lines, reason) => {
    const { specs, reasons } = rules(...lines.map((line) => `-A FORWARD ${line}`));
    expect(Object.keys(specs)).toEqual(['Bridge/br0', 'Link/vm1', 'Link/vm2']);
    expect(reasons).toHaveLength(2);
    expect(reasons[1]).toContain(reason);
  });

  it.each([
    ['-m state --state INVALID -j DROP'],
    ['-i br0 -j DROP'],
    ['-p udp -j DROP'],
    ['-d 10.10.20.11 -j DROP'],
    ['-p tcp --dport 443 -j DROP'],
  ])('is carried over behind one that stops something else: %s', (line) => {
    const { specs } = rules(
      `-A FORWARD ${line}`,
      '-A FORWARD -i eth0 -d 10.10.20.10 -p tcp --dport 80 -j ACCEPT',
    );
    expect(specs).toHaveProperty('NetworkPolicy/vm1-ingress');
  });
});
