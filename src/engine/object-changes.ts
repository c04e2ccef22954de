import { Observable, Subject } from 'rxjs';
import type { ObjectChange } from '../api/object.ts';

/** How many changes a watch may lag behind. */
const KEPT_CHANGES = 2000;

/** The newest changes, so that a watch can go on from a resource version that it knows. */
export class ObjectChanges {
  readonly #live = new Subject<Entry>();
  readonly #kept: Entry[] = [];
  /** Everything after this version is kept. */
  #floor: number;

  constructor(resourceVersion: number) {
    this.#floor = resourceVersion;
  }

  add(version: number, change: ObjectChange): void {
    const entry = { version, change };
    this.#kept.push(entry);
    // Trimmed by the thousand: removing the first of an array moves all the others.
    if (this.#kept.length >= KEPT_CHANGES * 1.5) {
      const dropped = this.#kept.splice(0, this.#kept.length - KEPT_CHANGES);
      this.#floor = dropped.at(-1)!.version;
    }
    this.#live.next(entry);
  }

  /**
   * The kept changes after a version, then those to come.
   *
   * @returns `undefined` where the version is too old, or was never given out.
   */
  since(version: number, newest: number): Observable<ObjectChange> | undefined {
    if (version < this.#floor || version > newest) return undefined;
    return new Observable((subscriber) => {
      const missed = this.#kept.filter((entry) => entry.version > version);
      missed.forEach(({ change }) => subscriber.next(change));
      return this.#live.subscribe(({ change }) => subscriber.next(change));
    });
  }
}

interface Entry {
  readonly version: number;
  readonly change: ObjectChange;
}
