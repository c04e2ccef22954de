import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLxcNics } from '../../src/kernel/lxc-config.ts';
import { parseInterfaceEvent } from '../../src/kernel/monitor.ts';
import { netfilterEvents } from '../../src/kernel/nft-monitor.ts';
import { parseTable } from '../../src/kernel/nft-json.ts';
import { parseTold } from '../../src/kernel/told.ts';

/* What a container, or somebody else on the host, can put into these texts must neither stop the daemon nor hold it up. */

const RUNS = { numRuns: 2_000 };
/** A line may be so long, and is to be read within so many milliseconds: quadratic, it would take many times as long. */
const LONG = 100_000;
const SOON = 1_000;

const LINES = [
  '[nsid current]Deleted 2: va    inet 10.1.2.1/24 scope global va\\       valid_lft forever',
  '[nsid 0]2: eth0@if3: <BROADCAST,UP> mtu 1500 qdisc noqueue \\    link/ether 02:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff',
  '[nsid 12]default via fd00:20::1 dev br0 proto 199 metric 1024 pref medium',
  '[nsid 0]2: br0    inet6 fd00:20::5/64 scope global nodad \\       valid_lft forever',
  '[nsid current]local fd00:7::1 dev va table local proto kernel metric 0 pref medium',
  'element inet lxcnet bridges',
  'rule inet other',
  'generation 42 nft',
  'lxc.net.0.ipv4.address = 10.10.20.10/24 10.10.20.255',
  'lxc.net.0.type = veth',
];
const WORDS = [...new Set(LINES.flatMap((line) => line.split(/(?=[ =:@.[\]])/)))];

/** Texts that begin as real ones do, and go on in every way. */
const line = fc.oneof(
  fc
    .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...WORDS) }, fc.string({ unit: 'binary' })))
    .map(joined),
  fc
    .tuple(fc.constantFrom(...LINES), fc.nat(), fc.nat(8), fc.string({ unit: 'binary' }))
    .map(([text, at, count, other]) => {
      const start = at % text.length;
      return text.slice(0, start) + other + text.slice(start + count);
    }),
);
/** A line in which one part is repeated until it is long. */
const longLine = fc
  .tuple(
    fc.constantFrom(...LINES),
    fc.nat(),
    fc.oneof(fc.constantFrom(...WORDS), fc.string({ minLength: 1 })),
  )
  .map(([text, at, word]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + word.repeat(Math.ceil(LONG / word.length)) + text.slice(start);
  });

function joined(parts: readonly string[]): string {
  return parts.join('');
}

/** All of them, since the same line may reach each. */
function readAll(text: string): void {
  const event = parseInterfaceEvent(text);
  if (event?.part === 'namespace') expect(Number.isInteger(event.id)).toBe(true);
  if (event?.part === 'host' && event.device !== undefined) expect(event.device).toMatch(/^[\w.-]{1,15}$/);
  const told = parseTold(text);
  if (told !== undefined && told !== 'kernel route' && 'link' in told) expect(told.link.mtu).not.toBeNaN();
  for (const netfilter of netfilterEvents()(text))
    if (netfilter.part === 'netfilter') expect(netfilter.process).not.toBeNaN();
  for (const { name, addresses } of parseLxcNics(text))
    expect([name, ...addresses].join('')).not.toContain('\n');
}

describe('lines of the monitors and of LXC', () => {
  it('are read without an error, whatever they say', () => {
    fc.assert(fc.property(line, readAll), RUNS);
  });

  it('of one monitor are read one after the other, and leave nothing behind a generation', () => {
    const [change, generation] = ['rule inet lxcnet', 'generation 42 nft'];
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const read = netfilterEvents();
        for (const text of [...lines.filter((one) => !one.includes('\n')), generation]) read(text);
        expect(read(generation)).toEqual([]);
        read(change);
        expect(read(generation)).toEqual([{ part: 'netfilter', process: 42, name: 'nft' }]);
      }),
      { numRuns: 500 },
    );
  });

  it('are read in no time, however long they are', () => {
    fc.assert(
      fc.property(longLine, (text) => {
        const start = performance.now();
        readAll(text);
        expect(performance.now() - start, text.slice(0, 80)).toBeLessThan(SOON);
      }),
      { numRuns: 200 },
    );
  });
});

/** As nft 1.0.6 prints it, shortened: a set or a map of each sort. */
const LISTING = {
  nftables: [
    { metainfo: { version: '1.0.6', json_schema_version: 1 } },
    { table: { family: 'inet', name: 'lxcnet', handle: 3 } },
    {
      set: {
        family: 'inet',
        name: 'bridges',
        table: 'lxcnet',
        type: 'ifname',
        handle: 5,
        elem: ['br0', 'br1'],
      },
    },
    {
      map: {
        family: 'inet',
        name: 'dnat_interface4',
        table: 'lxcnet',
        type: ['ifname', 'inet_proto', 'inet_service'],
        handle: 7,
        map: 'ipv4_addr . inet_service',
        elem: [
          [
            { elem: { val: { concat: ['eth0', 6, 80] }, counter: { packets: 3, bytes: 180 } } },
            { concat: ['10.0.0.1', 8080] },
          ],
        ],
      },
    },
    {
      set: {
        name: 'networks6',
        type: 'ipv6_addr',
        flags: ['interval'],
        elem: [{ prefix: { addr: 'fd00::', len: 8 } }, { range: ['::1', '::9'] }, '::'],
      },
    },
    {
      set: {
        name: 'bandwidth_egress',
        type: 'ifname',
        elem: [
          {
            elem: {
              val: 'lx-vm1',
              limit: { rate: 3, burst: 64, per: 'second', inv: true, rate_unit: 'mbytes' },
            },
          },
        ],
      },
    },
    { set: { name: 'nd_targets', type: ['ifname', 'integer'], elem: [{ concat: ['lx-vm1', '0xfd00'] }] } },
    {
      chain: {
        family: 'inet',
        table: 'lxcnet',
        name: 'forward',
        handle: 9,
        hook: 'forward',
        prio: 0,
        policy: 'drop',
      },
    },
    { rule: { family: 'inet', table: 'lxcnet', chain: 'forward', handle: 10, expr: [{ drop: null }] } },
  ],
};

type Path = readonly (string | number)[];

/** Where all values of a document are. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((inner, index) => [index, inner] as const)
    : Object.entries(value);
  return [path, ...entries.flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaced(value: unknown, path: Path, other: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return other;
  if (Array.isArray(value))
    return value.map((inner, index) => (index === first ? replaced(inner, rest, other) : (inner as unknown)));
  const record = value as Record<string, unknown>;
  return { ...record, [first]: replaced(record[first], rest, other) };
}

const PATHS = pathsOf(LISTING);
const other = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    '',
    '"',
    'a"; flush ruleset; "',
    '-1',
    '1e9',
    ' 7 ',
    '0x',
    '9'.repeat(400),
    null,
    -1,
    1.5,
    2 ** 60,
  ),
);
const mutation = fc.tuple(fc.constantFrom(...PATHS), other);

describe('a listing of tables of which somebody has changed a value', () => {
  it('is read, or is refused with an error that says why', () => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        const changed = mutations.reduce<unknown>((value, [path, text]) => {
          try {
            return replaced(value, path, text);
          } catch {
            return value; // what the path leads through has gone
          }
        }, LISTING);
        try {
          const { elements } = parseTable(JSON.stringify(changed));
          for (const texts of elements.values())
            for (const pair of texts) for (const text of pair) expect(typeof text).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          // That would be a mistake of the reader's.
          expect(error).not.toBeInstanceOf(TypeError);
        }
      }),
      RUNS,
    );
  });

  it('never has a name of an interface that could leave its quotes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('a"', 'a" . "b', 'x\n', '', 'a b', '*')), (name) => {
        const table =
          (elem: unknown): (() => unknown) =>
          () =>
            parseTable(
              JSON.stringify({
                nftables: [{ set: { name: 's', type: ['ifname', 'inet_proto'], elem: [elem] } }],
              }),
            );
        const read = table({ concat: [name, 6] });
        if (/^[\w.+@:=,%~-]{1,15}$/.test(name)) expect(read).not.toThrow();
        else expect(read).toThrow("as an interface's name");
      }),
      RUNS,
    );
  });

  it('has another fingerprint wherever a chain, a rule or a declaration is another', () => {
    const before = parseTable(JSON.stringify(LISTING)).fingerprint;
    const structural = PATHS.filter(([, , kind, field]) =>
      kind === 'chain' || kind === 'rule'
        ? field !== undefined && field !== 'handle'
        : (kind === 'set' || kind === 'map') && /^(?:name|type|map|flags)$/.test(String(field)),
    );
    expect(structural.length).toBeGreaterThan(20);
    fc.assert(
      fc.property(fc.constantFrom(...structural), fc.constantFrom('strange', 7), (path, value) => {
        let now: string | undefined;
        try {
          now = parseTable(JSON.stringify(replaced(LISTING, path, value))).fingerprint;
        } catch {
          return; // a listing that cannot be read is made anew as well
        }
        expect(now, path.join('.')).not.toBe(before);
      }),
    );
  });

  it('is read in no time, however long a value is', () => {
    for (const path of PATHS) {
      const start = performance.now();
      try {
        parseTable(JSON.stringify(replaced(LISTING, path, '9'.repeat(LONG))));
      } catch {
        // refused
      }
      expect(performance.now() - start, path.join('.')).toBeLessThan(SOON);
    }
  });
});
