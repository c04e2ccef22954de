#!/usr/bin/env node
import { failWith } from './cli/failure.ts';
import { readHookArguments } from './cli/hook-arguments.ts';
import { processIo } from './cli/io.ts';
import { becomeSmall } from './cli/small-process.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // `lxcnet get | head`
});

const [command, ...rest] = process.argv.slice(2);
const finish = (status: number): void => void (process.exitCode = status);
try {
  // Before anything else is loaded, which would be for nothing.
  if (command === 'run') becomeSmall();
  const asked = command === 'hook' ? readHookArguments(rest) : undefined;
  if (asked) finish(await (await import('./cli/hook.ts')).hook(asked.which, asked.options, processIo));
  else await (await import('./cli/program.ts')).createProgram(finish).parseAsync();
} catch (error) {
  finish(failWith(error, 1, processIo));
}
