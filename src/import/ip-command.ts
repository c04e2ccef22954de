import { addressBits } from '../api/address.ts';
import type { Facts, InterfaceSetting } from './facts.ts';
import type { Ledger, SourceLine } from './ledger.ts';
import { familyOf } from './values.ts';

type Setting = Pick<InterfaceSetting, 'field' | 'value'>;

/** Reads `ip link`, `ip address` and `ip route`, with the abbreviations that ip has. */
export function readIp(
  args: readonly string[],
  source: SourceLine,
  facts: Facts,
  ledger: Ledger,
): 'query' | 'done' {
  const words = args.filter((word) => !/^-(4|6|inet6?|o|oneline|br|brief|c|color|s|d|j)$/.test(word));
  const [object = '', verb = 'show', ...rest] = words;
  const refuse = (reason: string): 'done' => {
    ledger.comment(source, reason);
    return 'done';
  };
  if (object.startsWith('-')) return refuse(`\`ip ${object.slice(0, 40)}\` has no counterpart in a manifest`);
  if (/^(s|sh|show|l|ls|list|get)$/.test(verb) && !(/^(l|li|link)$/.test(object) && verb === 's')) {
    ledger.ignore(source);
    return 'query';
  }
  if (/^l(i|in|ink)?$/.test(object)) {
    const result = /^a(d|dd)?$/.test(verb)
      ? madeLink(rest)
      : /^s(e|et)?$/.test(verb)
        ? changedLink(rest)
        : undefined;
    if (!result) return refuse('no interface that a manifest knows');
    for (const setting of result.settings)
      facts.settings.push({ interface: result.name, ...setting, source });
    return 'done';
  }
  if (/^a(d|dd|ddr|ddre|ddres|ddress)?$/.test(object) && /^(a|ad|add|replace|change)$/.test(verb)) {
    const result = addedAddress(rest);
    if (!result) return refuse('its address or interface cannot be read');
    facts.settings.push({ interface: result.name, field: 'address', value: result.address, source });
    return 'done';
  }
  if (/^r(o|ou|out|oute)?$/.test(object) && /^(a|ad|add|replace|append)$/.test(verb))
    return addedRoute(rest, source, facts, ledger);
  return refuse(`\`ip ${object.slice(0, 20)} ${verb.slice(0, 20)}\` has no counterpart in a manifest`);
}

/** `add [name] br0 type bridge`. */
function madeLink(words: readonly string[]): { name: string; settings: Setting[] } | undefined {
  const [first, ...rest] = words.filter((word) => word !== 'name' && word !== 'dev');
  const type = rest.indexOf('type');
  if (first === undefined || type < 0 || rest[type + 1] !== 'bridge' || rest.length > type + 2)
    return undefined;
  const settings = changes(rest.slice(0, type));
  return settings && { name: first, settings: [{ field: 'made', value: '' }, ...settings] };
}

/** `set [dev] br0 up mtu 1400`, `set eth1 master br0`. */
function changedLink(words: readonly string[]): { name: string; settings: Setting[] } | undefined {
  const [name, ...rest] = words[0] === 'dev' ? words.slice(1) : words;
  if (name === undefined || rest.length === 0) return undefined;
  const master = rest.indexOf('master');
  if (master < 0) {
    const settings = changes(rest);
    return settings && { name, settings };
  }
  const others = changes([...rest.slice(0, master), ...rest.slice(master + 2)]);
  const bridge = rest[master + 1];
  if (bridge === undefined || !others?.every(({ field }) => field === 'up')) return undefined;
  return { name: bridge, settings: [{ field: 'port', value: name }] };
}

function changes(words: readonly string[]): Setting[] | undefined {
  const settings: Setting[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === 'up') settings.push({ field: 'up', value: '' });
    else if (word === 'mtu') settings.push({ field: 'mtu', value: words[++index] ?? '' });
    else if (word === 'address') settings.push({ field: 'macAddress', value: words[++index] ?? '' });
    else return undefined;
  }
  return settings;
}

/** `add 10.10.20.1/24 [broadcast +] dev br0`. */
function addedAddress(words: readonly string[]): { name: string; address: string } | undefined {
  let address: string | undefined;
  let name: string | undefined;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === 'dev') name = words[++index];
    else if (/^(brd|broadcast|scope|label)$/.test(word)) index++;
    else if (word !== 'local' && word !== 'nodad' && address === undefined) address = word;
    else if (word !== 'local' && word !== 'nodad') return undefined;
  }
  if (address === undefined || name === undefined) return undefined;
  return { name, address: address.includes('/') ? address : `${address}/${addressBits(familyOf(address))}` };
}

function addedRoute(words: readonly string[], source: SourceLine, facts: Facts, ledger: Ledger): 'done' {
  const values: Record<string, string> = {};
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (/^(via|dev|metric|to)$/.test(word)) values[word] = words[++index] ?? '';
    else if (values.to === undefined) values.to = word;
    else {
      ledger.comment(source, `\`${word.slice(0, 40)}\` of a route is not carried over`);
      return 'done';
    }
  }
  const { to = '', via, dev, metric } = values;
  facts.routes.push({
    to,
    via,
    interface: dev,
    metric: metric === undefined ? undefined : Number(metric),
    source,
  });
  return 'done';
}
