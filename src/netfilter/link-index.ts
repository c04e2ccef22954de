import type { Link } from '../api/link.ts';
import type { Manifest } from '../api/resource.ts';
import type { LabelSelector } from '../api/selector.ts';

type Links = readonly Manifest<Link>[];

/** Finds the links that a selector may select without looking at all of them, for each policy of thousands. */
export class LinkIndex {
  readonly #all: Links;
  readonly #byNamespace: ReadonlyMap<string, Links>;
  readonly #byLabel = new Map<string, Manifest<Link>[]>();

  constructor(links: Links) {
    this.#all = links;
    this.#byNamespace = Map.groupBy(links, ({ resource }) => resource.metadata.namespace);
    for (const link of links) {
      const { namespace, labels } = link.resource.metadata;
      for (const [key, value] of Object.entries(labels)) {
        this.#note(labelText(undefined, key, value), link);
        this.#note(labelText(namespace, key, value), link);
      }
    }
  }

  /**
   * The links of a namespace, or of all, that may be selected: every one that is, in the order of the manifests, and
   * perhaps some that are not.
   */
  candidates(namespace: string | undefined, selector: LabelSelector | undefined): Links {
    const lists = Object.entries(selector?.matchLabels ?? {}).map(
      ([key, value]) => this.#byLabel.get(labelText(namespace, key, value)) ?? [],
    );
    const all = namespace === undefined ? this.#all : (this.#byNamespace.get(namespace) ?? []);
    return lists.reduce<Links>((best, list) => (list.length < best.length ? list : best), all);
  }

  #note(text: string, link: Manifest<Link>): void {
    const links = this.#byLabel.get(text);
    if (links) links.push(link);
    else this.#byLabel.set(text, [link]);
  }
}

/** Neither part can hold a line break; no namespace is empty. */
function labelText(namespace = '', key: string, value: string): string {
  return `${namespace}\n${key}\n${value}`;
}
