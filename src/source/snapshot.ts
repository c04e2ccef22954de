import type { Key } from '../api/key.ts';
import { displayKey } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import { crossCheck } from './cross-check.ts';
import type { FieldError } from './field-error.ts';
import { type ParsedFile, parseManifests } from './parse.ts';
import type { FileContent, Scan } from './scan.ts';

/** Why nothing may be removed. */
export type RemovalsHeld = 'empty_source' | 'unreadable_source';

/** Everything that the manifests say, as far as it is valid. */
export interface Snapshot {
  readonly manifests: ReadonlyMap<Key, Manifest>;
  readonly errors: readonly FieldError[];
  readonly files: number;
  readonly invalidFiles: number;
  /** `sha256:…` of the files. */
  readonly revision: string;
  readonly removalsHeld?: RemovalsHeld;
  /** Resources that are in force in an older version, since the newest is invalid. */
  readonly invalidKeys: ReadonlyMap<Key, readonly FieldError[]>;
}

interface KeptFile {
  /** The last text that had no error. */
  readonly text: string;
  readonly manifests: readonly Manifest[];
}

interface ReadFile {
  readonly manifests: readonly Manifest[];
  readonly errors: readonly FieldError[];
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
  readonly #kept = new Map<string, KeptFile>();
  readonly #parsed = new Map<string, { readonly text: string; readonly parsed: ParsedFile }>();
  #last: Snapshot = NOTHING;

  /** Takes a look at the directory. What cannot be read keeps what it last said; an empty directory removes nothing. */
  update(scan: Scan): Snapshot {
    if (scan.state === 'unreadable') {
      this.#last = { ...this.#known(), removalsHeld: 'unreadable_source' };
      return this.#last;
    }
    const read = [...scan.files].map(([path, content]) => this.#readFile(path, content));
    const { accepted, errors: crossErrors } = crossCheck(read.flatMap(({ manifests }) => manifests));
    const errors = [...read.flatMap((file) => file.errors), ...crossErrors];
    const empty = accepted.length === 0 && errors.length === 0;
    if (empty) {
      this.#last = {
        ...this.#known(),
        errors,
        files: scan.files.size,
        invalidFiles: 0,
        revision: scan.digest,
        removalsHeld: 'empty_source',
      };
      return this.#last;
    }
    for (const path of this.#kept.keys()) if (!scan.files.has(path)) this.#kept.delete(path);
    for (const path of this.#parsed.keys()) if (!scan.files.has(path)) this.#parsed.delete(path);
    this.#last = {
      manifests: new Map(accepted.map((manifest) => [manifest.key, manifest])),
      errors,
      files: scan.files.size,
      invalidFiles: new Set(errors.map(({ file }) => file)).size,
      revision: scan.digest,
      invalidKeys: invalidKeys(accepted, errors),
    };
    return this.#last;
  }

  /** The last good text of each file, to survive a restart; plain JSON. */
  serialize(): Record<string, string> {
    return Object.fromEntries([...this.#kept].map(([path, { text }]) => [path, text]));
  }

  /** Takes back what {@link serialize} gave. What no longer parses is left out. */
  restore(texts: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(texts)) {
      const { manifests, errors } = parseManifests(path, text);
      if (errors.length === 0) this.#kept.set(path, { text, manifests });
    }
  }

  /** What the last good texts say: before the first look, what was in force when the daemon last ran. */
  lastGood(): ReadonlyMap<Key, Manifest> {
    return this.#known().manifests;
  }

  /** The last snapshot, or before the first one what was restored. */
  #known(): Snapshot {
    if (this.#last !== NOTHING) return this.#last;
    const { accepted } = crossCheck(
      [...this.#kept]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .flatMap(([, { manifests }]) => manifests),
    );
    return { ...NOTHING, manifests: new Map(accepted.map((manifest) => [manifest.key, manifest])) };
  }

  #readFile(path: string, content: FileContent): ReadFile {
    const kept = this.#kept.get(path)?.manifests ?? [];
    if ('unreadable' in content) {
      return { manifests: kept, errors: [{ file: path, line: 1, column: 1, message: content.unreadable }] };
    }
    // A file of no bytes is one that somebody has begun to write.
    if (content.text === '' && kept.length > 0) return { manifests: kept, errors: [] };
    const parsed = this.#parse(path, content.text);
    if (!parsed.readable) return { manifests: kept, errors: parsed.errors };
    if (parsed.errors.length === 0) {
      this.#kept.set(path, { text: content.text, manifests: parsed.manifests });
      return parsed;
    }
    // A document with an error keeps its last good version; the others apply.
    const subjects = new Set(parsed.errors.map(({ subject }) => subject));
    const present = new Set(parsed.manifests.map(({ key }) => key));
    const older = kept.filter(
      ({ key }) => !present.has(key) && (subjects.has(displayKey(key)) || subjects.has(undefined)),
    );
    return { manifests: [...parsed.manifests, ...older], errors: parsed.errors };
  }

  /** Files that did not change are not parsed again, and their manifests stay the same objects. */
  #parse(path: string, text: string): ParsedFile {
    const known = this.#parsed.get(path);
    if (known?.text === text) return known.parsed;
    const parsed = parseManifests(path, text);
    this.#parsed.set(path, { text, parsed });
    return parsed;
  }
}

function invalidKeys(
  accepted: readonly Manifest[],
  errors: readonly FieldError[],
): ReadonlyMap<Key, readonly FieldError[]> {
  const bySubject = Map.groupBy(errors, ({ subject }) => subject);
  return new Map(
    accepted.flatMap(({ key, origin }) => {
      const own = (bySubject.get(displayKey(key)) ?? []).filter(({ file }) => file === origin.file);
      return own.length > 0 ? [[key, own] as const] : [];
    }),
  );
}
