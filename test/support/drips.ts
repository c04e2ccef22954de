import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Lab } from './lab.ts';
import { CLIENT, CLIENT6 } from './lab-network.ts';
import type { NetNs } from './netns.ts';

const DRIP = join(import.meta.dirname, 'drip.py');
const COUNTER = 'table inet seen { chain in { type filter hook input priority 0; udp dport 9 counter; }; }';

/** Packets that nothing allows, all the time: from the client to each container, and from each to the client and the others. */
export class Drips implements Disposable {
  readonly #receivers: readonly NetNs[];
  readonly #senders: readonly ChildProcess[];
  #counted = 0;

  /** @param lab One that is ready: what has no address then takes no part. */
  constructor(lab: Lab) {
    const addresses = new Map([[lab.client, [CLIENT, CLIENT6]]]);
    for (const netns of lab.namespaces().slice(2)) {
      const inside = addressesOf(netns);
      if (inside.length > 0) addresses.set(netns, inside);
    }
    this.#receivers = [...addresses.keys()];
    for (const netns of this.#receivers) netns.exec('nft', COUNTER);
    this.#senders = this.#receivers.map((netns) => {
      const others = this.#receivers
        .filter((other) => other !== netns)
        .flatMap((other) => addresses.get(other)!);
      return spawn('ip', ['netns', 'exec', netns.name, 'python3', '-I', DRIP, ...others], {
        stdio: 'ignore',
      });
    });
  }

  /** How many have arrived since it was last asked. */
  leaked(): number {
    const total = this.#receivers
      .map((netns) => netns.exec('nft', 'list', 'table', 'inet', 'seen'))
      .reduce((sum, text) => sum + Number(/packets (\d+)/.exec(text)![1]), 0);
    const leaked = total - this.#counted;
    this.#counted = total;
    return leaked;
  }

  [Symbol.dispose](): void {
    for (const sender of this.#senders) sender.kill('SIGKILL');
  }
}

/** What others reach it at. */
function addressesOf(netns: NetNs): string[] {
  const lines = netns.exec('ip', '-br', 'address', 'show', 'scope', 'global');
  return [...lines.matchAll(/([0-9a-f.:]+)\/\d+/g)].map(([, address]) => address!);
}
