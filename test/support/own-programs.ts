import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from './lab.ts';

const FOLDERS = ['sbin', 'bin'] as const;
/** The daemon finds programs there; /sbin and /bin are links to these. */
const placeOf = (folder: string): string => `/usr/${folder}`;

/**
 * Programs of the daemon's own, in a mount namespace of its own: links to the machine's, each of which can be replaced or
 * taken away while the daemon runs.
 */
export class OwnPrograms {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    for (const folder of FOLDERS) {
      mkdirSync(join(directory, folder), { recursive: true });
      mkdirSync(join(directory, 'machine', folder), { recursive: true });
      for (const name of readdirSync(placeOf(folder))) this.#link(folder, name);
    }
  }

  /** A lab whose daemon runs with these. */
  static around(make: (around: (lab: Lab) => readonly string[]) => Lab): { lab: Lab; programs: OwnPrograms } {
    let programs: OwnPrograms | undefined;
    const lab = make((of) => (programs ??= new OwnPrograms(join(of.directory, 'programs'))).#command());
    return { lab, programs: (programs ??= new OwnPrograms(join(lab.directory, 'programs'))) };
  }

  /** Puts a shell script in the place of a program; in it `$MACHINE/nft` is the machine's own. */
  replace(name: string, script: string): void {
    for (const folder of FOLDERS) {
      const path = join(this.#directory, folder, name);
      writeFileSync(
        `${path}.new`,
        `#!/bin/sh\nMACHINE=${join(this.#directory, 'machine/sbin')}\n${script}\n`,
      );
      chmodSync(`${path}.new`, 0o755);
      renameSync(`${path}.new`, path);
    }
  }

  /** Takes a program away. */
  remove(name: string): void {
    for (const folder of FOLDERS) rmSync(join(this.#directory, folder, name), { force: true });
  }

  /** Gives the machine's own back. */
  restore(name: string): void {
    this.remove(name);
    for (const folder of FOLDERS) if (readdirSync(placeOf(folder)).includes(name)) this.#link(folder, name);
  }

  #link(folder: string, name: string): void {
    symlinkSync(join(this.#directory, 'machine', folder, name), join(this.#directory, folder, name));
  }

  #command(): readonly string[] {
    const mounts = FOLDERS.flatMap((folder) => [
      `mount --bind ${placeOf(folder)} ${join(this.#directory, 'machine', folder)}`,
      `mount --bind ${join(this.#directory, folder)} ${placeOf(folder)}`,
    ]);
    return [
      'unshare',
      '--mount',
      '--propagation',
      'slave',
      'sh',
      '-c',
      `${mounts.join(' && ')} && exec "$@"`,
      'sh',
    ];
  }
}
