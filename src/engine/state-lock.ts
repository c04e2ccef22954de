import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { bootId } from '../kernel/boot.ts';
import { readState } from './state-file.ts';

/** A process, so that another one that got its number later is not taken for it. */
const holderSchema = z.object({ pid: z.number(), started: z.string(), boot: z.string() });
type Holder = z.output<typeof holderSchema>;

/** Somebody else works with this directory. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
}

/**
 * A directory's lock: a file `lock.N` with the process that holds it. It holds for as long as that process lives, so one
 * that was killed leaves nothing that has to be cleared away by hand. Nobody ever removes a file of a process that lives:
 * who finds only dead ones takes the next number, and of two that live the lower number counts.
 */
export class StateLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws {LockedError} Where a process that lives holds it. @throws {Error} From the disk. */
  static async acquire(directory: string): Promise<StateLock> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const own: Holder = { pid: process.pid, started: (await startTime(process.pid))!, boot: await bootId() };
    const prepared = join(directory, `.lock.${randomUUID()}`);
    await writeFile(prepared, JSON.stringify(own), { mode: 0o600 });
    try {
      for (;;) {
        const dead = await refuseWhereHeld(directory);
        const number = Math.max(0, ...dead) + 1;
        // Made under another name and linked, so that the lock has its content from the moment that it exists.
        if (!(await linked(prepared, fileOf(directory, number)))) continue;
        const lock = new StateLock(fileOf(directory, number));
        await refuseWhereHeld(directory, number).catch(async (error: unknown) => {
          await lock.release();
          throw error;
        });
        for (const other of dead) await rm(fileOf(directory, other), { force: true });
        return lock;
      }
    } finally {
      await rm(prepared, { force: true });
    }
  }

  /**
   * The same where the disk may be full or read-only: what has to be done in the kernel does not wait for that.
   *
   * @param onProblem Told why the lock could not be taken. @throws {LockedError}
   */
  static async acquireIfPossible(
    directory: string,
    onProblem: (error: Error) => void,
  ): Promise<StateLock | undefined> {
    try {
      return await StateLock.acquire(directory);
    } catch (error) {
      if (error instanceof LockedError) throw error;
      onProblem(error as Error);
      return undefined;
    }
  }

  /** Lets others in. */
  async release(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

const fileOf = (directory: string, number: number): string => join(directory, `lock.${number}`);

/** @returns the numbers of locks whose process has ended. @throws {LockedError} Where one below `limit` is held. */
async function refuseWhereHeld(directory: string, limit = Infinity): Promise<number[]> {
  const numbers = (await readdir(directory))
    .flatMap((name) => /^lock\.(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number);
  for (const number of numbers.filter((one) => one < limit)) {
    const path = fileOf(directory, number);
    const holder = holderSchema.safeParse(await readState(path)).data;
    if (holder && (await lives(holder)))
      throw new LockedError(`another lxcnet works with ${directory}: process ${holder.pid} holds ${path}`);
  }
  return numbers;
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function lives({ pid, started, boot }: Holder): Promise<boolean> {
  return boot === (await bootId()) && (await startTime(pid)) === started;
}

/** When a process was started, in clock ticks since the boot; `undefined` where there is none. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}
