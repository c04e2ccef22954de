import { hash } from 'node:crypto';
import { NAMESPACE_QUERIES, parseInterfaces, parseNamespace, parseProxies, parseRest } from './ip-json.ts';
import { batchErrors, renderIpCommand } from './ip.ts';
import type { NamespaceView, ObservedInterface } from './observed.ts';
import type { Shells } from './shell.ts';

/** `ip` as it is asked for JSON. */
const QUERY = 'ip -j -d -force -batch -';
/** How `address show dev` says that there is no such interface, by its name or by its number. */
const ABSENT = /does not exist|no such device/i;

/** Seconds that a bridge and its ports count down, of which nothing here depends. */
const TIMERS = /_timer":\s*[\d.]+/g;

/** Lists interfaces, addresses and routes of the host's namespace. */
export class HostLister {
  readonly #shells: Shells;
  #last: { readonly digest: string; readonly view: NamespaceView } | undefined;

  constructor(shells: Shells) {
    this.#shells = shells;
  }

  /** Everything. @throws {Error} Where the listing fails or cannot be read. */
  async list(): Promise<NamespaceView> {
    const text = (await this.#ask(NAMESPACE_QUERIES)).join('\n');
    // A thousand interfaces are a megabyte, most of the time the same as before.
    const digest = hash('sha256', text.replace(TIMERS, ''));
    if (this.#last?.digest !== digest) this.#last = { digest, view: readable(() => parseNamespace(text)) };
    return this.#last.view;
  }

  /**
   * A view with these interfaces as they are now.
   *
   * @param withRest Whether routes and neighbour proxies are listed anew, too.
   * @throws {Error} Where the listing fails or cannot be read.
   */
  async update(before: NamespaceView, names: readonly string[], withRest: boolean): Promise<NamespaceView> {
    const queries = names.map((name) => renderIpCommand(['address', 'show', 'dev', name]));
    const lines = [...queries, ...(withRest ? NAMESPACE_QUERIES.slice(1) : [])];
    const answers = await this.#ask(lines, names.length);
    const found = readable(() => parseInterfaces(answers.slice(0, names.length)));
    const missing = names
      .flatMap((name) => before.interfaces.get(name) ?? [])
      .filter(({ name, index }) => !found.some((now) => now.name === name || now.index === index));
    const devices = [...found, ...(await this.#renamed(missing.map(({ index }) => index)))];
    const now = new Map(devices.map((device) => [device.index, device.name]));
    const interfaces = new Map(before.interfaces);
    for (const { name, index } of before.interfaces.values()) {
      const isGone = names.includes(name) && !devices.some((device) => device.name === name);
      if (isGone || (now.has(index) && now.get(index) !== name)) interfaces.delete(name);
    }
    for (const device of devices) interfaces.set(device.name, device);
    return { ...before, interfaces, ...(withRest && readable(() => parseRest(answers.slice(names.length)))) };
  }

  /** Interfaces under names of which nothing was told yet: what is not there any more may be one of them. */
  async #renamed(indexes: readonly number[]): Promise<readonly ObservedInterface[]> {
    if (indexes.length === 0) return [];
    // For `ip` this is the one with the number, but for one that is called so.
    const queries = indexes.map((index) => `address show dev if${index}`);
    const answers = await this.#ask(queries, indexes.length);
    return readable(() => parseInterfaces(answers)).filter(({ index }) => indexes.includes(index));
  }

  /** What devices of the host answer neighbour solicitations for. @throws {Error} Where it cannot be listed. */
  async listProxies(): Promise<ReadonlySet<string>> {
    const [answer = ''] = await this.#ask(['neighbour show proxy']);
    return readable(() => parseProxies(answer));
  }

  /** @param mayBeAbsent The first so many queries are about interfaces that there need not be; these have an empty answer. */
  async #ask(queries: readonly string[], mayBeAbsent = 0): Promise<string[]> {
    const result = await this.#shells.run(QUERY, queries.map((line) => `${line}\n`).join(''));
    const failures = batchErrors(result, queries.length);
    const answers = result.stdout.split('\n').filter((line) => line !== '');
    return failures.map((failure, index) => {
      if (failure === undefined) return answers.shift() ?? '';
      if (index < mayBeAbsent && ABSENT.test(failure)) return '';
      throw new Error(`Cannot list interfaces and routes: ${failure}`);
    });
  }
}

function readable<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error('Cannot read what ip lists of interfaces and routes', { cause: error });
  }
}
