import { join } from 'node:path';
import type { ApiObject } from '../../src/api/object.ts';
import { createClient } from '../../src/cli/client.ts';
import { Lab } from './lab.ts';
import { CLIENT, CLIENT6, HOST, HOST6 } from './lab-network.ts';
import {
  type BridgeManifest,
  type LinkManifest,
  type Manifest,
  type Service,
  documentOf,
} from './reference-manifests.ts';
import type { NetNs } from './netns.ts';
import { Reference } from './reference.ts';
import { Traffic } from './traffic.ts';

/** What is probed between every two places. Port 80 is one of every protocol. */
export const SERVICES: readonly Service[] = [
  ...[80, 81, 82].map((port) => ({ protocol: 'TCP' as const, port })),
  ...[80, 81].map((port) => ({ protocol: 'UDP' as const, port })),
  ...[80, 81].map((port) => ({ protocol: 'SCTP' as const, port })),
];

/** One packet, as it should end and as it did. */
export interface Observation extends Service {
  readonly from: string;
  /** Whose address it went to: a Link's name, `client`, `host`, or `gw0`, `gw1` for the host on its bridges. */
  readonly to: string;
  readonly address: string;
  readonly expected: string | undefined;
  readonly seen: string | undefined;
}

/** `web > db 10.10.20.11 TCP/80: web should not pass, db answers`. */
export function describe({ from, to, address, protocol, port, expected, seen }: Observation): string {
  const wish = expected === undefined ? 'should not pass' : `should reach ${expected}`;
  return `${from} > ${to} ${address} ${protocol}/${port} ${wish}: ${seen === undefined ? 'no answer' : `${seen} answers`}`;
}

/** A lab whose Links stay while its policies change, with traffic between all of it. */
export class Cluster implements AsyncDisposable {
  readonly #lab = new Lab();
  readonly #containers = new Map<string, NetNs>();
  readonly #traffic = new Map<string, Traffic>();
  #manifests: readonly Manifest[] = [];
  /** What was there before the last edit. */
  #before: readonly string[] = [];
  /** Why it cannot be used any more: after that, every case would wait in vain. */
  #broken: unknown;

  /** Makes an empty network namespace for each of these Links. */
  constructor(links: readonly string[]) {
    for (const name of links) this.#containers.set(name, this.#lab.container(name));
    const places = new Map([...this.#containers, ['client', this.#lab.client], ['host', this.#lab.host]]);
    for (const [name, netns] of places) this.#traffic.set(name, new Traffic(netns.name, name, SERVICES));
  }

  async start(manifests: readonly Manifest[]): Promise<void> {
    this.#write(manifests);
    await Promise.all([...this.#traffic.values()].map(({ ready }) => ready));
    await this.#lab.start();
    await this.#settled();
  }

  /** Replaces all manifests, and waits until the kernel is as they say. */
  async apply(manifests: readonly Manifest[]): Promise<void> {
    this.#write(manifests);
    await this.#settled();
  }

  #write(manifests: readonly Manifest[]): void {
    this.#manifests = manifests;
    const documents = manifests.map((manifest) => {
      if (manifest.kind !== 'Link') return documentOf(manifest);
      const container = { netns: this.#containers.get(manifest.metadata.name)!.name };
      return { ...documentOf(manifest), spec: { ...manifest.spec, container } };
    });
    this.#lab.write('all.yaml', ...documents);
  }

  /** Removals wait for 500 ms, so what is gone from the manifests is waited for as well. */
  async #settled(): Promise<void> {
    if (this.#broken !== undefined) throw new Error('an earlier case broke it', { cause: this.#broken });
    await this.#untilSettled().catch((error: unknown) => {
      this.#broken = error;
      throw error;
    });
  }

  async #untilSettled(): Promise<void> {
    const client = createClient(join(this.#lab.directory, 'run', 'lxcnet.sock'));
    const wanted = this.#manifests.filter(({ kind }) => kind !== 'Namespace').map(nameOf);
    const reconcile = () => client.reconcile({ allowPrune: true, pruneOrphans: false });
    let why = '';
    await reconcile();
    await this.#lab
      .eventually('everything is Ready, and nothing else is there', async () => {
        const objects = (await Promise.all(KINDS.map((kind) => client.list(kind)))).flatMap(
          ({ items }) => items,
        );
        const extra = objects.map(nameOf).filter((name) => !wanted.includes(name));
        const unready = objects.filter((object) => !isReady(object));
        why = `not to be there: ${extra.join(', ')}; not Ready: ${JSON.stringify(unready)}`;
        return objects.length === wanted.length && extra.length === 0 && unready.length === 0;
      })
      .catch((error: unknown) => {
        throw new Error(`${String(error)}\n${why}`);
      });
    // What is to be removed is gone from the API a moment before it is gone from the kernel.
    if (this.#before.some((name) => !wanted.includes(name))) await reconcile();
    this.#before = wanted;
  }

  /** Sends a packet from everywhere to everywhere, for every service and in both families. */
  async observe(): Promise<Observation[]> {
    const reference = this.#reference();
    const destinations = this.#destinations();
    const batches = [...this.#traffic].map(async ([from, traffic]) => {
      const own = from === 'host' || from === 'client' ? ['client', 'host', 'gw0', 'gw1'] : [from];
      const packets = destinations
        .filter(([to]) => !own.includes(to) || (from === 'client' && to === 'host'))
        .flatMap(([to, address]) =>
          SERVICES.map((service) => {
            const expected = reference.answerer({ from, to: address, ...service });
            return { from, to, address, ...service, expected };
          }),
        );
      const answers = await traffic.send(
        packets.map((packet) => ({ ...packet, expected: packet.expected !== undefined })),
      );
      return packets.map((packet, index) => ({ ...packet, seen: answers[index] }));
    });
    return (await Promise.all(batches)).flat();
  }

  #reference(): Reference {
    return new Reference(this.#manifests, { host: [HOST, HOST6], client: [CLIENT, CLIENT6] });
  }

  #destinations(): [name: string, address: string][] {
    const of = (name: string, addresses: readonly string[]): [string, string][] =>
      addresses.map((address) => [name, bare(address)]);
    const bridges = this.#manifests.filter(
      (manifest): manifest is BridgeManifest => manifest.kind === 'Bridge',
    );
    const links = this.#manifests.filter((manifest): manifest is LinkManifest => manifest.kind === 'Link');
    return [
      ...links.flatMap(({ metadata, spec }) => of(metadata.name, spec.addresses)),
      ...of('client', [CLIENT, CLIENT6]),
      ...of('host', [HOST, HOST6]),
      ...bridges.flatMap(({ spec }, index) => of(`gw${index}`, spec.addresses)),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const traffic of this.#traffic.values()) traffic.close();
    await this.#lab[Symbol.asyncDispose]();
  }
}

const KINDS = ['Bridge', 'Link', 'PortForward', 'NetworkPolicy'] as const;

function nameOf({ kind, metadata }: Manifest | ApiObject): string {
  const isOfNone = kind === 'Bridge' || kind === 'Namespace';
  return `${kind}/${isOfNone ? '' : (metadata.namespace ?? 'default')}/${metadata.name}`;
}

function isReady({ metadata, status }: ApiObject): boolean {
  const isTrue = status.conditions.some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
  return isTrue && status.observedGeneration === metadata.generation;
}

function bare(address: string): string {
  return address.split('/')[0]!;
}
