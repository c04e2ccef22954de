import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { failureCode, reportCommand } from './command-report.ts';

const ROOT = '/proc/sys';
/** `net/…` below /proc/sys; slashes, not dots, since interface names may contain dots. */
const PATH = /^net(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$/;

function fileOf(path: string): string {
  if (!PATH.test(path)) throw new RangeError(`Cannot use ${JSON.stringify(path)} as a sysctl`);
  return `${ROOT}/${path}`;
}

/**
 * The value of a sysctl of this network namespace; `undefined` where the kernel does not have it. The kernel answers from
 * its memory at once, so it is not worth four trips to another thread.
 */
export function readSysctl(path: string): string | undefined {
  try {
    return readFileSync(fileOf(path), 'utf8').trim();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return undefined;
  }
}

/** Writes a sysctl. @returns the error's text, or `undefined`. */
export async function writeSysctl(path: string, value: string): Promise<string | undefined> {
  const since = performance.now();
  const problem = await problemWith(() => writeFile(fileOf(path), `${value}\n`));
  const failures = problem === undefined ? [] : [failureCode(problem)];
  reportCommand({ tool: 'sysctl', seconds: (performance.now() - since) / 1000, failures });
  return problem;
}

async function problemWith(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
