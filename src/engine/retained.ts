import type { Manifest } from '../api/resource.ts';
import { parseManifests } from '../source/parse.ts';

/** Below this a saved text is that of a resource without a manifest; no file of the directory is called so. */
const FOLDER = '.retained/';

/** Resources that stay without a manifest, as texts to be saved beside those of the files. */
export function retainedTexts(manifests: readonly Manifest[]): Record<string, string> {
  return Object.fromEntries(
    manifests.map(({ key, resource }) => [`${FOLDER}${key}.json`, JSON.stringify(resource)]),
  );
}

/** Parts saved texts into those of files, and resources that stay without one. */
export function splitRetained(texts: Readonly<Record<string, string>>): {
  readonly files: Record<string, string>;
  readonly retained: readonly Manifest[];
} {
  const entries = Object.entries(texts);
  return {
    files: Object.fromEntries(entries.filter(([path]) => !path.startsWith(FOLDER))),
    retained: entries
      .filter(([path]) => path.startsWith(FOLDER))
      .flatMap(([path, text]) => parseManifests(path, text).manifests),
  };
}
