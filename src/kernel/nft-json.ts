import { z } from 'zod';
import type { ElementTexts } from './observed.ts';

/*
 * What `nft -j -n list table` prints, reduced to sets and chains. Keys and values are turned into the text that nft
 * accepts as input, so that what was written and what is read back compare as strings.
 */

type AtomRenderer = (atom: unknown, type: string) => string;

/** One of lxcnet's tables as the kernel has it. */
export interface TableListing {
  readonly elements: ElementTexts;
  /** Packets that each counting element has seen, by set and key. */
  readonly packets: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly chains: ReadonlySet<string>;
  /** Chains, sets and rules without handles and counters, to see whether one was changed. */
  readonly fingerprint: string;
}

const setInfo = z.object({
  name: z.string(),
  type: z.union([z.string(), z.array(z.string())]),
  map: z.union([z.string(), z.array(z.string())]).optional(),
  elem: z.array(z.unknown()).default([]),
  flags: z.unknown().optional(),
  size: z.unknown().optional(),
  timeout: z.unknown().optional(),
});
const chainInfo = z.looseObject({ name: z.string() });
const listing = z.object({
  nftables: z.array(
    z.object({
      set: setInfo.optional(),
      map: setInfo.optional(),
      chain: chainInfo.optional(),
      rule: z.looseObject({}).optional(),
    }),
  ),
});

/**
 * Reads a listing.
 *
 * @throws {Error} When it has another shape; a decision must not rest on half a listing.
 */
export function parseTable(stdout: string): TableListing {
  const elements = new Map<string, ReadonlyMap<string, string>>();
  const packets = new Map<string, ReadonlyMap<string, number>>();
  const chains = new Set<string>();
  const structure: unknown[] = [];
  for (const { set, map, chain, rule } of listing.parse(JSON.parse(stdout)).nftables) {
    const definition = set ?? map;
    if (definition) {
      const read = readElements(definition);
      elements.set(definition.name, read.texts);
      packets.set(definition.name, read.packets);
      const { name, type, map: values, flags, size, timeout } = definition;
      structure.push([
        name,
        type,
        values,
        flags,
        ...((size ?? timeout) === undefined ? [] : [{ size, timeout }]),
      ]);
    }
    if (chain) {
      chains.add(chain.name);
      structure.push({ ...chain, handle: 0 });
    }
    if (rule) structure.push({ ...rule, handle: 0 });
  }
  return { elements, packets, chains, fingerprint: JSON.stringify(structure) };
}

function readElements(definition: z.output<typeof setInfo>): {
  texts: ReadonlyMap<string, string>;
  packets: ReadonlyMap<string, number>;
} {
  const keyTypes = [definition.type].flat();
  const valueTypes =
    typeof definition.map === 'string' ? definition.map.split(' . ') : (definition.map ?? []);
  const texts = new Map<string, string>();
  const packets = new Map<string, number>();
  for (const entry of definition.elem) {
    const [left, right] =
      definition.map !== undefined && Array.isArray(entry) ? (entry as unknown[]) : [entry, undefined];
    const { value, count, limit = '' } = unwrap(left);
    const key = concatText(value, keyTypes);
    texts.set(key, right === undefined ? limit : concatText(right, valueTypes));
    if (count !== undefined) packets.set(key, count);
  }
  return { texts, packets };
}

const limitInfo = z.object({
  rate: z.number(),
  burst: z.number().default(0),
  per: z.string(),
  inv: z.boolean().default(false),
  rate_unit: z.string().default('packets'),
  burst_unit: z.string().default('bytes'),
});
const stateful = z.object({
  elem: z.object({
    val: z.unknown(),
    // `null` where nft was asked to leave the counters out.
    counter: z.object({ packets: z.number() }).nullish(),
    limit: limitInfo.optional(),
  }),
});

function unwrap(left: unknown): {
  readonly value: unknown;
  readonly count?: number | undefined;
  readonly limit?: string | undefined;
} {
  if (!isRecord(left) || !('elem' in left)) return { value: left };
  const parsed = stateful.safeParse(left);
  if (!parsed.success) return { value: left };
  const { val, counter, limit } = parsed.data.elem;
  return { value: val, count: counter?.packets, limit: limit && limitText(limit) };
}

const BYTES: Readonly<Partial<Record<string, number>>> = { bytes: 1, kbytes: 1024, mbytes: 1024 ** 2 };

/** The limit of one element in bytes; nft prints the largest unit. How many packets is said of a set, not of an element. */
function limitText({ rate, burst, per, inv, ...units }: z.output<typeof limitInfo>): string | undefined {
  const [unit, burstUnit] = [BYTES[units.rate_unit], BYTES[units.burst_unit]];
  if (unit === undefined || burstUnit === undefined) return undefined;
  return `limit rate${inv ? ' over' : ''} ${rate * unit} bytes/${per} burst ${burst * burstUnit} bytes`;
}

function concatText(value: unknown, types: readonly string[]): string {
  const parts = isRecord(value) && Array.isArray(value.concat) ? (value.concat as unknown[]) : [value];
  return parts.map((part, index) => atomText(part, types[index] ?? '')).join(' . ');
}

const atomText: AtomRenderer = (atom, type) => {
  if (typeof atom === 'string') {
    if (type === 'ifname') return quotedName(atom);
    return type === 'integer' ? `0x${BigInt(atom).toString(16).padStart(32, '0')}` : atom;
  }
  // Of 64 bits at most; nft prints longer ones as texts.
  if (typeof atom === 'number') return type === 'integer' ? `0x${atom.toString(16)}` : String(atom);
  if (isRecord(atom) && isRecord(atom.prefix))
    return `${String(atom.prefix.addr)}/${String(atom.prefix.len)}`;
  if (isRecord(atom) && Array.isArray(atom.range)) return atom.range.map(String).join('-');
  throw new Error(`Cannot read ${JSON.stringify(atom)} in nft's listing`);
};

/**
 * What stands in our tables may have been put there by somebody else, and is written back to be deleted: a name that
 * could leave its quotes makes the listing unreadable, and the tables are made anew.
 */
function quotedName(name: string): string {
  if (!/^[A-Za-z0-9_.+@:=,%~-]{1,15}$/.test(name))
    throw new Error(`Cannot use ${JSON.stringify(name)} as an interface's name`);
  return `"${name}"`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
