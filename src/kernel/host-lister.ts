import { constants } from 'node:os';
import { addressQuery, readAddresses } from '../rtnetlink/addresses.ts';
import { type LinkInfo, linkQuery, readLinks } from '../rtnetlink/links.ts';
import type { NetlinkMessage } from '../rtnetlink/answer.ts';
import type { NetlinkRequest } from '../rtnetlink/message.ts';
import { proxyQuery, readProxies } from '../rtnetlink/neighbours.ts';
import {
  NAMESPACE_QUERIES,
  REST_QUERIES,
  indexesIn,
  readNamespace,
  readRest,
  toInterfaces,
  toProxies,
  toRest,
} from '../rtnetlink/view.ts';
import type { Netlink } from './netlink.ts';
import { type NamespaceView, interfaceByIndex } from './observed.ts';

const { ENODEV } = constants.errno;

type Messages = readonly NetlinkMessage[];

/** Lists interfaces, addresses and routes of the host's namespace. */
export class HostLister {
  readonly #netlink: Netlink;

  constructor(netlink: Netlink) {
    this.#netlink = netlink;
  }

  /** Everything. @throws {Error} Where the listing fails or cannot be read. */
  async list(): Promise<NamespaceView> {
    const answers = await this.#ask(NAMESPACE_QUERIES);
    return readable(() => readNamespace(answers));
  }

  /**
   * A view with these interfaces as they are now.
   *
   * @param withRest Whether routes and neighbour proxies are listed anew, too.
   * @throws {Error} Where the listing fails or cannot be read.
   */
  async update(before: NamespaceView, names: readonly string[], withRest: boolean): Promise<NamespaceView> {
    const queries = [...names.flatMap(devicesQueries), ...(withRest ? REST_QUERIES : [])];
    const answers = await this.#ask(queries, 2 * names.length);
    const found = readable(() => readDevices(answers.slice(0, 2 * names.length)));
    const rest = withRest ? readable(() => readRest(answers.slice(2 * names.length))) : undefined;
    // Interfaces under names of which nothing was told yet: what is not there any more may be one of them.
    const missing = names
      .flatMap((name) => before.interfaces.get(name) ?? [])
      .filter(({ name, index }) => !found.links.some((now) => now.name === name || now.index === index));
    const renamed = await this.#devices(missing.map(({ index }) => index));
    const links = [...found.links, ...renamed.links];

    const namesNow = new Map(
      [...before.interfaces.values(), ...links].map(({ index, name }) => [index, name]),
    );
    const nameOf = (index: number): string | undefined => namesNow.get(index);
    const mentioned = [
      ...links.flatMap(({ masterIndex }) => masterIndex ?? []),
      ...(rest ? indexesIn(rest) : []),
    ];
    // One that came a moment ago.
    if (mentioned.some((index) => !namesNow.has(index))) return this.list();

    const interfaces = new Map(before.interfaces);
    for (const { name, index } of before.interfaces.values()) {
      const isGone = names.includes(name) && !links.some((link) => link.name === name);
      if (isGone || namesNow.get(index) !== name) interfaces.delete(name);
    }
    for (const device of toInterfaces(links, [...found.addresses, ...renamed.addresses], nameOf))
      interfaces.set(device.name, device);
    return { ...before, interfaces, ...(rest && toRest(rest, nameOf)) };
  }

  /**
   * What devices of the host answer neighbour solicitations for.
   *
   * @param host Where the devices have their names from.
   * @throws {Error} Where it cannot be listed.
   */
  async listProxies(host: NamespaceView): Promise<ReadonlySet<string>> {
    const [proxies = []] = await this.#ask([proxyQuery()]);
    return readable(() => toProxies(readProxies(proxies), (index) => interfaceByIndex(host, index)?.name));
  }

  /** Interfaces by their numbers, those that there are. */
  async #devices(indexes: readonly number[]): Promise<Devices> {
    const answers = await this.#ask(indexes.flatMap(devicesQueries), 2 * indexes.length);
    return readable(() => readDevices(answers));
  }

  /** @param mayBeAbsent The first so many questions are about interfaces that there need not be; these have an empty answer. */
  async #ask(queries: readonly NetlinkRequest[], mayBeAbsent = 0): Promise<Messages[]> {
    if (queries.length === 0) return [];
    const { replies } = await this.#netlink.ask(queries);
    return replies.map(({ refusal, answer }, index) => {
      if (!refusal) return answer.messages;
      if (index < mayBeAbsent && refusal.errno === ENODEV) return [];
      throw new Error(`Cannot list interfaces and routes: ${refusal.words}`);
    });
  }
}

interface Devices {
  readonly links: readonly LinkInfo[];
  readonly addresses: ReturnType<typeof readAddresses>;
}

/** The questions about one interface. */
function devicesQueries(device: string | number): NetlinkRequest[] {
  return [linkQuery(device), addressQuery(device)];
}

/** Reads the answers to these, two for each interface. */
function readDevices(answers: readonly Messages[]): Devices {
  return { links: answers.flatMap(readLinks), addresses: answers.flatMap(readAddresses) };
}

function readable<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error('Cannot read what the kernel lists of interfaces and routes', { cause: error });
  }
}
