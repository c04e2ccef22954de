import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Namespace, temporaryDirectory } from './support.ts';

let program: string | undefined;

/** The program that makes packets, compiled on first use; `undefined` where there is no C compiler. */
function trafficProgram(): string | undefined {
  if (program !== undefined || spawnSync('cc', ['--version']).status !== 0) return program;
  program = join(temporaryDirectory('traffic'), 'traffic');
  execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'traffic.c')]);
  return program;
}

/** Why scenarios with packets cannot run here. */
export function trafficProblem(): string | undefined {
  return trafficProgram() === undefined ? 'there is no C compiler (cc)' : undefined;
}

/** Runs the program in a namespace. @returns what it printed, as a number. */
export function traffic(where: Namespace, ...words: readonly (string | number)[]): number {
  return Number(where.run([trafficProgram()!, ...words.map(String)]));
}

/** Answers TCP connections in a namespace until the end. */
export async function serve(where: Namespace, port: number): Promise<void> {
  await where.start([trafficProgram()!, 'serve', String(port)]);
}
