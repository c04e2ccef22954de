import { isDeepStrictEqual } from 'node:util';
import { type Key, displayKey } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import { type CrossChecked, crossCheck } from './cross-check.ts';
import { type FieldError, byPlace } from './field-error.ts';
import { atFields } from './field-position.ts';
import { LastGood } from './last-good.ts';
import type { Scan } from './scan.ts';

/** Why nothing may be removed. */
export type RemovalsHeld = 'empty_source' | 'unreadable_source' | 'incomplete_source';

/** Everything that the manifests say, as far as it is valid. */
export interface Snapshot {
  readonly manifests: ReadonlyMap<Key, Manifest>;
  readonly errors: readonly FieldError[];
  readonly files: number;
  readonly invalidFiles: number;
  /** `sha256:…` of the files. */
  readonly revision: string;
  readonly removalsHeld?: RemovalsHeld;
  /** What is in force without being said, since it may be in a file that cannot be read. */
  readonly missing?: readonly Key[];
  /** The directory's manifests were on trial and not confirmed: this is what was in force before, and nothing else. */
  readonly goneBack?: boolean;
  /** Resources that are in force in an older version, since the newest is invalid. */
  readonly invalidKeys: ReadonlyMap<Key, readonly FieldError[]>;
}

const NOTHING: Snapshot = {
  manifests: new Map(),
  errors: [],
  files: 0,
  invalidFiles: 0,
  revision: '',
  invalidKeys: new Map(),
};

/** Turns looks at the directory into snapshots, and remembers what each file last said that was good. */
export class ManifestSource {
  readonly #lastGood = new LastGood();
  #last: Snapshot = NOTHING;

  /** Takes a look at the directory. What cannot be read keeps what it last said; an empty directory removes nothing. */
  update(scan: Scan): Snapshot {
    this.#last =
      scan.state === 'read' ? this.#read(scan) : { ...this.#last, removalsHeld: 'unreadable_source' };
    return this.#last;
  }

  /** The last good text of each file, to survive a restart; plain JSON. */
  serialize(): Record<string, string> {
    return this.#lastGood.serialize((manifest) => {
      const inForce = this.#last.manifests.get(manifest.key);
      return inForce?.origin.file === manifest.origin.file ? inForce : manifest;
    });
  }

  /** Takes back what {@link serialize} gave, before the first look. What no longer parses is left out. */
  restore(texts: Readonly<Record<string, string>>): void {
    this.#lastGood.restore(texts);
    this.#last = { ...NOTHING, manifests: byKey(crossCheck(this.#lastGood.manifests()).accepted) };
  }

  /** What is in force: before the first look, what was in force when the daemon last ran. */
  lastGood(): ReadonlyMap<Key, Manifest> {
    return this.#last.manifests;
  }

  #read({ files, digest, goneBack = false }: Extract<Scan, { state: 'read' }>): Snapshot {
    // The same files say the same again.
    const last = this.#last;
    const sure = last.removalsHeld === undefined || last.removalsHeld === 'incomplete_source';
    if (digest === last.revision && sure && goneBack === (last.goneBack ?? false)) return last;
    const read = [...files].map(([path, content]) => this.#lastGood.read(path, content));
    const checked = this.#crossCheck(read.flatMap(({ manifests }) => manifests));
    const textOf = (path: string): string => {
      const content = files.get(path);
      return content && 'text' in content ? content.text : '';
    };
    const errors = [...read.flatMap((file) => file.errors), ...atFields(checked.errors, textOf)];
    errors.sort(byPlace);
    const common = {
      errors,
      files: files.size,
      invalidFiles: new Set(errors.map(({ file }) => file)).size,
      revision: digest,
    };
    if (checked.accepted.length === 0 && !goneBack) {
      const { missing: _, ...inForce } = this.#last;
      return { ...inForce, ...common, goneBack: false, removalsHeld: 'empty_source' };
    }
    const older = new Set([...read.flatMap((file) => file.older), ...checked.older]);
    const invalidKeys = errorsByKey(
      checked.accepted.filter((manifest) => older.has(manifest)),
      errors,
    );
    const manifests = byKey(checked.accepted);
    const found = { invalidKeys, ...common, ...(goneBack && { goneBack }) };
    // What is missing may have moved to where nobody can read it.
    const missing = [...this.#last.manifests.values()].filter(({ key }) => !manifests.has(key));
    if (!goneBack && missing.length > 0 && read.some(({ obscure }) => obscure)) {
      const { accepted } = crossCheck([...checked.accepted, ...missing]);
      const keys = missing.map(({ key }) => key);
      return { ...found, manifests: byKey(accepted), missing: keys, removalsHeld: 'incomplete_source' };
    }
    this.#lastGood.retain(files);
    return { ...found, manifests };
  }

  /**
   * Puts the manifests side by side. Where two contradict each other, the one that is in force already stays, so that a
   * mistake in one resource does not take another down; and what is refused stays in force as it was, where it can.
   */
  #crossCheck(candidates: readonly Manifest[]): CrossChecked & { readonly older: readonly Manifest[] } {
    const first = crossCheck(candidates);
    if (first.errors.length === 0) return { ...first, older: [] };
    const inForce = this.#last.manifests;
    // Of the same resource in two files, the first counts, whatever was in force before.
    const counting = new Set(byKey([...candidates].reverse()).values());
    const unchanged = new Set(
      candidates.filter(
        (manifest) =>
          counting.has(manifest) && isDeepStrictEqual(inForce.get(manifest.key)?.resource, manifest.resource),
      ),
    );
    const second = crossCheck([...unchanged, ...candidates.filter((manifest) => !unchanged.has(manifest))]);
    const accepted = byKey(second.accepted);
    const refused = new Set(candidates.map(({ key }) => key).filter((key) => !accepted.has(key)));
    const older = [...refused].flatMap((key) => inForce.get(key) ?? []);
    const { accepted: all } = crossCheck([...second.accepted, ...older]);
    return { accepted: all, errors: second.errors, older };
  }
}

function byKey(manifests: readonly Manifest[]): ReadonlyMap<Key, Manifest> {
  return new Map(manifests.map((manifest) => [manifest.key, manifest]));
}

/** What is wrong with the newest versions of these. */
function errorsByKey(
  older: readonly Manifest[],
  errors: readonly FieldError[],
): ReadonlyMap<Key, readonly FieldError[]> {
  const bySubject = Map.groupBy(errors, ({ file, subject }) => `${file} ${subject ?? ''}`);
  return new Map(
    older.flatMap(({ key, origin }) => {
      const own = bySubject.get(`${origin.file} ${displayKey(key)}`);
      return own ? [[key, own] as const] : [];
    }),
  );
}
