import { stat } from 'node:fs/promises';
import { type ProcessIdentity, identityOf, isStillThere } from './process-identity.ts';
import { runProgram } from './programs.ts';

/** Where systemd-machined keeps a file for each machine that runs. What is in the files is its own affair. */
const REGISTRY = '/run/systemd/machines';
const TIMEOUT = 2_000;

interface Known extends ProcessIdentity {
  /** The file's inode and time: a machine that was started again has a new file. */
  readonly file: string;
}

/** The leaders of systemd's machines. machinectl is asked once per start of a machine, and never for one that does not run. */
export class Machines {
  readonly #known = new Map<string, Known>();

  /** The process that a machine's namespaces are found by; `undefined` where it does not run. */
  async leaderOf(name: string): Promise<ProcessIdentity | undefined> {
    const file = await stat(`${REGISTRY}/${name}`).then(
      ({ ino, mtimeMs }) => `${ino} ${mtimeMs}`,
      () => undefined,
    );
    const known = this.#known.get(name);
    if (known && file === known.file && isStillThere(known)) return known;
    this.#known.delete(name);
    if (file === undefined) return undefined;
    const { stdout } = await runProgram('machinectl', ['show', '--property=Leader', '--value', '--', name], {
      timeout: TIMEOUT,
    });
    const pid = /^(?<pid>[1-9]\d{0,6})\s*$/.exec(stdout)?.groups?.pid;
    const found = pid === undefined ? undefined : identityOf(Number(pid));
    if (found) this.#known.set(name, { ...found, file });
    return found;
  }
}
