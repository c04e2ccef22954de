import { isDeepStrictEqual } from 'node:util';
import type { Key } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import type { FieldError } from './field-error.ts';
import { type ParsedFile, parseManifests } from './parse.ts';
import type { FileContent } from './manifest-file.ts';

/** What counts of a file. */
export interface ReadFile {
  readonly manifests: readonly Manifest[];
  /** Those of them that are there because the newest version is invalid. */
  readonly older: readonly Manifest[];
  readonly errors: readonly FieldError[];
  /** Whether there may be resources in it that nobody knows of, since it, or a document of it, cannot be read. */
  readonly obscure: boolean;
}

interface KeptFile {
  /** The text, where it had no error. */
  readonly text?: string;
  /** The last good version of every document. */
  readonly manifests: readonly Manifest[];
}

/** Remembers what each file last said that was good. */
export class LastGood {
  readonly #kept = new Map<string, KeptFile>();
  readonly #parsed = new Map<string, { readonly text: string; readonly parsed: ParsedFile }>();

  /** Reads a file; what cannot be read keeps its last good version. */
  read(path: string, content: FileContent): ReadFile {
    const kept = this.#kept.get(path)?.manifests ?? [];
    const asBefore = (errors: readonly FieldError[]): ReadFile => ({
      manifests: kept,
      older: kept,
      errors,
      obscure: errors.length > 0,
    });
    if ('unreadable' in content) {
      return asBefore([{ file: path, line: 1, column: 1, message: content.unreadable }]);
    }
    // A file of no bytes is one that somebody has begun to write.
    if (content.text === '') {
      const message = 'Empty: what it said last stays in force; to remove that, delete the file';
      return asBefore(kept.length === 0 ? [] : [{ file: path, line: 1, column: 1, message }]);
    }
    const parsed = this.#parse(path, content.text);
    if (!parsed.readable) return asBefore(parsed.errors);
    const older = olderVersions(kept, parsed);
    const manifests = [...parsed.manifests, ...older];
    const whole = parsed.errors.length === 0;
    this.#kept.set(path, { manifests, ...(whole && { text: content.text }) });
    return { manifests, older, errors: parsed.errors, obscure: parsed.anonymous };
  }

  /** Forgets files that are not there any more. */
  retain(paths: Pick<ReadonlySet<string>, 'has'>): void {
    for (const path of this.#kept.keys()) if (!paths.has(path)) this.#kept.delete(path);
    for (const path of this.#parsed.keys()) if (!paths.has(path)) this.#parsed.delete(path);
  }

  /** Everything that is remembered, in the order of the files. */
  manifests(): readonly Manifest[] {
    const paths = [...this.#kept.keys()].sort();
    return paths.flatMap((path) => this.#kept.get(path)!.manifests);
  }

  /**
   * A text for each file that says what is remembered of it; plain JSON.
   *
   * @param inForce Which version of a resource counts.
   */
  serialize(inForce: (manifest: Manifest) => Manifest): Record<string, string> {
    return Object.fromEntries(
      [...this.#kept].map(([path, { text, manifests }]) => {
        const versions = manifests.map(inForce);
        const isText = text !== undefined && versions.every((version, index) => version === manifests[index]);
        return [path, isText ? text : listOf(versions)];
      }),
    );
  }

  /** Takes back what {@link serialize} gave. What no longer parses is left out. */
  restore(texts: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(texts)) {
      const { manifests, errors } = parseManifests(path, text);
      if (manifests.length > 0) this.#kept.set(path, { manifests, ...(errors.length === 0 && { text }) });
    }
  }

  /** Files that did not change are not parsed again, and their manifests stay the same objects. */
  #parse(path: string, text: string): ParsedFile {
    const known = this.#parsed.get(path);
    if (known?.text === text) return known.parsed;
    const parsed = withSameResources(parseManifests(path, text), known?.parsed.manifests ?? []);
    this.#parsed.set(path, { text, parsed });
    return parsed;
  }
}

/** Of a file that changed, the resources that did not stay the same objects: whoever depends on them has nothing to do. */
function withSameResources(parsed: ParsedFile, before: readonly Manifest[]): ParsedFile {
  const known = new Map(before.map(({ key, resource }) => [key, resource]));
  const manifests = parsed.manifests.map((manifest) => {
    const resource = known.get(manifest.key);
    return resource && isDeepStrictEqual(resource, manifest.resource) ? { ...manifest, resource } : manifest;
  });
  return { ...parsed, manifests };
}

/** The versions that stay in force since the newest are invalid; of a document without a name, any may be meant. */
function olderVersions(
  kept: readonly Manifest[],
  { manifests, invalid, anonymous }: ParsedFile,
): readonly Manifest[] {
  if (!anonymous && invalid.size === 0) return [];
  const present = new Set<Key>(manifests.map(({ key }) => key));
  return kept.filter(({ key }) => !present.has(key) && (anonymous || invalid.has(key)));
}

/** JSON is YAML, too. */
function listOf(manifests: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests.map(({ resource }) => resource) });
}
