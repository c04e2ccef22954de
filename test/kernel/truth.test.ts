import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, type Observation, SERVICES, describe as inWords } from '../support/cluster.ts';
import type { Manifest } from '../support/reference-manifests.ts';
import { LINKS, NAMESPACES, bridges, policies } from '../support/reference-world.ts';
import type { Case } from './truth/case.ts';
import { INGRESS_CASES } from './truth/ingress.ts';
import { NETWORK_CASES } from './truth/networks.ts';
import { PEER_CASES } from './truth/peers.ts';
import { PORT_CASES } from './truth/ports.ts';
import { TOGETHER_CASES } from './truth/together.ts';

/*
 * A truth table: each case is put on one daemon after the other, and a packet is sent between all places, for every
 * service, in both families. What comes back is compared with the reference, and with what the case says by hand.
 */

let cluster: Cluster;

beforeAll(async () => {
  cluster = new Cluster(LINKS.map(({ metadata }) => metadata.name));
  await cluster.start(manifestsOf({ title: '', policies: [] }));
});

afterAll(async () => cluster[Symbol.asyncDispose]());

describe.each([
  { name: 'ingress', cases: INGRESS_CASES },
  { name: 'peers', cases: PEER_CASES },
  { name: 'networks', cases: NETWORK_CASES },
  { name: 'ports', cases: PORT_CASES },
  { name: 'together', cases: TOGETHER_CASES },
])('$name', ({ cases }) => {
  it.each(cases)('$title', async (one) => {
    await cluster.apply(manifestsOf(one));
    const observed = await cluster.observe();
    expect(observed.filter(({ expected, seen }) => expected !== seen).map(inWords)).toEqual([]);
    const wanted = one.expected ?? {};
    const found = Object.keys(wanted).map((key) => [key, reached(key, observed)]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(wanted).map(([key, names]) => [key, sorted(names.split(' '))])),
    );
  });
});

function manifestsOf({ policies: specs, bridges: spec, more = [] }: Case): readonly Manifest[] {
  const around = bridges({ defaultPolicy: 'Allow', ...spec });
  return [...NAMESPACES, ...around, ...LINKS, ...policies(specs), ...more];
}

/** Who reaches or is reached, for a key such as `to web TCP/80,UDP/80 v4`; what differs between services is told apart. */
function reached(key: string, observed: readonly Observation[]): string {
  const [direction, name, wanted, family] = key.split(' ') as [string, string, string, string?];
  const services = wanted === '*' ? SERVICES.map(textOf) : wanted.split(',');
  const results = services.flatMap((service) =>
    (family === undefined ? ['v4', 'v6'] : [family]).map((version) => {
      const passed = observed.filter(
        (one) =>
          (direction === 'to' ? one.to === name && one.from !== 'host' : one.from === name) &&
          textOf(one) === service &&
          one.address.includes(':') === (version === 'v6') &&
          one.seen !== undefined,
      );
      return sorted(passed.map(({ from, to }) => (direction === 'to' ? from : to)));
    }),
  );
  return [...new Set(results)].join(' | ');
}

function textOf({ protocol, port }: Pick<Observation, 'protocol' | 'port'>): string {
  return `${protocol}/${port}`;
}

function sorted(names: readonly string[]): string {
  return [...names].sort().join(' ').trim();
}
