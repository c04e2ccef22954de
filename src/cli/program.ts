import { Command } from 'commander';
import { addClientCommands } from './client-commands.ts';
import { addHostCommands } from './host-commands.ts';
import { programVersion } from './version.ts';

/**
 * Subcommands, and nothing else. Each command's code is loaded when it is used, so that `get` does not pay for the daemon.
 *
 * @param finish Takes the exit status.
 */
export function createProgram(finish: (status: number) => void): Command {
  const program = new Command('lxcnet')
    .description('Keeps the network of LXC containers on this host as the manifests say.')
    .version(programVersion())
    .showSuggestionAfterError()
    .exitOverride();
  addHostCommands(program, finish);
  addClientCommands(program, finish);
  return program;
}
