import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { type Directories, namespace, runtimeDir } from './common-options.ts';
import { processIo as io } from './io.ts';

/** What is asked of the daemon. */
export function addClientCommands(program: Command, finish: (status: number) => void): void {
  program
    .command('get')
    .description('resources as the daemon sees them')
    .argument('[kind]')
    .argument('[name]')
    .addOption(namespace)
    .option('-A, --all-namespaces', 'resources of every namespace')
    .option('-l, --selector <selector>', 'only resources with these labels')
    .addOption(new Option('-o, --output <format>').choices(['wide', 'yaml', 'json', 'name']))
    .option('-w, --watch', 'go on and print changes')
    .addOption(runtimeDir)
    .action(
      async (
        kind: string | undefined,
        name: string | undefined,
        options: Directories & import('./get.ts').GetOptions,
      ) => {
        const { getCommand } = await import('./get.ts');
        finish(
          await getCommand(await client(options), { ...options, kind, name, signal: interrupted() }, io),
        );
      },
    );
  program
    .command('describe')
    .description('spec, conditions, what is in the kernel, recent events')
    .argument('<kind>')
    .argument('[name]')
    .addOption(namespace)
    .addOption(runtimeDir)
    .action(async (kind: string, name: string | undefined, options: Directories & { namespace?: string }) => {
      const { describeCommand } = await import('./describe.ts');
      finish(await describeCommand(await client(options), { kind, name, namespace: options.namespace }, io));
    });
  program
    .command('events')
    .description('what happened and why')
    .addOption(namespace)
    .option('-w, --watch', 'go on and print new ones')
    .addOption(runtimeDir)
    .action(async (options: Directories & { namespace?: string; watch?: boolean }) => {
      const { eventsCommand } = await import('./events.ts');
      finish(await eventsCommand(await client(options), { ...options, signal: interrupted() }, io));
    });
  program
    .command('wait')
    .description('blocks until a condition is true. Exit status: 0 met, 1 timed out')
    .argument('[resource...]', 'KIND/NAME')
    .requiredOption('--for <condition>', 'condition=TYPE[=STATUS]')
    .option('--all', 'every resource')
    .option('--timeout <duration>', 'how long', '30s')
    .addOption(namespace)
    .addOption(runtimeDir)
    .action(
      async (
        resources: string[],
        options: Directories & Omit<import('./wait.ts').WaitOptions, 'resources'>,
      ) => {
        const { waitCommand } = await import('./wait.ts');
        finish(await waitCommand(await client(options), { ...options, resources }, io));
      },
    );
  program
    .command('reconcile')
    .description('rescan and reconcile everything now')
    .option('--allow-prune', 'carry out a large removal that waits for this', false)
    .option('--prune-orphans', "remove what carries lxcnet's mark and belongs to nothing", false)
    .addOption(runtimeDir)
    .action(async (options: Directories & import('../engine/ports.ts').ReconcileOptions) => {
      const { reconcileCommand } = await import('./reconcile.ts');
      const { allowPrune, pruneOrphans } = options;
      finish(await reconcileCommand(await client(options), { allowPrune, pruneOrphans }, io));
    });
}

async function client({
  runtimeDir: directory,
}: Pick<Directories, 'runtimeDir'>): Promise<import('./client.ts').DaemonClient> {
  const { createClient } = await import('./client.ts');
  return createClient(join(directory, 'lxcnet.sock'));
}

/** Ends a watch on Ctrl-C, with a status that says so. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  return controller.signal;
}
