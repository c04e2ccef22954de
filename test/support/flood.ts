import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NetNs } from './netns.ts';

const AGENT = join(import.meta.dirname, 'flood-agent.py');
/** Raw packets per second and namespace. */
const RATE = 500;

/**
 * `steady` always may, and no packet of it may be lost; `forbidden` never may; `toggled` is what edits open and close.
 * Raw packets that may pass are a `control`: they show that those that may not would be counted.
 */
type Verdict = 'steady' | 'forbidden' | 'toggled' | 'control';

/** Packets with one number in their DSCP field. */
export interface Kind {
  readonly number: number;
  readonly title: string;
  readonly verdict: Verdict;
  /** The namespace that sends it. */
  readonly from: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly address: string;
  readonly port: number;
  /** A new socket for each packet. */
  readonly fresh?: boolean;
  /** A raw packet: its source address, port where it is not random, and TCP flags where it is no SYN. */
  readonly raw?: { readonly source: string; readonly port?: number; readonly flags?: number };
}

/** What became of the flows of one kind, as its sender knows. */
interface FlowState {
  readonly kind: number;
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly problem: string;
  /** The longest that an answer was waited for. Milliseconds. */
  readonly longest: number;
}

type Command = 'start' | 'stats' | 'quiet' | 'loud' | 'calm' | 'flood';

/** Packets of each kind. */
export type Counts = ReadonlyMap<number, number>;

/** A namespace that serves, keeps flows going, floods, and counts at its own border what leaves it and what arrives. */
class FloodAgent {
  readonly #netns: NetNs;
  readonly #agent: ChildProcess;
  readonly #waiting: ((states: readonly FlowState[]) => void)[] = [];
  readonly ready: Promise<unknown>;

  constructor(netns: NetNs, own: readonly Kind[], all: readonly Kind[], serve: readonly number[]) {
    this.#netns = netns;
    const ran = netns.run(['nft', '-f', '-'], counterTable(all));
    if (ran.status !== 0) throw new Error(ran.stderr);
    const flows = own
      .filter(({ raw }) => !raw)
      .map(({ number, protocol, address, port, fresh = false }) => ({
        kind: number,
        protocol,
        address,
        port,
        fresh,
      }));
    const packets = own.flatMap(({ number, protocol, address, port, raw }) =>
      raw ? [[number, protocol, raw.flags ?? 0x02, raw.source, address, raw.port ?? 0, port]] : [],
    );
    const spec = JSON.stringify({ serve, flows, packets, rate: RATE });
    this.#agent = spawn('ip', ['netns', 'exec', netns.name, 'python3', '-I', '-S', AGENT, spec], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: this.#agent.stdout! }).on('line', (line) =>
      this.#waiting.shift()?.(JSON.parse(line) as FlowState[]),
    );
    this.ready = new Promise((resolve) => this.#waiting.push(resolve));
  }

  tell(command: Command): Promise<readonly FlowState[]> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#agent.stdin!.write(`${command}\n`);
    });
  }

  counts(): Record<'sent' | 'seen', Counts> {
    const { nftables } = this.#netns.json('nft', '-j', 'list', 'counters', 'table', 'inet', 'flood') as {
      nftables: { counter?: { name: string; packets: number } }[];
    };
    const of = (prefix: string): Counts =>
      new Map(
        nftables.flatMap(({ counter }) =>
          counter?.name.startsWith(prefix)
            ? [[Number(counter.name.slice(prefix.length)), counter.packets]]
            : [],
        ),
      );
    return { sent: of('sent'), seen: of('seen') };
  }

  close(): void {
    this.#agent.stdin!.end();
  }
}

function counterTable(all: readonly Kind[]): string {
  const side = (name: 'sent' | 'seen', hook: string): string =>
    [
      ...all.map(({ number }) => `counter ${name}${number} { }`),
      `chain ${name} { type filter hook ${hook}; ip dscp 0 accept; ip6 dscp 0 accept; meta l4proto != { tcp, udp } accept;`,
      ...all.map(
        ({ number, address }) =>
          `${address.includes(':') ? 'ip6' : 'ip'} dscp ${number} counter name ${name}${number} accept`,
      ),
      '}',
    ].join('\n');
  return `table inet flood {\n${side('sent', 'postrouting priority 300')}\n${side('seen', 'prerouting priority -300')}\n}\n`;
}

/** Flows and floods between namespaces, and what became of their packets. */
export class Flood {
  readonly #agents: ReadonlyMap<string, FloodAgent>;

  constructor(places: ReadonlyMap<string, NetNs>, kinds: readonly Kind[], serve: readonly number[]) {
    this.#agents = new Map(
      [...places].map(([name, netns]) => [
        name,
        new FloodAgent(
          netns,
          kinds.filter(({ from }) => from === name),
          kinds,
          serve,
        ),
      ]),
    );
  }

  async ready(): Promise<void> {
    await Promise.all([...this.#agents.values()].map(({ ready }) => ready));
  }

  /** Tells every namespace. @returns what became of all flows. */
  async tell(command: Command): Promise<ReadonlyMap<number, FlowState>> {
    const states = await Promise.all([...this.#agents.values()].map((agent) => agent.tell(command)));
    return new Map(states.flat().map((state) => [state.kind, state]));
  }

  /** Packets of each kind, at all namespaces together or at some. */
  counts(direction: 'sent' | 'seen', places: readonly string[] = [...this.#agents.keys()]): Counts {
    const sum = new Map<number, number>();
    for (const place of places)
      for (const [kind, packets] of this.#agents.get(place)!.counts()[direction])
        sum.set(kind, (sum.get(kind) ?? 0) + packets);
    return sum;
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.close();
  }
}
