#!/usr/bin/env node
import { Argument, Command, CommanderError, Option } from 'commander';
import { join } from 'node:path';
import { type CommandIo, CommandError } from './cli/io.ts';
import { programVersion } from './cli/version.ts';

/*
 * The program: subcommands, and nothing else. Each command's code is loaded when it is used, so that `get` does not pay
 * for the daemon.
 */

const io: CommandIo = {
  stdout: (line) => void process.stdout.write(`${line}\n`),
  stderr: (line) => void process.stderr.write(`${line}\n`),
};

const stateDir = new Option('--state-dir <dir>', 'where the inventory is kept').default('/var/lib/lxcnet');
const runtimeDir = new Option(
  '--runtime-dir <dir>',
  "where the daemon's socket is, and what dnsmasq reads",
).default('/run/lxcnet');
const manifests = new Option('--manifests <dir>', 'the directory of manifests').default('/etc/lxcnet.d');
const namespace = new Option('-n, --namespace <namespace>', 'the namespace');

interface Directories {
  readonly manifests: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
}

interface ApplyArguments extends Directories {
  readonly timeout: string;
  readonly confirm?: string;
  readonly confirmed?: boolean;
}

type HookArguments = Omit<import('./cli/hook.ts').HookOptions, 'timeout'> & { timeout?: string };

async function client({
  runtimeDir: directory,
}: Pick<Directories, 'runtimeDir'>): Promise<import('./cli/client.ts').DaemonClient> {
  const { createClient } = await import('./cli/client.ts');
  return createClient(join(directory, 'lxcnet.sock'));
}

async function milliseconds(text: string): Promise<number> {
  const { parseDuration } = await import('./cli/duration.ts');
  const value = parseDuration(text);
  if (value === undefined)
    throw new CommandError(
      `cannot read ${JSON.stringify(text)} as a duration: write, for example, 30s or 2m`,
    );
  return value;
}

/** Ends a watch on Ctrl-C, with a status that says so. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  return controller.signal;
}

function createProgram(finish: (status: number) => void): Command {
  const program = new Command('lxcnet')
    .description('Keeps the network of LXC containers on this host as the manifests say.')
    .version(programVersion())
    .showSuggestionAfterError()
    .exitOverride();
  addDaemonCommands(program, finish);
  addQueryCommands(program, finish);
  return program;
}

function addDaemonCommands(program: Command, finish: (status: number) => void): void {
  program
    .command('run')
    .description(
      'the daemon, in the foreground; SIGHUP rescans, SIGTERM stops and leaves the network as it is',
    )
    .addOption(manifests)
    .addOption(stateDir)
    .addOption(runtimeDir)
    .option(
      '--metrics-address <host:port>',
      'where /metrics, /healthz and /readyz are served',
      '127.0.0.1:9469',
    )
    .option('--api-address <host:port>', 'serve the API, read-only, on TCP as well')
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .action(async (options: import('./cli/run.ts').RunOptions) => {
      (await import('./cli/small-process.ts')).becomeSmall();
      finish(await (await import('./cli/run.ts')).run(options));
    });
  program
    .command('apply')
    .description('one pass until every resource is Ready or has failed')
    .addOption(manifests)
    .addOption(stateDir)
    .addOption(runtimeDir)
    .option('--timeout <duration>', 'how long to wait for what is not there yet', '60s')
    .addOption(
      new Option(
        '--confirm <duration>',
        'go back to what was in force before unless it is confirmed in time',
      ),
    )
    .addOption(new Option('--confirmed', 'keep what is on trial').conflicts('confirm'))
    .action(async ({ timeout, confirm, confirmed, ...directories }: ApplyArguments) => {
      const options = { ...directories, timeout: await milliseconds(timeout) };
      const { applyOnTrial, confirmTrial } = await import('./cli/apply-on-trial.ts');
      if (confirmed) finish(await confirmTrial(options, io));
      else if (confirm !== undefined)
        finish(await applyOnTrial({ ...options, confirm: await milliseconds(confirm) }, io));
      else finish(await (await import('./cli/apply.ts')).apply(options, io));
    });
  program
    .command('trial-guard', { hidden: true }) // what `apply --confirm` starts
    .argument('<id>')
    .addOption(stateDir)
    .addOption(runtimeDir)
    .action(async (id: string, options: Directories) =>
      finish(await (await import('./cli/trial-guard.ts')).guardTrial(id, options)),
    );
  program
    .command('diff')
    .description(
      'what would change in the kernel; changes nothing. Exit status: 0 nothing, 1 differences, 2 error',
    )
    .addOption(manifests)
    .addOption(stateDir)
    .addOption(runtimeDir)
    .action(async (options: Directories) => {
      const { diff } = await import('./cli/diff.ts');
      // 1 means differences, so an error has to say something else.
      finish(await diff(options, io).catch((error: unknown) => failWith(error, 2)));
    });
  program
    .command('validate')
    .description('checks manifests without root or a kernel')
    .argument('<path...>', 'files and directories')
    .action(async (paths: string[]) =>
      finish(await (await import('./cli/validate.ts')).validatePaths(paths, io)),
    );
  program
    .command('import')
    .description('LXC configs, firewall listings and network scripts into manifests; runs nothing')
    .argument('<file...>', 'files, which are taken together')
    .action(async (files: string[]) =>
      finish(await (await import('./cli/import.ts')).importCommand(files, io)),
    );
  program
    .command('lxc-config')
    .description("the lines that a Link's container needs in its LXC configuration")
    .argument('<name>', "the Link's name")
    .addOption(namespace)
    .addOption(manifests)
    .option('--veth', 'let LXC make the veth pairs; by default lxcnet does')
    .option('--hooks', "let LXC run lxcnet's hooks, so that no container starts without its network")
    .action(async (name: string, options: Omit<import('./cli/lxc-config.ts').LxcConfigOptions, 'name'>) =>
      finish(await (await import('./cli/lxc-config.ts')).lxcConfigCommand({ ...options, name }, io)),
    );
  program
    .command('hook')
    .description("for LXC's configuration: lxc.hook.pre-start = /usr/bin/lxcnet hook pre-start, and so on")
    .addArgument(new Argument('<hook>').choices(['pre-start', 'start-host', 'post-stop']))
    .allowExcessArguments() // LXC appends some of its own
    .option('--optional', 'let a container that no Link names start', false)
    .addOption(
      new Option('--on-daemon-down <what>', 'where the daemon is down, and the kernel is not as it should be')
        .choices(['start', 'fail'])
        .default('fail'),
    )
    .option('--timeout <duration>', 'how long to wait: 30s for start-host, 5s for pre-start')
    .addOption(manifests)
    .addOption(stateDir)
    .addOption(runtimeDir)
    .action(
      async (
        which: import('./cli/hook.ts').Hook,
        { timeout = which === 'start-host' ? '30s' : '5s', ...options }: HookArguments,
      ) => finish(await (await import('./cli/hook.ts')).hook(which, { ...options, timeout }, io)),
    );
  program
    .command('teardown')
    .description('removes everything lxcnet owns in the kernel, and nothing else')
    .addOption(stateDir)
    .addOption(runtimeDir)
    .action(async (options: Directories) =>
      finish(await (await import('./cli/teardown.ts')).teardown(options, io)),
    );
}

function addQueryCommands(program: Command, finish: (status: number) => void): void {
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
        options: Directories & import('./cli/get.ts').GetOptions,
      ) => {
        const { getCommand } = await import('./cli/get.ts');
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
      const { describeCommand } = await import('./cli/describe.ts');
      finish(await describeCommand(await client(options), { kind, name, namespace: options.namespace }, io));
    });
  program
    .command('events')
    .description('what happened and why')
    .addOption(namespace)
    .option('-w, --watch', 'go on and print new ones')
    .addOption(runtimeDir)
    .action(async (options: Directories & { namespace?: string; watch?: boolean }) => {
      const { eventsCommand } = await import('./cli/events.ts');
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
        options: Directories & Omit<import('./cli/wait.ts').WaitOptions, 'resources'>,
      ) => {
        const { waitCommand } = await import('./cli/wait.ts');
        finish(await waitCommand(await client(options), { ...options, resources }, io));
      },
    );
  program
    .command('reconcile')
    .description('rescan and reconcile everything now')
    .option('--allow-prune', 'carry out a large removal that waits for this', false)
    .option('--prune-orphans', "remove what carries lxcnet's mark and belongs to nothing", false)
    .addOption(runtimeDir)
    .action(async (options: Directories & import('./engine/ports.ts').ReconcileOptions) => {
      const { reconcileCommand } = await import('./cli/reconcile.ts');
      const { allowPrune, pruneOrphans } = options;
      finish(await reconcileCommand(await client(options), { allowPrune, pruneOrphans }, io));
    });
}

function failWith(error: unknown, status: number): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : status;
  if (error instanceof CommandError) io.stderr(`lxcnet: ${error.message}`);
  else
    io.stderr(
      `lxcnet: ${error instanceof Error ? (process.env.LXCNET_DEBUG ? error.stack : error.message) : String(error)}`,
    );
  return status;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // `lxcnet get | head`
});

const program = createProgram((status) => (process.exitCode = status));
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = failWith(error, 1);
}
