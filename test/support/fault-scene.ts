import { appendFileSync } from 'node:fs';
import { inject as provided } from 'vitest';
import { Drips } from './drips.ts';
import type { FaultRecord } from './fault-report.ts';
import { Lab } from './lab.ts';
import { CLIENT, CLIENT6, HOST } from './lab-network.ts';
import { bridge, forward, link, policy, route } from './manifests.ts';
import type { NetNs } from './netns.ts';

/** `FAULTS=full` takes minutes; without it the tests are a selection. */
export const FULL = process.env.FAULTS === 'full';
/**
 * What sends an event heals within milliseconds; a machine that is busy with other tests takes longer. Without the event it
 * would be two minutes.
 */
export const WITH_EVENT = 6_000;
/** What sends none is looked at every two seconds. */
export const WITHOUT_EVENT = 10_000;

/** A command that gives an interface another name at one stroke, as far as that is possible. */
export function renaming(from: string, to: string): string {
  const steps = [`link set ${from} down`, `link set ${from} name ${to}`, `link set ${to} up`];
  return `printf '${steps.join('\\n')}\\n' | ip -batch -`;
}

/** Writes a fault down for the report. @throws {Error} Where packets leaked, or objects were lost. */
export function record(fault: FaultRecord): void {
  appendFileSync(provided('faultRecords'), `${JSON.stringify(fault)}\n`);
  const { leaked = 0, lost = 0, opensFilter = false } = fault;
  if (leaked > 0 && !opensFilter) throw new Error(`${leaked} packets leaked: ${fault.fault}`);
  if (lost > 0) throw new Error(`${lost} objects lost: ${fault.fault}`);
}

/** Manifests with something of everything: two containers, of which the second may do nothing. */
export function manifests(vm1: NetNs, vm2: NetNs): object[] {
  const everywhere = ['0.0.0.0/0', '::/0'].map((cidr) => ({ ipBlock: { cidr } }));
  return [
    bridge('br0', { masquerade: { interfaces: ['eth0'] }, mtu: 1450, dns: {}, dhcp: {} }),
    link('vm1', vm1.name, 10, {
      routes: [{ to: '10.9.0.0/16' }, { to: 'fd09::/32' }],
      bandwidth: { ingress: '10Gbit', egress: '1Gbit' },
    }),
    link('vm2', vm2.name, 11),
    route('lab', { to: '10.30.0.0/16', via: CLIENT, metric: 5 }),
    route('lab6', { to: 'fd30::/32', via: CLIENT6 }),
    forward('web', 'vm1', [{ port: 80 }, { port: 81, targetPort: 80, protocol: 'UDP' }]),
    forward('own', 'vm1', [{ port: 82, targetPort: 80 }], {
      addresses: [HOST],
      sources: ['192.168.254.0/24'],
    }),
    policy('vm1', 'vm1', {
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ ipBlock: { cidr: '192.168.254.0/25' } }], ports: [{ port: 443 }] }],
      egress: [{ to: everywhere, ports: [{ port: 25 }, { port: 53, protocol: 'UDP' }] }],
    }),
  ];
}

/** A host with everything on it, with objects of others, and with packets that nothing allows all the time. */
export class Scene implements AsyncDisposable {
  readonly lab: Lab;
  readonly host: NetNs;
  readonly vm1: NetNs;
  readonly vm2: NetNs;
  #drips: Drips | undefined;

  constructor(lab = new Lab()) {
    this.lab = lab;
    this.host = lab.host;
    this.vm1 = lab.container('vm1');
    this.vm2 = lab.container('vm2');
    lab.write('a.yaml', ...manifests(this.vm1, this.vm2));
  }

  async start(): Promise<void> {
    await this.lab.start();
    await this.lab.ready();
  }

  /** Begins to send what has to be stopped. */
  drip(): void {
    this.#drips = new Drips(this.lab);
  }

  /** How many of these packets have arrived since the last time. */
  leaked(): number {
    return this.#drips?.leaked() ?? 0;
  }

  /** A metric's value, summed over the series that match. */
  async metric(series: RegExp): Promise<number> {
    const { body } = await this.host.get(9469, '/metrics');
    const lines = body.split('\n').filter((line) => series.test(line));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /**
   * Injects a fault and waits until what is looked at is as before.
   *
   * @param see Looks; the same text means that all is right.
   */
  async heals(
    fault: string,
    see: () => string,
    inject: () => void,
    { limit = WITH_EVENT, opensFilter = false }: { limit?: number; opensFilter?: boolean } = {},
  ): Promise<void> {
    const wanted = see();
    const drift = /^lxcnet_drift_detected_total/;
    const driftBefore = await this.metric(drift);
    this.leaked();
    inject();
    const broken = performance.now();
    let now = see();
    while (now !== wanted && performance.now() - broken < limit) now = see();
    const healed = now === wanted ? performance.now() - broken : undefined;
    if (healed === undefined)
      console.log(`not within ${limit} ms: ${fault}\n${differing(wanted, now)}\n${this.lab.log()}`);
    const told = { fault, limit, opensFilter, leaked: this.leaked() };
    record({ ...told, ...(healed !== undefined && { healed }), lost: healed === undefined ? 1 : 0 });
    await this.lab.eventually(
      `${fault} is counted`,
      async () => (await this.metric(drift)) > driftBefore,
      limit,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drips?.[Symbol.dispose]();
    await this.lab[Symbol.asyncDispose]();
  }
}

/** The lines in which two texts differ, those of the second marked with a plus. */
function differing(wanted: string, now: string): string {
  const [before, after] = [wanted.split('\n'), now.split('\n')];
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line.slice(0, 400)}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line.slice(0, 400)}`),
  ].join('\n');
}
