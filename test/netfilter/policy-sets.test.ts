import { describe, expect, it } from 'vitest';
import type { Bridge } from '../../src/api/bridge.ts';
import type { Link } from '../../src/api/link.ts';
import type { NetworkPolicy } from '../../src/api/network-policy.ts';
import { ElementCollector } from '../../src/netfilter/elements.ts';
import { addPolicyElements } from '../../src/netfilter/policy-sets.ts';
import type { SetName } from '../../src/netfilter/sets.ts';
import { bridge, link, policy } from '../support/manifests.ts';
import { held, manifest, owners } from './fixture.ts';

type Documents = readonly { readonly kind: string }[];

interface Site {
  readonly links?: Documents;
  readonly policies?: Documents;
  readonly defaultPolicy?: 'Allow' | 'Deny';
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const WEB = link('web', 'web', 10);
const DB = link('db', 'db', 20);

function compile(site: Site): ElementCollector {
  const collector = new ElementCollector();
  const br0 = manifest<Bridge>(bridge('br0', { defaultPolicy: site.defaultPolicy ?? 'Deny' })).resource;
  addPolicyElements(
    {
      links: (site.links ?? [WEB, DB]).map((one) => manifest<Link>(one)),
      policies: (site.policies ?? []).map((one) => manifest<NetworkPolicy>(one)),
      namespaceLabels: new Map(Object.entries(site.namespaces ?? { default: {} })),
      bridgeOf: () => br0,
    },
    collector,
  );
  return collector;
}

/** The number of the policy set that an address has. */
function numberOf(collector: ElementCollector, direction: 'ingress' | 'egress', address: string): string {
  const set = `${direction}${address.includes(':') ? 6 : 4}` as SetName;
  return collector.table().get(set)!.get(address)!.value;
}

/** What a number allows, in one set, without the number. */
function allowed(collector: ElementCollector, set: SetName, number: string): string[] {
  return held(collector, set)
    .filter((text) => text.split(' . ')[0] === number)
    .map((text) => text.split(' . ').slice(1).join(' . '));
}

function ingressOfWeb(rule: object, site: Site = {}) {
  const collector = compile({ ...site, policies: [policy('p', 'web', { ingress: [rule] })] });
  const number = numberOf(collector, 'ingress', '10.10.20.10');
  return (set: SetName) => allowed(collector, set, number);
}

const from = (...peers: object[]) => ({ from: peers });
const DB_PODS = { podSelector: { matchLabels: { app: 'db' } } };

describe('the numbers of links', () => {
  it('are there for every address, with a counter for what is denied', () => {
    const collector = compile({ links: [WEB] });
    for (const [direction, set] of [
      ['ingress', 'denied_ingress'],
      ['egress', 'denied_egress'],
    ] as const) {
      expect([...collector.table().get(`${direction}4`)!.keys()]).toEqual(['10.10.20.10']);
      expect([...collector.table().get(`${direction}6`)!.keys()]).toEqual(['fd00:20::10']);
      expect(held(collector, `${set}4`)).toEqual(['10.10.20.10']);
      expect(owners(collector, `${set}6`)).toEqual(['Link/default/web']);
    }
  });

  it('are shared by links that have the same policies, and differ between the directions', () => {
    const collector = compile({});
    expect(numberOf(collector, 'ingress', '10.10.20.10')).toBe(numberOf(collector, 'ingress', 'fd00:20::20'));
    expect(numberOf(collector, 'ingress', '10.10.20.10')).not.toBe(
      numberOf(collector, 'egress', '10.10.20.10'),
    );
  });

  it('do not depend on the order of policies or on a restart', () => {
    const [p, q] = [policy('p', 'web', { ingress: [{}] }), policy('q', 'web', { ingress: [] })];
    const one = numberOf(compile({ policies: [p, q] }), 'ingress', '10.10.20.10');
    expect(numberOf(compile({ policies: [q, p] }), 'ingress', '10.10.20.10')).toBe(one);
  });

  it('allow nothing without a policy where the bridge denies', () => {
    const collector = compile({});
    for (const set of ['everything', 'peer4', 'network4', 'port', 'protocol'] as const)
      expect(held(collector, set)).toEqual([]);
  });

  it('allow everything without a policy where the bridge allows', () => {
    const collector = compile({ defaultPolicy: 'Allow' });
    const number = numberOf(collector, 'ingress', '10.10.20.10');
    expect(held(collector, 'everything')).toEqual([number]);
    expect(numberOf(collector, 'egress', '10.10.20.10')).toBe(number);
  });

  it('close the direction that a policy isolates, and leave the other as the bridge has it', () => {
    const collector = compile({ defaultPolicy: 'Allow', policies: [policy('p', 'web', {})] });
    const open = numberOf(collector, 'ingress', '10.10.20.20');
    expect(numberOf(collector, 'egress', '10.10.20.10')).toBe(open);
    expect(numberOf(collector, 'ingress', '10.10.20.10')).not.toBe(open);
    expect(held(collector, 'everything')).toEqual([open]);
  });

  it('follow only the policies of the own namespace', () => {
    const other = { ...policy('p', 'web', { ingress: [{}] }) };
    const elsewhere = { ...other, metadata: { name: 'p', namespace: 'other' } };
    expect(held(compile({ policies: [elsewhere] }), 'everything')).toEqual([]);
  });
});

describe('an ingress rule', () => {
  it('allows everything where it is empty', () => {
    expect(ingressOfWeb({})('everything')).toEqual(['']);
  });

  it.each([
    [{ port: 80 }, 'port', '6 . 80'],
    [{ port: 53, protocol: 'UDP' }, 'port', '17 . 53'],
    [{ protocol: 'SCTP' }, 'protocol', '132'],
  ] as const)('from anywhere allows %j', (port, set, text) => {
    expect(ingressOfWeb({ ports: [port] })(set)).toEqual([text]);
  });

  it('from anywhere allows a range of ports in both families', () => {
    const rule = ingressOfWeb({ ports: [{ port: 8000, endPort: 8010 }] });
    expect(rule('network_port4')).toEqual(['0.0.0.0/0 . 6 . 8000-8010']);
    expect(rule('network_port6')).toEqual(['::/0 . 6 . 8000-8010']);
  });

  it('allows the addresses of the links that a selector selects', () => {
    const rule = ingressOfWeb(from(DB_PODS));
    expect(rule('peer4')).toEqual(['10.10.20.20']);
    expect(rule('peer6')).toEqual(['fd00:20::20']);
  });

  it('allows single ports and protocols of selected links', () => {
    const rule = ingressOfWeb({ ...from(DB_PODS), ports: [{ port: 80 }, { protocol: 'UDP' }] });
    expect(rule('peer_port4')).toEqual(['10.10.20.20 . 6 . 80']);
    expect(rule('peer_protocol4')).toEqual(['10.10.20.20 . 17']);
    expect(rule('peer4')).toEqual([]);
  });

  it('allows a range of ports of a selected link only from its address', () => {
    const rule = ingressOfWeb({ ...from(DB_PODS), ports: [{ port: 80, endPort: 90 }] });
    expect(rule('network_port4')).toEqual(['10.10.20.20 . 6 . 80-90']);
  });

  it('allows a network without its exceptions', () => {
    const ipBlock = { cidr: '10.0.0.0/24', except: ['10.0.0.0/25', '10.0.0.192/26'] };
    expect(ingressOfWeb(from({ ipBlock }))('network4')).toEqual(['10.0.0.128/26']);
  });

  it('allows ports of a network, each once', () => {
    const block = (cidr: string) => ({ ipBlock: { cidr } });
    const rule = ingressOfWeb({ ...from(block('10.0.0.0/8'), block('10.1.0.0/16')), ports: [{ port: 80 }] });
    expect(rule('network_port4')).toEqual(['10.0.0.0/8 . 6 . 80']);
  });

  it('writes one address without its prefix length', () => {
    expect(ingressOfWeb(from({ ipBlock: { cidr: 'fd00::7/128' } }))('network6')).toEqual(['fd00::7']);
  });

  it('finds links of the own namespace only, where it has no namespaceSelector', () => {
    const far = link('db', 'db', 30, {}, { namespace: 'other', labels: { app: 'db' } });
    expect(ingressOfWeb(from(DB_PODS), { links: [WEB, far] })('peer4')).toEqual([]);
  });

  it('finds links of the namespaces that a namespaceSelector selects', () => {
    const far = link('db', 'db', 30, {}, { namespace: 'other', labels: { app: 'db' } });
    const namespaceSelector = { matchLabels: { team: 'b' } };
    const namespaces = { default: {}, other: { team: 'b' } };
    const site = { links: [WEB, DB, far], namespaces };
    expect(ingressOfWeb(from({ namespaceSelector }), site)('peer4')).toEqual(['10.10.20.30']);
    expect(ingressOfWeb(from({ namespaceSelector: {} }), site)('peer4')).toHaveLength(3);
    expect(
      ingressOfWeb(from({ namespaceSelector, podSelector: { matchLabels: { app: 'x' } } }), site)('peer4'),
    ).toEqual([]);
  });

  it('counts for its policy', () => {
    const collector = compile({ policies: [policy('p', 'web', { ingress: [from(DB_PODS)] })] });
    expect(owners(collector, 'peer4')).toEqual(['NetworkPolicy/default/p']);
  });
});

describe('a named port', () => {
  const named = (name: string, number: number, port: number, protocol = 'TCP') =>
    link(name, name, number, { ports: [{ name: 'http', port, protocol }] }, { labels: { app: 'web' } });
  const [A, B] = [named('a', 10, 80), named('b', 20, 8080)];

  it('of an ingress rule is that of the link that the policy selects', () => {
    const collector = compile({
      links: [A, B],
      policies: [policy('p', 'web', { ingress: [{ ports: [{ port: 'http' }] }] })],
    });
    const portsOf = (address: string) => allowed(collector, 'port', numberOf(collector, 'ingress', address));
    expect(portsOf('10.10.20.10')).toEqual(['6 . 80']);
    expect(portsOf('10.10.20.20')).toEqual(['6 . 8080']);
  });

  it('of an egress rule is that of each peer', () => {
    const rule = { to: [{ podSelector: {} }], ports: [{ port: 'http' }] };
    const collector = compile({
      links: [A, B],
      policies: [policy('p', 'web', { policyTypes: ['Egress'], egress: [rule] })],
    });
    const number = numberOf(collector, 'egress', '10.10.20.10');
    expect(allowed(collector, 'peer_port4', number)).toEqual([
      '10.10.20.10 . 6 . 80',
      '10.10.20.20 . 6 . 8080',
    ]);
  });

  it('to anywhere means the links that have it', () => {
    const collector = compile({
      links: [A, DB],
      policies: [policy('p', 'web', { egress: [{ ports: [{ port: 'http' }] }] })],
    });
    const number = numberOf(collector, 'egress', '10.10.20.10');
    expect(allowed(collector, 'peer_port4', number)).toEqual(['10.10.20.10 . 6 . 80']);
    expect(allowed(collector, 'port', number)).toEqual([]);
  });

  it('is of its protocol only', () => {
    const collector = compile({
      links: [named('a', 10, 80, 'UDP')],
      policies: [policy('p', 'web', { ingress: [{ ports: [{ port: 'http' }] }] })],
    });
    expect(held(collector, 'port')).toEqual([]);
  });

  it('from a network is that of the selected link', () => {
    const rule = { from: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 'http' }] };
    const collector = compile({ links: [A], policies: [policy('p', 'web', { ingress: [rule] })] });
    expect(allowed(collector, 'network_port4', numberOf(collector, 'ingress', '10.10.20.10'))).toEqual([
      '10.0.0.0/8 . 6 . 80',
    ]);
  });
});
