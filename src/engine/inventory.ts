import { z } from 'zod';
import type { Claims } from '../../controllers/plan.ts';
import { type Key, parseKey } from '../api/key.ts';
import type { Claim, Operation } from '../kernel/command.ts';
import { readState, writeState } from './state-file.ts';

const claimSchema = z.object({
  owner: z.string().refine(isKey),
  object: z.enum(['interface', 'address', 'route', 'sysctl', 'port', 'proxy']),
  id: z.string(),
  before: z.string().optional(),
});
const fileSchema = z.object({ boot: z.string(), claims: z.array(claimSchema) });

function isKey(text: string): text is Key {
  try {
    parseKey(text);
    return true;
  } catch {
    return false;
  }
}

const NO_CLAIMS: readonly Claim[] = [];

const identityOf = ({ object, id }: Pick<Claim, 'object' | 'id'>): string => `${object} ${id}`;

/**
 * What lxcnet has made or changed, on disk: entered before the kernel is asked, taken out after it has confirmed the
 * removal. It dies with the kernel state that it describes: after a reboot it is empty.
 */
export class Inventory implements Claims {
  readonly #path: string;
  readonly #boot: string;
  readonly #claims = new Map<string, Claim>();
  readonly #byOwner = new Map<Key, readonly Claim[]>();

  #all: readonly Claim[] | undefined;

  private constructor(path: string, boot: string) {
    this.#path = path;
    this.#boot = boot;
  }

  /** Reads the inventory of this boot; empty where there is none. */
  static async load(path: string, boot: string): Promise<Inventory> {
    const inventory = new Inventory(path, boot);
    const parsed = fileSchema.safeParse(await readState(path));
    if (parsed.success && parsed.data.boot === boot) {
      for (const claim of parsed.data.claims) inventory.#add(claim as Claim);
    }
    return inventory;
  }

  find(object: Claim['object'], id: string): Claim | undefined {
    return this.#claims.get(identityOf({ object, id }));
  }

  of(owner: Key): readonly Claim[] {
    return this.#byOwner.get(owner) ?? NO_CLAIMS;
  }

  all(): readonly Claim[] {
    return (this.#all ??= [...this.#claims.values()]);
  }

  /**
   * Enters what the operations are about to make. On disk before it returns.
   *
   * @returns where the disk refuses: the operations that have to wait for it, and why. What needs no new entry may go on.
   */
  async claim(
    operations: readonly Operation[],
  ): Promise<{ readonly refused: readonly Operation[]; readonly reason: string } | undefined> {
    const refused = operations.filter(({ claim }) => claim && !this.#has(claim));
    if (refused.length === 0) return undefined;
    const claims = refused.map(({ claim }) => claim!);
    const replaced = claims.flatMap((claim) => this.find(claim.object, claim.id) ?? []);
    claims.forEach((claim) => this.#add(claim));
    try {
      await this.#save();
      return undefined;
    } catch (error) {
      claims.forEach((claim) => this.#delete(claim));
      replaced.forEach((claim) => this.#add(claim));
      return { refused, reason: `the inventory cannot be written: ${(error as Error).message}` };
    }
  }

  /**
   * Takes out what the operations have removed, and not made anew. What the disk does not forget yet is forgotten with the
   * next entry.
   */
  async release(operations: readonly Operation[]): Promise<void> {
    const made = new Set(operations.flatMap(({ claim }) => (claim ? identityOf(claim) : [])));
    const claims = operations
      .flatMap(({ release }) => release ?? [])
      .filter((claim) => this.#has(claim) && !made.has(identityOf(claim)));
    claims.forEach((claim) => this.#delete(claim));
    if (claims.length > 0) await this.#save().catch(() => undefined);
  }

  #has(claim: Claim): boolean {
    return this.#claims.get(identityOf(claim))?.owner === claim.owner;
  }

  #add(claim: Claim): void {
    const before = this.#claims.get(identityOf(claim));
    if (before) this.#delete(before);
    this.#claims.set(identityOf(claim), claim);
    this.#all = undefined;
    this.#byOwner.set(claim.owner, [...this.of(claim.owner), claim]);
  }

  #delete(claim: Claim): void {
    this.#claims.delete(identityOf(claim));
    this.#all = undefined;
    const rest = this.of(claim.owner).filter((other) => identityOf(other) !== identityOf(claim));
    if (rest.length > 0) this.#byOwner.set(claim.owner, rest);
    else this.#byOwner.delete(claim.owner);
  }

  #save(): Promise<void> {
    return writeState(this.#path, { boot: this.#boot, claims: this.all() });
  }
}
