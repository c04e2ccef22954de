import { CommandError, type CommandIo } from './io.ts';

/** Tells of an error in one line. @returns the exit status: this one, or 0 where it was only help that was asked for. */
export function failWith(error: unknown, status: number, io: CommandIo): number {
  // Commander has told already what it has to tell.
  if (isOfCommander(error)) return error.exitCode === 0 ? 0 : status;
  if (error instanceof CommandError) io.stderr(`lxcnet: ${error.message}`);
  else
    io.stderr(
      `lxcnet: ${error instanceof Error ? (process.env.LXCNET_DEBUG ? error.stack : error.message) : String(error)}`,
    );
  return status;
}

/** By its code, since its class would have to be loaded. */
function isOfCommander(error: unknown): error is { readonly exitCode: number } {
  const { code, exitCode } = (error ?? {}) as { readonly code?: unknown; readonly exitCode?: unknown };
  return typeof code === 'string' && code.startsWith('commander.') && typeof exitCode === 'number';
}
