import { type Cidr, type Family, addressBits, contains, overlaps } from '../api/address.ts';

/*
 * nft refuses two overlapping elements in one set with concatenated ranges. So the networks and port ranges that the
 * rules of one policy set allow are cut into pieces that do not overlap.
 */

/** An inclusive range of ports of one protocol (its number). */
export interface PortRange {
  readonly protocol: number;
  readonly first: number;
  readonly last: number;
}

/** What one network allows: everything, or some ports. */
export interface Region<Owner> {
  readonly network: Cidr;
  readonly ports: readonly PortRange[] | 'everything';
  readonly owner: Owner;
}

interface Node<Owner> {
  readonly network: Cidr;
  readonly regions: Region<Owner>[];
  readonly children: Node<Owner>[];
}

/** A network minus its exceptions, as prefixes. */
export function subtract(network: Cidr, exceptions: readonly Cidr[]): Cidr[] {
  const inside = exceptions.filter((exception) => overlaps(exception, network));
  if (inside.length === 0) return [network];
  if (inside.some((exception) => exception.prefix <= network.prefix)) return [];
  return halves(network).flatMap((half) => subtract(half, inside));
}

function halves(network: Cidr): [Cidr, Cidr] {
  const prefix = network.prefix + 1;
  const bit = 1n << BigInt(addressBits(network.family) - prefix);
  return [
    { ...network, prefix },
    { ...network, prefix, value: network.value | bit },
  ];
}

/** Regions of one family without overlaps, which together allow exactly the same. */
export function disjoint<Owner>(family: Family, regions: readonly Region<Owner>[]): Region<Owner>[] {
  const root: Node<Owner> = { network: { family, value: 0n, prefix: 0 }, regions: [], children: [] };
  const ordered = regions.filter(({ network }) => network.family === family);
  ordered.sort((one, other) => one.network.prefix - other.network.prefix);
  for (const region of ordered) insert(root, region);
  return flatten(root, []);
}

function insert<Owner>(node: Node<Owner>, region: Region<Owner>): void {
  if (node.network.prefix === region.network.prefix) {
    node.regions.push(region);
    return;
  }
  const child = node.children.find(({ network }) => contains(network, region.network));
  if (child) insert(child, region);
  else node.children.push({ network: region.network, regions: [region], children: [] });
}

function flatten<Owner>(node: Node<Owner>, inherited: readonly Region<Owner>[]): Region<Owner>[] {
  const here = mergePorts([...inherited, ...node.regions]);
  // A child that adds nothing needs no piece of its own.
  const children = node.children.map((child) => ({ child, pieces: flatten(child, here) }));
  const different = children.filter(({ child }) => !addsNothing(child, here));
  const exceptions = different.map(({ child }) => child.network);
  const rest = here.length === 0 ? [] : subtract(node.network, exceptions);
  const own = rest.flatMap((network) => here.map((region) => ({ ...region, network })));
  return [...own, ...different.flatMap(({ pieces }) => pieces)];
}

function addsNothing<Owner>(node: Node<Owner>, here: readonly Region<Owner>[]): boolean {
  const text = (regions: readonly Region<Owner>[]): string =>
    JSON.stringify(regions.map(({ ports }) => ports));
  return (
    text(mergePorts([...here, ...node.regions])) === text(here) &&
    node.children.every((child) => addsNothing(child, here))
  );
}

/** One region per run of ports; overlapping and adjacent runs become one, and count for the first owner. */
function mergePorts<Owner>(regions: readonly Region<Owner>[]): Region<Owner>[] {
  const whole = regions.find(({ ports }) => ports === 'everything');
  if (whole) return [whole];
  const runs = regions
    .flatMap((region) => (region.ports as readonly PortRange[]).map((range) => ({ region, range })))
    .sort((one, other) => one.range.protocol - other.range.protocol || one.range.first - other.range.first);
  const merged: Region<Owner>[] = [];
  for (const { region, range } of runs) {
    const before = merged.at(-1);
    const previous = before && (before.ports as readonly PortRange[])[0]!;
    if (previous?.protocol === range.protocol && range.first <= previous.last + 1) {
      merged[merged.length - 1] = {
        ...before!,
        ports: [{ ...previous, last: Math.max(previous.last, range.last) }],
      };
    } else {
      merged.push({ ...region, ports: [range] });
    }
  }
  return merged;
}
