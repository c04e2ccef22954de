import { channel } from 'node:diagnostics_channel';
import { constants } from 'node:os';
import type { ProgramResult } from './programs.ts';

/** What the kernel is read and changed by. */
type Tool = 'ip' | 'nft' | 'sysctl' | 'conntrack';

/** Why a command failed: never the tool's own words, of which there is no end. */
type FailureCode = 'exists' | 'not_found' | 'denied' | 'unsupported' | 'invalid' | 'timeout' | 'other';

/** What one run of a tool took, and what it could not do. */
export interface CommandReport {
  readonly tool: Tool;
  readonly seconds: number;
  /** One for each command of a batch. */
  readonly failures: readonly FailureCode[];
}

const { EACCES, EADDRNOTAVAIL, EEXIST, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, EPERM, ERANGE, ESRCH, ETIMEDOUT } =
  constants.errno;

const commands = channel('lxcnet:kernel-command');

/** Tells whoever listens; costs nothing where nobody does. */
export function reportCommand(report: CommandReport): void {
  commands.publish(report);
}

/** Listens to every command of this process. */
export function onCommand(listener: (report: CommandReport) => void): void {
  commands.subscribe((report) => listener(report as CommandReport));
}

const TOOLS: Readonly<Record<string, Tool>> = { nft: 'nft', conntrack: 'conntrack' };

const CODES_OF_ERRNO: ReadonlyMap<number | undefined, FailureCode> = new Map([
  [EEXIST, 'exists'],
  ...[EADDRNOTAVAIL, ENODEV, ENOENT, ESRCH].map((errno) => [errno, 'not_found'] as const),
  ...[EACCES, EPERM].map((errno) => [errno, 'denied'] as const),
  [EOPNOTSUPP, 'unsupported'],
  [ETIMEDOUT, 'timeout'],
  ...[EINVAL, ERANGE].map((errno) => [errno, 'invalid'] as const),
]);

/** The code for a number of the system's errors. */
export function failureCodeOf(errno: number | undefined): FailureCode {
  return CODES_OF_ERRNO.get(errno) ?? 'other';
}

/** Reports the run of a program, where it is one that the kernel is read or changed by. */
export function reportProgram(file: string, since: number, result: ProgramResult): void {
  const tool = TOOLS[file];
  if (!tool) return;
  const seconds = (performance.now() - since) / 1000;
  reportCommand({ tool, seconds, failures: failuresOf(result) });
}

const CODES: readonly (readonly [RegExp, FailureCode])[] = [
  [/^spawn \S+ E/m, 'other'], // the program itself cannot be started
  [/exists/i, 'exists'],
  [/no such|cannot find|does not exist|cannot assign requested/i, 'not_found'],
  [/not permitted|permission denied/i, 'denied'],
  [/not support|unknown device type/i, 'unsupported'],
  [/invalid|syntax error|garbage|is wrong|out of range/i, 'invalid'],
];

/** The code for a tool's, or the system's, own words. */
export function failureCode(words: string): FailureCode {
  return CODES.find(([pattern]) => pattern.test(words))?.[1] ?? 'other';
}

function failuresOf({ exitCode, stderr, timedOut }: ProgramResult): FailureCode[] {
  if (timedOut) return ['timeout'];
  return exitCode === 0 ? [] : [failureCode(stderr)];
}
