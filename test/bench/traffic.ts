import { execFileSync, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Namespace, temporaryDirectory } from './support.ts';

let command: readonly string[] | undefined;

/** The program that makes packets: traffic.c, compiled on first use, or its slow sister where there is no C compiler. */
function trafficCommand(): readonly string[] {
  if (command) return command;
  if (spawnSync('cc', ['--version']).status === 0) {
    const program = join(temporaryDirectory('traffic'), 'traffic');
    execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'traffic.c')]);
    command = [program];
  } else {
    console.error('There is no C compiler (cc): packets come from Node, and differences look smaller.');
    command = [process.execPath, join(import.meta.dirname, 'traffic-slow.ts')];
  }
  return command;
}

/** Runs the program in a namespace. @returns what it printed, as a number. */
export function traffic(where: Namespace, ...words: readonly (string | number)[]): number {
  // Without this it is fast or slow by the CPU that it happens to start on.
  const cpu = ['taskset', '-c', String(cpus().length - 1)];
  return Number(where.run([...cpu, ...trafficCommand(), ...words.map(String)]));
}

/** Answers TCP connections in a namespace until the end. */
export async function serve(where: Namespace, port: number): Promise<void> {
  await where.start(['taskset', '-c', '0', ...trafficCommand(), 'serve', String(port)]);
}
