/** The part of the filter that a container must not be without. */
export interface ExpectedFilter {
  /** The chain that only the tables of this layout have. */
  readonly layout: string;
  /** How many rules each chain has, by `FAMILY CHAIN`. */
  readonly chains: Readonly<Record<string, number>>;
  readonly elements: readonly ExpectedElement[];
}

export interface ExpectedElement {
  readonly table: 'inet' | 'bridge';
  readonly set: string;
  readonly key: string;
  /** Empty for plain sets. */
  readonly value: string;
}

/** What `nft -n` is asked for the elements: it prints a block for each, and nothing after the first that is missing. */
export function elementQuery({ elements }: ExpectedFilter): string {
  return elements.map(({ table, set, key }) => `get element ${table} lxcnet ${set} { ${key} }\n`).join('');
}

/** The options and commands that `nft` is asked for, each by itself: chains and rules, and no elements. */
export const TABLE_QUERIES = (['inet', 'bridge'] as const).map(
  (family) => `-j -n -t list table ${family} lxcnet`,
);

/**
 * The first thing that is missing, in words; nothing where all is as it should be.
 *
 * @param tables What nft printed for each of {@link TABLE_QUERIES}.
 * @param found What it printed for {@link elementQuery}.
 */
export function whatIsMissing(
  expected: ExpectedFilter,
  tables: readonly string[],
  found: string,
): string | undefined {
  const wrong = wrongTables(expected, tables);
  if (wrong !== undefined) return wrong;
  const present = readElements(found);
  for (const { table, set, key, value } of expected.elements) {
    const there = present.get(`${table} ${set} ${key}`);
    const what = `${key.replaceAll('"', '')} in ${set} of table ${table} lxcnet`;
    if (there === undefined) return `there is no ${what}`;
    if (there !== value) return `${what} is ${there}, not ${value}`;
  }
  return undefined;
}

interface Listing {
  readonly nftables: readonly {
    readonly chain?: { readonly name: string };
    readonly rule?: { readonly chain: string };
  }[];
}

function wrongTables({ layout, chains }: ExpectedFilter, tables: readonly string[]): string | undefined {
  const sizes = new Map<string, number>();
  for (const [index, family] of (['inet', 'bridge'] as const).entries()) {
    const text = tables[index] ?? '';
    if (!text.startsWith('{')) return `the table ${family} lxcnet is not there`;
    for (const { chain, rule } of (JSON.parse(text) as Listing).nftables) {
      if (chain) sizes.set(`${family} ${chain.name}`, 0);
      const name = rule && `${family} ${rule.chain}`;
      if (name !== undefined) sizes.set(name, (sizes.get(name) ?? 0) + 1);
    }
    if (!sizes.has(`${family} ${layout}`))
      return `the table ${family} lxcnet is that of another version of lxcnet, or is not whole: it has no chain ${layout}`;
  }
  for (const [name, size] of Object.entries(chains)) {
    const [family = '', chain = ''] = name.split(' ');
    const there = sizes.get(name) ?? 'no';
    if (there !== size) return `the chain ${chain} of table ${family} lxcnet has ${there} rules, not ${size}`;
  }
  return undefined;
}

/** `FAMILY SET KEY` → value. nft prints one block per element that was asked for. */
function readElements(text: string): ReadonlyMap<string, string> {
  const elements = new Map<string, string>();
  let table = '';
  let set = '';
  for (const line of text.split('\n')) {
    table = /^table (?<family>\w+) lxcnet \{$/.exec(line)?.groups?.family ?? table;
    set = /^\t(?:set|map) (?<name>\w+) \{$/.exec(line)?.groups?.name ?? set;
    const element = /^\t\telements = \{ (?<element>.*) \}$/.exec(line)?.groups?.element;
    if (element === undefined) continue;
    const [key = '', value = ''] = element.replace(/ counter packets \d+ bytes \d+/, '').split(' : ');
    elements.set(`${table} ${set} ${key}`, value);
  }
  return elements;
}
