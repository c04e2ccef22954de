import type { Key } from '../api/key.ts';
import type { Clock } from './queue.ts';

/** More corrections of one fact than these, within the window, are a contest. Milliseconds. */
const MOST_CORRECTIONS = 6;
const WINDOW = 15_000;
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 60_000;
/** What keeps containers closed is not left alone for longer. */
const LONGEST_WITHOUT_PROTECTION = 200;

/** One thing in the kernel that lxcnet keeps right. */
export interface Fact {
  /** What identifies it among all. */
  readonly id: string;
  /** For people: `interface br0: mtu`. */
  readonly text: string;
  /** The resource that it belongs to; absent where it belongs to none. */
  readonly owner?: Key;
  /** Whether containers are less closed while it is wrong. */
  readonly protects: boolean;
}

interface Record {
  readonly fact: Fact;
  corrections: readonly number[];
  /** How often the delay was doubled; 0 while it is no contest. */
  level: number;
  /** When it is tried again. */
  until: number;
  /** When it was last wrong. */
  wrongAt: number;
}

/**
 * Counts how often each fact has to be corrected. One that something else keeps rewriting is left alone for longer and
 * longer; it is forgotten when it has been right for a while.
 */
export class Contention {
  readonly #clock: Clock;
  readonly #records = new Map<string, Record>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of a correction. @returns whether the fact is contested from now on. */
  corrected(fact: Fact): boolean {
    const now = this.#clock.now();
    const record = this.#records.get(fact.id) ?? { fact, corrections: [], level: 0, until: 0, wrongAt: now };
    this.#records.set(fact.id, record);
    record.corrections = [...record.corrections.filter((time) => now - time < WINDOW), now];
    record.wrongAt = now;
    const begins = record.level === 0 && record.corrections.length > MOST_CORRECTIONS;
    if (begins || (record.level > 0 && now >= record.until)) {
      const longest = fact.protects ? LONGEST_WITHOUT_PROTECTION : LONGEST_DELAY;
      record.until = now + Math.min(FIRST_DELAY * 2 ** record.level++, longest);
    }
    return begins;
  }

  /** Whether a fact that is wrong is to be left alone for now. */
  holdsBack(id: string): boolean {
    const record = this.#records.get(id);
    const now = this.#clock.now();
    if (!record || record.level === 0 || now >= record.until) return false;
    record.wrongAt = now;
    return true;
  }

  /** The facts that are contested. */
  contested(): readonly Fact[] {
    return [...this.#records.values()].filter(({ level }) => level > 0).map(({ fact }) => fact);
  }

  /** Forgets what has been right for a while. @returns milliseconds until there is something to do again. */
  settle(): number | undefined {
    const now = this.#clock.now();
    for (const [id, { wrongAt }] of this.#records) if (now - wrongAt >= WINDOW) this.#records.delete(id);
    const times = [...this.#records.values()]
      .filter(({ level }) => level > 0)
      .map(({ until, wrongAt }) => (until > now ? until : wrongAt + WINDOW));
    return times.length === 0 ? undefined : Math.max(Math.min(...times) - now, 0);
  }

  /** Forgets what belongs to a resource, or everything, so that it is tried at once. */
  forget(owner?: Key): void {
    for (const [id, { fact }] of this.#records)
      if (owner === undefined || fact.owner === owner) this.#records.delete(id);
  }
}
