import { hash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { PersistedObjects } from './object-store.ts';
import { readState, writeState } from './state-file.ts';

const sourcesSchema = z.record(z.string(), z.string());
const objectsSchema = z.looseObject({
  resourceVersion: z.number(),
  objects: z.record(z.string(), z.looseObject({ uid: z.string() })),
});

/** What outlives the daemon besides the inventory: identities of resources, and the last good text of each manifest. */
export class SavedState {
  readonly #objectsPath: string;
  readonly #sourcesPath: string;
  /** Digests of what the files hold: the texts themselves are megabytes. */
  #written = { objects: '', sources: '' };

  constructor(stateDir: string) {
    this.#objectsPath = join(stateDir, 'objects.json');
    this.#sourcesPath = join(stateDir, 'sources.json');
  }

  /** What was saved; a file that cannot be read counts as none. */
  async load(): Promise<{ objects?: PersistedObjects; sources: Record<string, string> }> {
    const objects = objectsSchema.safeParse(await readState(this.#objectsPath));
    const sources = sourcesSchema.safeParse(await readState(this.#sourcesPath));
    return {
      ...(objects.success && { objects: objects.data as unknown as PersistedObjects }),
      sources: sources.success ? sources.data : {},
    };
  }

  /** Saves the manifests alone. @throws {Error} From the disk. */
  async saveSources(sources: Readonly<Record<string, string>>): Promise<void> {
    await writeState(this.#sourcesPath, sources);
    this.#written = { ...this.#written, sources: digestOf(sources) };
  }

  /** Saves what differs from what was saved last. @throws {Error} From the disk. */
  async save(objects: PersistedObjects, sources: Readonly<Record<string, string>>): Promise<void> {
    const digests = { objects: digestOf(objects), sources: digestOf(sources) };
    if (digests.objects !== this.#written.objects) await writeState(this.#objectsPath, objects);
    if (digests.sources !== this.#written.sources) await writeState(this.#sourcesPath, sources);
    this.#written = digests;
  }
}

function digestOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value));
}
