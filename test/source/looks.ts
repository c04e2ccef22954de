import { displayKey } from '../../src/api/key.ts';
import type { FileContent } from '../../src/source/manifest-file.ts';
import type { Scan } from '../../src/source/scan.ts';
import { ManifestSource, type Snapshot } from '../../src/source/snapshot.ts';

/* Looks at directories that are not there. */

/** The files of a directory, by path; a text stands for a file that says it. */
export type Files = Readonly<Record<string, string | FileContent>>;

/** A look at these files. */
export function scanOf(files: Files): Scan {
  const contents = Object.entries(files)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, content]) => [path, typeof content === 'string' ? { text: content } : content] as const);
  return { state: 'read', root: '/m', files: new Map(contents), digest: `sha256:${JSON.stringify(files)}` };
}

/** What is in force after the directory looked like this, one after the other. */
export function after(...looks: readonly Files[]): Snapshot {
  const source = new ManifestSource();
  return looks.map((files) => source.update(scanOf(files))).at(-1)!;
}

/** The resources in force, with their MTUs, which tell their versions apart. */
export function inForce({ manifests }: Snapshot): readonly string[] {
  return [...manifests.values()]
    .map(({ key, resource }) => {
      const mtu =
        'spec' in resource && resource.spec && 'mtu' in resource.spec ? ` ${resource.spec.mtu}` : '';
      return `${displayKey(key)}${mtu}`;
    })
    .sort();
}
