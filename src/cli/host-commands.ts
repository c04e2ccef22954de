import { Argument, type Command, Option } from 'commander';
import { type Directories, manifests, namespace, runtimeDir, stateDir } from './common-options.ts';
import { failWith } from './failure.ts';
import { HOOKS, type HookArguments, hookOptions } from './hook-arguments.ts';
import { CommandError, processIo as io } from './io.ts';

interface ApplyArguments extends Directories {
  readonly timeout: string;
  readonly confirm?: string;
  readonly confirmed?: boolean;
}

/** The daemon, and what works without it. */
export function addHostCommands(program: Command, finish: (status: number) => void): void {
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
    .action(async (options: import('./run.ts').RunOptions) => {
      finish(await (await import('./run.ts')).run(options));
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
      const { applyOnTrial, confirmTrial } = await import('./apply-on-trial.ts');
      if (confirmed) finish(await confirmTrial(options, io));
      else if (confirm !== undefined)
        finish(await applyOnTrial({ ...options, confirm: await milliseconds(confirm) }, io));
      else finish(await (await import('./apply.ts')).apply(options, io));
    });
  program
    .command('trial-guard', { hidden: true }) // what `apply --confirm` starts
    .argument('<id>')
    .addOption(stateDir)
    .addOption(runtimeDir)
    .action(async (id: string, options: Directories) =>
      finish(await (await import('./trial-guard.ts')).guardTrial(id, options)),
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
      const { diff } = await import('./diff.ts');
      // 1 means differences, so an error has to say something else.
      finish(await diff(options, io).catch((error: unknown) => failWith(error, 2, io)));
    });
  program
    .command('validate')
    .description('checks manifests without root or a kernel')
    .argument('<path...>', 'files and directories')
    .action(async (paths: string[]) =>
      finish(await (await import('./validate.ts')).validatePaths(paths, io)),
    );
  program
    .command('import')
    .description('LXC configs, firewall listings and network scripts into manifests; runs nothing')
    .argument('<file...>', 'files, which are taken together')
    .action(async (files: string[]) => finish(await (await import('./import.ts')).importCommand(files, io)));
  program
    .command('lxc-config')
    .description("the lines that a Link's container needs in its LXC configuration")
    .argument('<name>', "the Link's name")
    .addOption(namespace)
    .addOption(manifests)
    .option('--veth', 'let LXC make the veth pairs; by default lxcnet does')
    .option('--hooks', "let LXC run lxcnet's hooks, so that no container starts without its network")
    .action(async (name: string, options: Omit<import('./lxc-config.ts').LxcConfigOptions, 'name'>) =>
      finish(await (await import('./lxc-config.ts')).lxcConfigCommand({ ...options, name }, io)),
    );
  program
    .command('hook')
    .description("for LXC's configuration: lxc.hook.pre-start = /usr/bin/lxcnet hook pre-start, and so on")
    .addArgument(new Argument('<hook>').choices(HOOKS))
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
    .action(async (which: import('./hook.ts').Hook, options: HookArguments) =>
      finish(await (await import('./hook.ts')).hook(which, hookOptions(which, options), io)),
    );
  program
    .command('teardown')
    .description('removes everything lxcnet owns in the kernel, and nothing else')
    .addOption(stateDir)
    .addOption(runtimeDir)
    .action(async (options: Directories) =>
      finish(await (await import('./teardown.ts')).teardown(options, io)),
    );
}

async function milliseconds(text: string): Promise<number> {
  const { parseDuration } = await import('./duration.ts');
  const value = parseDuration(text);
  if (value === undefined)
    throw new CommandError(
      `cannot read ${JSON.stringify(text)} as a duration: write, for example, 30s or 2m`,
    );
  return value;
}
