import { createHash } from 'node:crypto';
import { Memo } from './memo.ts';

/**
 * Numbers that packets carry in `meta priority` between two lookups, as nft writes them. A number follows from what it
 * stands for, so that a restart of the daemon changes nothing in the kernel; two things whose digests are the same
 * must not share their rules, so the second gets another one.
 */
export class Numbers {
  readonly #identities = new Map<string, string>();
  readonly #digests: Memo<string>;

  constructor(digests = new Memo<string>()) {
    this.#digests = digests;
  }

  /** The number of what this text identifies. */
  of(identity: string): string {
    for (let attempt = 0; ; attempt++) {
      const number = this.#numberOf(attempt === 0 ? identity : `${identity}\n#${attempt}`);
      const holder = this.#identities.get(number);
      if (holder !== undefined && holder !== identity) continue;
      this.#identities.set(number, identity);
      return number;
    }
  }

  #numberOf(text: string): string {
    return this.#digests.get(text, [], () => numberOf(text));
  }
}

function numberOf(identity: string): string {
  const digest = createHash('sha256').update(identity).digest();
  // 0 means "not known"; ffff:ffff is the kernel's TC_H_ROOT.
  return `${((digest.readUInt16BE(0) % 0xfffe) + 1).toString(16)}:${digest.readUInt16BE(2).toString(16)}`;
}
