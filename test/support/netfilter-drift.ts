import type { Key } from '../../src/api/key.ts';
import { parseTable } from '../../src/kernel/nft-json.ts';
import type { ElementTexts } from '../../src/kernel/observed.ts';
import type { Element } from '../../src/netfilter/elements.ts';
import { renderDifference } from '../../src/netfilter/difference.ts';
import { type Atom, SETS, SET_NAMES, type SetName, isRateSet, overRate } from '../../src/netfilter/sets.ts';
import type { NetNs } from './netns.ts';

const TABLES = ['inet', 'bridge'] as const;

const listings = (host: NetNs) =>
  TABLES.map((family) => host.run(['nft', '-j', '-n', 'list', 'table', family, 'lxcnet']).stdout);

/** Both tables of lxcnet's as one text: chains, rules, sets, and their elements in order. */
export function filterText(host: NetNs): string {
  return listings(host)
    .map((listing) => {
      if (listing === '') return 'no table';
      const { elements, fingerprint } = parseTable(listing);
      const sets = [...elements].map(
        ([name, texts]) =>
          `${name}: ${[...texts]
            .map((pair) => pair.join(' : '))
            .sort()
            .join(', ')}`,
      );
      return [fingerprint, ...sets].join('\n');
    })
    .join('\n');
}

/** What the sets hold now. */
export function filterElements(host: NetNs): ElementTexts {
  return new Map(listings(host).flatMap((listing) => [...parseTable(listing).elements]));
}

/** A value that no manifest of the tests leads to. */
const STRANGE: Readonly<Record<Atom, string>> = {
  ifname: '"strange0"',
  classid: '1:fffe',
  ipv4_addr: '198.51.100.7',
  ipv6_addr: '2001:db8:ffff::7',
  ether_addr: '02:00:5e:00:53:07',
  inet_proto: '17',
  inet_service: '65533',
  nd_target: '0x20010db8ffff00000000000000000007',
  byte_rate: '4321',
  dhcp_hardware: '0x20000000099',
};

const strange = (atoms: readonly Atom[]): string => atoms.map((atom) => STRANGE[atom]).join(' . ');

/** One thing that somebody does to a set, as a transaction of nft's. */
interface SetDrift {
  readonly set: SetName;
  readonly fault: string;
  readonly transaction: string;
}

/** For every set: an element that is added; where it has elements, one that is deleted; of maps, one with another value. */
export function setDrifts(present: ElementTexts): SetDrift[] {
  return SET_NAMES.flatMap((set): SetDrift[] => {
    const { key, value } = SETS[set];
    const element = (text: string, of: string): Element => ({
      set,
      key: text,
      value: of,
      owner: 'Bridge/br0' as Key,
    });
    const strangeValue = value ? strange(value) : '';
    const other = element(strange(key), isRateSet(set) ? overRate(strangeValue) : strangeValue);
    const [first] = [...(present.get(set) ?? [])].map(([text, of]) => element(text, of));
    const drift = (fault: string, removals: Element[], additions: Element[]): SetDrift => ({
      set,
      fault: `${fault} ${set}`,
      transaction: renderDifference({ removals, additions }),
    });
    return [
      drift('an element added to', [], [other]),
      ...(first ? [drift('an element deleted from', [first], [])] : []),
      ...(first && value ? [drift('another value in', [first], [element(first.key, other.value)])] : []),
    ];
  });
}
