import { stat } from 'node:fs/promises';
import { type ProcessIdentity, identityOf } from './process-identity.ts';
import { runProgram } from './programs.ts';

/** Where systemd-machined keeps a file for each machine that runs. What is in the files is its own affair. */
const REGISTRY = '/run/systemd/machines';
const TIMEOUT = 2_000;

interface Answer {
  /** The file's inode and time: a machine that was started again has a new file. */
  readonly file: string;
  readonly leader: Promise<ProcessIdentity | undefined>;
}

/**
 * The leaders of systemd's machines. machinectl is asked once per start of a machine, and never for one that does not
 * run: not by two looks at the same time either, nor while a machine's file outlives its leader.
 */
export class Machines {
  readonly #answers = new Map<string, Answer>();

  /** The process that a machine's namespaces are found by; `undefined` where it does not run. */
  async leaderOf(name: string): Promise<ProcessIdentity | undefined> {
    const file = await stat(`${REGISTRY}/${name}`).then(
      ({ ino, mtimeMs }) => `${ino} ${mtimeMs}`,
      () => undefined,
    );
    if (file === undefined) {
      this.#answers.delete(name);
      return undefined;
    }
    if (this.#answers.get(name)?.file !== file) {
      const leader = ask(name);
      this.#answers.set(name, { file, leader });
      // Without an answer it is asked again at the next look.
      const forget = (): void => {
        if (this.#answers.get(name)?.leader === leader) this.#answers.delete(name);
      };
      leader.then((found) => found ?? forget(), forget);
    }
    const leader = await this.#answers.get(name)!.leader;
    const now = leader && identityOf(leader.pid);
    return now?.startedAt === leader?.startedAt ? now : undefined;
  }
}

async function ask(name: string): Promise<ProcessIdentity | undefined> {
  const { stdout } = await runProgram('machinectl', ['show', '--property=Leader', '--value', '--', name], {
    timeout: TIMEOUT,
  });
  const pid = /^(?<pid>[1-9]\d{0,6})\s*$/.exec(stdout)?.groups?.pid;
  return pid === undefined ? undefined : identityOf(Number(pid));
}
