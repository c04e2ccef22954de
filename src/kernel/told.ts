import { addressBits, canonicalAddress } from '../api/address.ts';
import type { NamespaceView } from './observed.ts';

/**
 * What an event of another namespace says to be so now. Interfaces are told by number: `ip monitor` looks names up in its
 * own namespace.
 */
export type Told =
  | {
      readonly index: number;
      readonly link: {
        readonly name: string;
        readonly up: boolean;
        readonly mtu: number;
        readonly mac: string;
      };
    }
  | { readonly index: number; readonly address: string }
  | { readonly route: { readonly to: string; readonly via: string; readonly protocol: string } }
  /** A route of the kernel's own: it comes with an address or an interface, of which there is an event, too. */
  | 'kernel route';

const MAIN_TABLE = 254;
/** What the kernel gives an IPv6 route that has none. */
const USUAL_METRIC6 = 1024;

const LINK =
  /^(?<index>\d+): (?<name>[^@:\s]+)(?:@\S+)?: <(?<flags>[A-Z_,-]*)> mtu (?<mtu>\d+) .*\blink\/ether (?<mac>[0-9a-f:]{17}) /;
const ADDRESS = /^(?<index>\d+): \S+ +inet6? (?<address>\S+) .*?\bscope (?<scope>\w+) /;
const ROUTE =
  /^(?<to>default|[0-9a-f.:/]+) via (?<via>[0-9a-f.:]+) dev \S+ proto (?<protocol>\w+) (?:metric 1024 pref medium)?\s*$/;

/** Reads the rest of a line of `ip -o monitor … all-nsid`. @returns `undefined` for what is told in another way. */
export function parseTold(text: string): Told | undefined {
  const address = ADDRESS.exec(text)?.groups;
  if (address) {
    const { index, address: text = '' } = address;
    return { index: Number(index), address: networkText(text, familyOf(text)) };
  }
  const link = LINK.exec(text)?.groups;
  if (link) {
    const { index, name = '', flags = '', mtu, mac = '' } = link;
    return {
      index: Number(index),
      link: { name, up: flags.split(',').includes('UP'), mtu: Number(mtu), mac },
    };
  }
  if (/^[^\\]* proto kernel /.test(text)) return 'kernel route';
  const route = ROUTE.exec(text)?.groups;
  if (!route) return undefined;
  const { to = '', via = '', protocol = '' } = route;
  return { route: { to: networkText(to, familyOf(via)), via: canonicalAddress(via), protocol } };
}

/** Whether a look has seen all of it already, so that it gives no reason for another. */
export function isKnown(told: Told, view: NamespaceView): boolean {
  if (told === 'kernel route') return true;
  if ('route' in told) {
    const { to, via, protocol } = told.route;
    return view.routes.some(
      (route) =>
        route.to === to &&
        route.via === via &&
        route.protocol === protocol &&
        route.table === MAIN_TABLE &&
        route.metric === (route.family === 6 ? USUAL_METRIC6 : 0),
    );
  }
  const device = [...view.interfaces.values()].find(({ index }) => index === told.index);
  if (!device) return false;
  if ('address' in told)
    return device.addresses.includes(told.address) || (device.linkLocal && /^fe[89ab]/.test(told.address));
  const { name, up, mtu, mac } = told.link;
  return device.name === name && device.up === up && device.mtu === mtu && device.mac === mac;
}

function familyOf(text: string): 4 | 6 {
  return text.includes(':') ? 6 : 4;
}

/** A network as an observed route has it; an address alone is one of its own. */
function networkText(text: string, family: 4 | 6): string {
  if (text === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  const [address = '', prefix] = text.split('/');
  return `${canonicalAddress(address)}/${prefix ?? addressBits(family)}`;
}
