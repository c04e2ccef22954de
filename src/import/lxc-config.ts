import { interfaceAddress, interfaceName, macAddress, mtu } from '../api/scalars.ts';
import type { Facts, Nic, Said } from './facts.ts';
import type { Ledger, SourceLine } from './ledger.ts';
import { type NicDraft, readNics } from './lxc-nics.ts';
import { classfulPrefix } from './values.ts';

/** Keys that have nothing to do with networks. */
const IRRELEVANT =
  /^lxc\.(uts\.name|utsname|rootfs(\..*)?|mount(\..*)?|pts|pty\.max|tty(\..*)?|devttydir|console(\..*)?|arch|cap\..*|apparmor\..*|aa_.*|selinux\..*|se_context|seccomp(\..*)?|log(\..*)?|loglevel|logfile|start\..*|group|monitor\..*|environment|init\..*|init_.*|execute\.cmd|id_?map|cgroup2?\.(?!net).*|prlimit\..*|proc\..*|signal\..*|haltsignal|rebootsignal|stopsignal|ephemeral|autodev(\..*)?|kmsg|keyring\..*|no_new_privs|sched\..*|time\..*)$/;

/** Reads the configuration of an LXC container, in the spelling of today and in that before LXC 2.1. */
export function readLxcConfig(file: string, text: string, facts: Facts, ledger: Ledger): void {
  const names = new Map<string, string>();
  const network: { readonly key: string; readonly value: string; readonly source: SourceLine }[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const [key = '', ...rest] = line.split('=');
    const name = key.trim();
    const value = rest.join('=').trim();
    if (rest.length > 0 && /^lxc\.(uts\.name|utsname|rootfs|rootfs\.path)$/.test(name))
      names.set(name, value);
    const other = /^lxc\.(uts\.name|utsname)$/.test(name) ? otherDirectory(file, value) : undefined;
    if (rest.length > 0 && other !== undefined) {
      const reason = `the Link has this name; if LXC calls the container ${other}, as its directory, write \`lxc: ${other}\``;
      ledger.comment(ledger.enter(file, index + 1, line), reason);
    }
    if (rest.length > 0 && IRRELEVANT.test(name)) return;
    const source = ledger.enter(file, index + 1, line);
    if (rest.length > 0 && /^lxc\.net(work)?(\.|$)/.test(name)) network.push({ key: name, value, source });
    else ledger.comment(source, reasonFor(rest.length > 0 ? name : ''));
  });
  const name = containerName(file, names);
  const drafts = readNics(network, ledger);
  const nics = drafts.flatMap((draft, index) => nicOf(draft, index, ledger) ?? []);
  if (nics.length === 0) return;
  if (name === undefined) {
    const reason = 'nothing says which container this is: add lxc.uts.name';
    for (const draft of drafts) for (const source of sourcesOf(draft)) ledger.comment(source, reason);
  } else facts.containers.push({ name, nics });
}

function reasonFor(key: string): string {
  if (key === 'lxc.include') return 'not read: if it has network keys, import that file too';
  if (key.startsWith('lxc.hook.'))
    return 'a program that is not looked into: if it sets up the network, see to that by hand';
  if (/^lxc\.(sysctl|namespace|cgroup|cgroup2)\./.test(key))
    return 'stays as it is: no manifest has a field for this';
  return 'not recognised';
}

/** The directory of a file `…/NAME/config`, as LXC keeps them, where that is not the name which the file says. */
function otherDirectory(file: string, name: string): string | undefined {
  const [directory, base] = file.split('/').slice(-2);
  const other = base === 'config' && directory !== name && /^\w[\w.-]{0,62}$/.test(directory ?? '');
  return other ? directory : undefined;
}

/** What LXC calls the container, as far as the file tells. */
function containerName(file: string, names: ReadonlyMap<string, string>): string | undefined {
  const root = (names.get('lxc.rootfs.path') ?? names.get('lxc.rootfs') ?? '').replace(/^[a-z]+:/, '');
  const rootParts = root.split('/').filter((part) => part !== '');
  const byRoot = rootParts.at(-1) === 'rootfs' ? rootParts.at(-2) : rootParts.at(-1);
  const byDirectory = file.split('/').at(-2);
  const candidates = [names.get('lxc.uts.name'), names.get('lxc.utsname'), byRoot, byDirectory];
  return candidates.find((name) => name !== undefined && /^[A-Za-z0-9_][A-Za-z0-9_.@:+-]{0,199}$/.test(name));
}

function sourcesOf(draft: NicDraft): readonly SourceLine[] {
  return [...draft.values.values()].flatMap((said) => said.map(({ source }) => source));
}

/** The interface that the lines of one index describe, where it is a veth pair with a bridge. */
function nicOf(draft: NicDraft, index: number, ledger: Ledger): Nic | undefined {
  const reader = new NicReader(draft, ledger);
  const type = reader.take('type')[0];
  const kind = type?.value ?? 'veth';
  if (kind !== 'veth') {
    const reason =
      kind === 'empty'
        ? 'no Link: nothing says which bridge it is for'
        : kind === 'none'
          ? "no Link: the container has the host's own network"
          : `no Link: lxcnet makes veth pairs, not ${kind.slice(0, 20)}`;
    for (const source of sourcesOf(draft)) ledger.comment(source, reason);
    return undefined;
  }
  const bridge = reader.valid('link', interfaceName);
  if (!bridge) {
    for (const source of sourcesOf(draft)) ledger.comment(source, 'no Link: it has no bridge (`link`)');
    return undefined;
  }
  const nic = {
    bridge,
    interface: reader.valid('name', interfaceName)?.value ?? `eth${index}`,
    hostInterface: reader.valid('veth.pair', interfaceName),
    macAddress: reader.macAddress(),
    mtu: reader.mtu(),
    addresses: [...reader.addresses('ipv4.address'), ...reader.addresses('ipv6.address')],
    gateways: [...reader.take('ipv4.gateway'), ...reader.take('ipv6.gateway')],
  };
  reader.rest();
  return { ...nic, sources: reader.fulfilled };
}

/** Takes the values of one interface, and says why those that are left are not carried over. */
class NicReader {
  readonly fulfilled: SourceLine[] = [];
  readonly #left: Map<string, Said[]>;
  readonly #ledger: Ledger;

  constructor(draft: NicDraft, ledger: Ledger) {
    this.#left = new Map(draft.values);
    this.#ledger = ledger;
  }

  take(key: string): readonly Said[] {
    const values = this.#left.get(key) ?? [];
    this.#left.delete(key);
    if (key === 'type' || key === 'name') this.fulfilled.push(...values.map(({ source }) => source));
    return values;
  }

  valid(key: string, schema: typeof interfaceName | typeof macAddress): Said | undefined {
    const [said] = this.take(key);
    if (!said) return undefined;
    const parsed = schema.safeParse(said.value);
    if (parsed.success) return { value: parsed.data, source: said.source };
    this.#ledger.comment(said.source, `the value ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
    return undefined;
  }

  macAddress(): Said | undefined {
    const [said] = this.#left.get('hwaddr') ?? [];
    if (!said || !/x/i.test(said.value)) return this.valid('hwaddr', macAddress);
    this.#left.delete('hwaddr');
    this.#ledger.comment(
      said.source,
      'not needed: a MAC address with `x` is made up; that of a Link follows from its name',
    );
    return undefined;
  }

  mtu(): Said<number> | undefined {
    const [said] = this.take('mtu');
    if (!said) return undefined;
    const parsed = mtu.safeParse(/^\d{1,6}$/.test(said.value) ? Number(said.value) : said.value);
    if (parsed.success) return { value: parsed.data, source: said.source };
    this.#ledger.comment(said.source, 'the value must be a number between 68 and 65535');
    return undefined;
  }

  addresses(key: string): readonly Said[] {
    return this.take(key).flatMap(({ value, source }) => {
      const [address = '', broadcast] = value.split(/\s+/);
      const whole = address.includes('/') ? address : `${address}/${classfulPrefix(address) ?? ''}`;
      const parsed = interfaceAddress.safeParse(whole);
      if (!parsed.success) {
        this.#ledger.comment(source, `the value ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
        return [];
      }
      if (broadcast !== undefined)
        this.#ledger.comment(source, 'without the broadcast address, which follows from the network');
      return [{ value: parsed.data, source }];
    });
  }

  /** What is left: keys that no field of a Link stands for. */
  rest(): void {
    for (const [key, values] of this.#left) {
      for (const { value, source } of values) {
        const needless = (key === 'flags' && value === 'up') || (key === 'veth.mode' && value === 'bridge');
        if (needless) this.fulfilled.push(source);
        else this.#ledger.comment(source, aboutKey(key));
      }
    }
  }
}

function aboutKey(key: string): string {
  if (key.startsWith('script.'))
    return 'a program that is not looked into: if it sets up the network, see to that by hand';
  if (/^veth\.ipv[46]\.route$/.test(key)) return "a Route with `via` the container's address does this";
  return 'a Link has no field for this';
}
