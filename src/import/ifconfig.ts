import { parseAddress } from '../api/address.ts';
import type { Facts, InterfaceSetting } from './facts.ts';
import type { Ledger, SourceLine } from './ledger.ts';
import { classfulPrefix, prefixOf } from './values.ts';

/** Reads `ifconfig br0 10.10.20.1/24 up` and its other forms. */
export function readIfconfig(
  args: readonly string[],
  source: SourceLine,
  facts: Facts,
  ledger: Ledger,
): 'query' | 'done' {
  const [name, ...words] = args;
  if (name === undefined || name.startsWith('-') || words.length === 0) {
    ledger.ignore(source);
    return 'query';
  }
  const settings: Pick<InterfaceSetting, 'field' | 'value'>[] = [];
  let address: string | undefined;
  let mask: string | undefined;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const value = (): string => words[++index] ?? '';
    if (word === 'up') settings.push({ field: 'up', value: '' });
    else if (word === 'netmask') mask = value();
    else if (word === 'broadcast') value();
    else if (word === 'mtu') settings.push({ field: 'mtu', value: value() });
    else if (word === 'hw' && words[index + 1] === 'ether') {
      index++;
      settings.push({ field: 'macAddress', value: value() });
    } else if (word === 'add' || word === 'inet' || word === 'inet6') continue;
    else if (/^[\da-f:.]+(\/\d{1,3})?$/i.test(word) && address === undefined) address = word;
    else {
      ledger.comment(source, `\`${word.slice(0, 40)}\` has no counterpart in a manifest`);
      return 'done';
    }
  }
  if (address !== undefined) {
    const value = withPrefix(address, mask);
    if (value === undefined) {
      ledger.comment(source, 'its address cannot be read');
      return 'done';
    }
    // 0.0.0.0 takes the address away, as is done before an interface joins a bridge.
    settings.push(value.startsWith('0.0.0.0/') ? { field: 'up', value: '' } : { field: 'address', value });
  }
  for (const setting of settings) facts.settings.push({ interface: name, ...setting, source });
  return 'done';
}

function withPrefix(address: string, mask: string | undefined): string | undefined {
  if (address.includes('/')) return address;
  if (!parseAddress(address)) return undefined;
  const prefix = mask === undefined ? classfulPrefix(address) : prefixOf(mask);
  return prefix === undefined ? undefined : `${address}/${prefix}`;
}
