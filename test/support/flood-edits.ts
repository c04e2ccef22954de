import {
  KEPT,
  NAMES,
  type Name,
  PLACES,
  type Place,
  blocks,
  both,
  bridge,
  forward,
  link,
  peer,
  policy,
} from './flood-world.ts';

type Document = Readonly<Record<string, unknown>>;

/** Where the manifests go. */
export interface Directory {
  write(file: string, ...documents: readonly Document[]): void;
  remove(file: string): void;
}

/** A sequence that a seed determines. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number below the limit (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  some<T>(values: readonly T[], most: number): T[] {
    return Array.from({ length: 1 + this.below(most) }, () => this.of(values));
  }
}

/** Where what is toggled is, by kind. */
export const TOGGLE_FILES: Readonly<Record<string, string>> = {
  NetworkPolicy: 'toggle-policy.yaml',
  PortForward: 'toggle-forward.yaml',
};
const POLICIES = 14;
const FORWARDS = 6;
/** Ends that no forbidden packet is stopped at: anything may be opened there. */
const OPEN: readonly (readonly [Name, 'Ingress' | 'Egress'])[] = [
  ['a', 'Ingress'],
  ['b', 'Egress'],
  ['c', 'Ingress'],
  ['c', 'Egress'],
  ['d', 'Egress'],
  ['e', 'Ingress'],
  ['e', 'Egress'],
];
const NAMESPACES: readonly Place['namespace'][] = ['default', 'prod'];
const CIDRS = ['0.0.0.0/0', '::/0', '10.10.20.0/24', 'fd00:20::/64', '10.10.20.8/30', '192.168.254.0/24'];

/** Random edits of everything but what is kept; each is one or more files written anew or removed. */
export class Edits {
  readonly #chance: Chance;
  readonly #directory: Directory;
  readonly #netns: ReadonlyMap<string, string>;
  readonly #present = new Set<string>();
  #keptFile = 0;

  constructor(seed: number, directory: Directory, netns: ReadonlyMap<string, string>) {
    this.#chance = new Chance(seed);
    this.#directory = directory;
    this.#netns = netns;
  }

  /** What is there before the first edit. */
  begin(): void {
    this.#write('kept-0.yaml', ...KEPT);
    for (const name of ['br0', 'br1'] as const) this.#write(`${name}.yaml`, bridge(name, 'Deny'));
    for (const name of NAMES) this.#write(`link-${name}.yaml`, link(name, this.#netns.get(name)!, {}));
    this.#namespaces();
  }

  isThere(file: string): boolean {
    return this.#present.has(file);
  }

  /** A whole number below the limit, of the same sequence. */
  below(limit: number): number {
    return this.#chance.below(limit);
  }

  /** One edit. @returns what it was, for whoever wants to try it by hand. */
  next(): string {
    const dice = this.#chance.below(100);
    if (dice < 25) return this.#link();
    if (dice < 65) return this.#policy();
    if (dice < 83) return this.#forward();
    if (dice < 90) return this.#namespaces();
    if (dice < 96) {
      const name = this.#chance.of(['br0', 'br1'] as const);
      return this.#write(`${name}.yaml`, bridge(name, this.#chance.of(['Allow', 'Deny'])));
    }
    if (dice < 98) return this.#moveKept();
    return [this.#policy(), this.#link(), this.#policy()].join('\n');
  }

  /** Opens or closes what is toggled. @returns what it was. */
  toggle(open: boolean): string {
    const target = (spec: Document): Document =>
      policy('prod', 'toggle', { podSelector: { matchLabels: { app: 'd' } }, ...spec });
    const from = [peer('c')];
    const lan = ['192.168.254.0/24', 'fd00:254::/64'];
    const ports = [
      { port: 7070, targetPort: 70 },
      { protocol: 'UDP', port: 7070, targetPort: 70 },
    ];
    const gate = (name: Name, spec: Document = {}): Document => forward('toggle', name, ports, spec);
    const elsewhere = ports.map((port) => ({ ...port, port: 7071 }));
    const policies = open
      ? [
          target({ ingress: [{ from, ports: both(70) }] }),
          target({ ingress: [{ from: [...from, peer('a')], ports: both(70) }] }),
          target({ ingress: [{ from: blocks('10.10.20.0/24', 'fd00:20::/64'), ports: both(70) }] }),
          target({ ingress: [{ from, ports: both(60).map((port) => ({ ...port, endPort: 75 })) }] }),
        ]
      : [
          undefined,
          target({ ingress: [] }),
          target({ ingress: [{ from: [peer('b')], ports: both(70) }] }),
          target({ ingress: [{ from, ports: both(71) }] }),
          target({ ingress: [{ from: blocks('10.10.20.0/29', 'fd00:20::/124'), ports: both(70) }] }),
        ];
    const forwards = open
      ? [gate('d'), gate('d', { sources: lan }), gate('d', { sources: ['0.0.0.0/0', ...lan] })]
      : [
          undefined,
          gate('e'),
          gate('d', { sources: ['192.168.253.0/24', 'fd00:253::/64'] }),
          forward('toggle', 'd', elsewhere),
        ];
    return [
      this.#put(TOGGLE_FILES.NetworkPolicy!, this.#chance.of(policies)),
      this.#put(TOGGLE_FILES.PortForward!, this.#chance.of(forwards)),
    ].join('\n');
  }

  #write(file: string, ...documents: readonly Document[]): string {
    this.#present.add(file);
    this.#directory.write(file, ...documents);
    return `${file}: ${JSON.stringify(documents)}`;
  }

  #put(file: string, document: Document | undefined): string {
    if (document) return this.#write(file, document);
    if (this.#present.delete(file)) this.#directory.remove(file);
    return `${file}: removed`;
  }

  #labels(): Readonly<Record<string, string>> {
    const labels: Record<string, string> = {};
    if (this.#chance.below(3) > 0) labels.role = this.#chance.of(['x', 'y', 'z']);
    if (this.#chance.below(3) > 0) labels.tier = this.#chance.of(['p', 'q']);
    return labels;
  }

  #link(): string {
    const name = this.#chance.of(NAMES);
    return this.#write(`link-${name}.yaml`, link(name, this.#netns.get(name)!, this.#labels()));
  }

  #namespaces(): string {
    const documents = NAMESPACES.map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: this.#labels() },
    }));
    return this.#write('namespaces.yaml', ...documents);
  }

  /** What stays is in another file now: that must not be a gap. */
  #moveKept(): string {
    const before = `kept-${this.#keptFile}.yaml`;
    this.#keptFile = 1 - this.#keptFile;
    const after = `kept-${this.#keptFile}.yaml`;
    this.#put(before, undefined);
    this.#write(after, ...KEPT);
    return `${before} becomes ${after}`;
  }

  #forward(): string {
    const number = this.#chance.below(FORWARDS);
    const file = `forward-${number}.yaml`;
    if (this.#present.has(file) && this.#chance.below(3) === 0) return this.#put(file, undefined);
    const ports = this.#chance.some(
      ['TCP', 'UDP'].flatMap((protocol) => [
        { protocol, port: 9000 + number * 10, targetPort: 90 },
        { protocol, port: 9001 + number * 10, endPort: 9004 + number * 10, targetPort: 91 },
      ]),
      1,
    );
    const sources = this.#chance.of([undefined, ['192.168.254.0/24'], ['10.10.20.0/24', 'fd00::/16']]);
    const interfaces = this.#chance.of([['eth0'], undefined]);
    const spec = { ...(sources && { sources }), interfaces };
    return this.#write(file, forward(`random-${number}`, this.#chance.of(NAMES), ports, spec));
  }

  #policy(): string {
    const number = this.#chance.below(POLICIES);
    const file = `policy-${number}.yaml`;
    if (this.#present.has(file) && this.#chance.below(4) === 0) return this.#put(file, undefined);
    const isWide = this.#chance.below(3) === 0;
    const spec = isWide ? this.#wide() : this.#narrow();
    return this.#write(file, policy(spec.namespace, `random-${number}`, spec.spec));
  }

  /** Of one open end: everything, a protocol, or what a narrow one has. */
  #wide(): { namespace: Place['namespace']; spec: Document } {
    const [name, direction] = this.#chance.of(OPEN);
    const rules = this.#chance.of([
      [{}],
      [{ ports: [{ protocol: this.#chance.of(['TCP', 'UDP']) }] }],
      [{ [direction === 'Ingress' ? 'from' : 'to']: this.#peers() }],
      [],
    ]);
    const podSelector = { matchLabels: { app: name } };
    const spec = { podSelector, policyTypes: [direction], [direction.toLowerCase()]: rules };
    return { namespace: PLACES[name].namespace, spec };
  }

  /** Of any links, for ports that nothing else is about. */
  #narrow(): { namespace: Place['namespace']; spec: Document } {
    const podSelector = this.#chance.of([
      {},
      { matchLabels: { app: this.#chance.of(NAMES) } },
      { matchLabels: { role: this.#chance.of(['x', 'y']) } },
      { matchExpressions: [{ key: 'tier', operator: this.#chance.of(['Exists', 'DoesNotExist']) }] },
    ]);
    const ports = (): Document[] =>
      this.#chance.some<Document>(
        [
          ...both(90),
          ...both(95),
          { port: 91, endPort: 94 },
          { protocol: 'UDP', port: 90, endPort: 99 },
          { port: 'web' },
        ],
        2,
      );
    const rules = (side: 'from' | 'to'): Document[] =>
      this.#chance.some([0, 1, 2], 2).map((shape) => ({
        ports: ports(),
        ...(shape > 0 && { [side]: this.#peers() }),
      }));
    const spec = this.#chance.of<Document>([
      { podSelector, ingress: rules('from') },
      { podSelector, policyTypes: ['Egress'], egress: rules('to') },
      { podSelector, policyTypes: ['Ingress', 'Egress'], ingress: rules('from'), egress: rules('to') },
      { podSelector, policyTypes: ['Ingress', 'Egress'] },
    ]);
    return { namespace: this.#chance.of(NAMESPACES), spec };
  }

  #peers(): Document[] {
    return this.#chance.some<Document>(
      [
        { podSelector: {} },
        { podSelector: { matchLabels: { role: 'x' } } },
        { namespaceSelector: { matchLabels: { tier: 'p' } } },
        { namespaceSelector: {}, podSelector: { matchLabels: { tier: 'q' } } },
        ...blocks(this.#chance.of(CIDRS)),
        { ipBlock: { cidr: '10.10.0.0/16', except: ['10.10.20.10/31'] } },
      ],
      2,
    );
  }
}
