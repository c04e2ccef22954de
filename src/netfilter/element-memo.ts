import { type Element, type ElementSink, elementsOf } from './elements.ts';
import { Memo } from './memo.ts';

/** Elements that were made before, by what they were made of. */
export class ElementMemo {
  /** The numbers of identities. */
  readonly digests = new Memo<string>();
  readonly #elements = new Memo<readonly Element[]>();

  /** The elements that this work adds; done only where a dependency is another than last time. */
  of(key: string, dependencies: readonly unknown[], work: (sink: ElementSink) => void): readonly Element[] {
    return this.#elements.get(key, dependencies, () => elementsOf(work));
  }

  /** Forgets what was not asked for since the last sweep. */
  sweep(): void {
    this.digests.sweep();
    this.#elements.sweep();
  }
}
