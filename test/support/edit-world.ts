import { COUNTS, FIELDS, type Kind, type Value, rules } from './edit-fields.ts';
import { bridge, forward, link, policy, route } from './manifests.ts';

/** A small world of which each field of each kind is edited at random, as a seed determines. */
export class EditWorld {
  readonly #resources: readonly { kind: Kind; number: number; chosen: Record<string, number> }[];
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
    this.#resources = (Object.keys(COUNTS) as Kind[]).flatMap((kind) =>
      Array.from({ length: COUNTS[kind] }, (_, number) => ({
        kind,
        number,
        chosen: Object.fromEntries(
          Object.entries(FIELDS[kind]).map(([field, values]) => [field, this.below(values.length)]),
        ),
      })),
    );
  }

  /** A whole number below another, of the same sequence. */
  below(limit: number): number {
    this.#state = (this.#state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((this.#state / 2_147_483_648) * limit);
  }

  /** Edits one field. @returns what it was, for whoever wants to try it by hand. */
  edit(): string {
    const { kind, number, chosen } = this.#resources[this.below(this.#resources.length)]!;
    const fields = Object.keys(FIELDS[kind]);
    const field = fields[this.below(fields.length)]!;
    const before = this.#value(kind, number, field);
    chosen[field] = this.below(FIELDS[kind][field]!.length);
    const [from, to] = [before, this.#value(kind, number, field)].map((value) => JSON.stringify(value));
    return `${kind}${number}: ${field} ${from} → ${to}`;
  }

  /** @param netns The names of the three containers' network namespaces. */
  documents(netns: readonly string[]): object[] {
    return this.#resources.flatMap(({ kind, number }) => {
      const of = (field: string): Value => this.#value(kind, number, field);
      if (of('isThere') === false) return [];
      return [stripped(this.#document(kind, number, of, netns))];
    });
  }

  #document(kind: Kind, number: number, of: (field: string) => Value, netns: readonly string[]): object {
    switch (kind) {
      case 'bridge': {
        const { network: _, ...spec } = this.#spec(kind, number);
        const net = this.#network(number);
        return bridge(`br${number}`, { ...spec, addresses: [`10.10.${net}.1/24`, `fd00:${net}::1/64`] });
      }
      case 'link': {
        const { families: _, app, ...spec } = this.#spec(kind, number);
        const [net, families] = [this.#network(Number(of('bridge'))), of('families') as number[]];
        const addresses = { 4: `10.10.${net}.${10 + number}/24`, 6: `fd00:${net}::${10 + number}/64` };
        const six = !families.includes(4);
        return link(
          `l${number}`,
          netns[Number(of('container'))]!,
          0,
          {
            ...spec,
            bridge: `br${Number(of('bridge'))}`,
            container: { netns: netns[Number(of('container'))] },
            addresses: families.map((family) => addresses[family as 4 | 6]),
            // Of several links in a container one can have the default route.
            gateway: this.#isAlone(number) ? of('gateway') : 'None',
            routes: (of('routes') as string[]).map((to) => ({
              to: six ? `fd0${to}:${number}::/32` : `10.${to}${number}.0.0/16`,
              via: six ? `fd00:${net}::1` : `10.10.${net}.1`,
            })),
          },
          { labels: { app } },
        );
      }
      case 'route': {
        const six = of('family') === 6;
        const via = (last: number): string => (six ? `fd00:254::${last}` : `192.168.254.${last}`);
        const [first, second] = [via(Number(of('via'))), via(4)];
        const way =
          of('isSplit') === true
            ? {
                nextHops: [
                  { via: first, weight: 1 },
                  { via: second, weight: 2 },
                ],
              }
            : { via: first };
        return route(`r${number}`, {
          to: six ? `fd3${number}:${Number(of('to'))}::/32` : `10.3${number}.${Number(of('to'))}.0/24`,
          type: of('type'),
          metric: of('metric'),
          table: of('table'),
          ...(of('type') === 'Unicast' && { ...way, mtu: of('mtu') }),
        });
      }
      case 'forward': {
        const port = Number(of('port')) + 100 * number;
        const length = Number(of('length'));
        const ports = { protocol: of('protocol'), port, targetPort: of('targetPort') };
        const spec = Object.fromEntries(
          ['interfaces', 'addresses', 'sources', 'hairpin'].map((field) => [field, of(field)]),
        );
        const range = length > 0 ? { ...ports, endPort: port + length } : ports;
        return forward(`f${number}`, `l${Number(of('link'))}`, [stripped(range)], spec);
      }
      case 'policy':
        return policy(`p${number}`, '', {
          podSelector: { matchLabels: of('selector') },
          policyTypes: of('policyTypes'),
          ingress: rules('from')[Number(of('ingress'))],
          egress: rules('to')[Number(of('egress'))],
        });
    }
  }

  #network(number: number): number {
    return 20 + 10 * number + (this.#value('bridge', number, 'network') as number);
  }

  #isAlone(number: number): boolean {
    const containers = Array.from({ length: COUNTS.link }, (_, each) =>
      this.#value('link', each, 'container'),
    );
    return containers.filter((container) => container === containers[number]).length === 1;
  }

  #spec(kind: Kind, number: number): Record<string, Value> {
    return Object.fromEntries(
      Object.keys(FIELDS[kind]).map((field) => [field, this.#value(kind, number, field)]),
    );
  }

  #value(kind: Kind, number: number, field: string): Value {
    const resource = this.#resources.find((each) => each.kind === kind && each.number === number)!;
    const value = FIELDS[kind][field]?.[resource.chosen[field]!];
    return value === undefined
      ? undefined
      : (JSON.parse(JSON.stringify(value).replaceAll('#', String(number))) as Value);
  }
}

/** Without what is to be left out. */
function stripped<T extends object>(document: T): T {
  return JSON.parse(JSON.stringify(document)) as T;
}
