import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LAUNCHER, type Lab } from './lab.ts';
import type { Ran } from './netns.ts';

const SHARED = ['lib', 'bin', 'usr', 'sbin', 'lib64'];
/** Where the control groups are seen: `ip netns exec` hides them. */
export const OUTSIDE = ['nsenter', `--mount=/proc/${process.pid}/ns/mnt`];
export const EMPTY: readonly string[] = ['lxc.net.0.type = empty'];

/** The lines of one veth pair that LXC makes. */
export function veth(
  index: number,
  name: string,
  bridge: string,
  ...further: readonly string[]
): readonly string[] {
  return [`type = veth`, `link = ${bridge}`, 'flags = up', `name = ${name}`, ...further].map(
    (line) => `lxc.net.${index}.${line}`,
  );
}

/** An application container that sees the host's programs, as in the old how-to, below a lab's directory. */
export class LxcContainer implements Disposable {
  readonly lxcPath: string;
  readonly log: string;
  readonly #root: string;
  readonly #lab: Lab;
  readonly #around: readonly string[];
  readonly #logLevel: string;
  readonly name: string;

  /**
   * @param config Further lines of its configuration: the network, and hooks.
   * @param around A command that runs LXC as its last arguments.
   * @param logLevel LXC's.
   */
  constructor(
    lab: Lab,
    config: readonly string[],
    name = 'vm1',
    around: readonly string[] = [],
    logLevel = 'ERROR',
  ) {
    this.#lab = lab;
    this.#around = around;
    this.#logLevel = logLevel;
    this.name = name;
    this.lxcPath = join(lab.directory, 'lxc');
    this.log = join(this.lxcPath, name, 'lxc.log');
    this.#root = join(this.lxcPath, name, 'rootfs');
    for (const directory of [...SHARED, 'proc', 'sys', 'dev'])
      mkdirSync(join(this.#root, directory), { recursive: true });
    const mounts = SHARED.map(
      (directory) => `lxc.mount.entry = /${directory} ${directory} none ro,bind,optional 0 0`,
    );
    const lines = [
      `lxc.uts.name = ${name}`,
      `lxc.rootfs.path = dir:${this.#root}`,
      'lxc.apparmor.profile = unconfined',
      ...mounts,
      ...config,
    ];
    writeFileSync(join(this.lxcPath, name, 'config'), `${lines.join('\n')}\n`);
  }

  /** Starts it with a script as the first thing that runs in it, and does not wait. The script sleeps when it is over. */
  start(script = ''): void {
    this.#lab.follow(this.#command('lxc-execute', '--', '/bin/sh', '-c', `${script}\nexec sleep 120`));
  }

  /** Starts it with control groups of its own, which it needs to be frozen. They are the machine's, and go with it. */
  startWithCgroups(script = ''): void {
    const command = this.#command('lxc-execute', '--', '/bin/sh', '-c', `${script}\nexec sleep 120`);
    this.#lab.follow([...OUTSIDE, ...command]);
  }

  /** Starts it as a system container, whose init may restart it: the script is its init. */
  boot(script: string): Ran {
    this.write('init', `#!/bin/sh\n${script}\nexec sleep 120\n`);
    return this.#lab.host.run(
      this.#command('lxc-start', '-d', '-s', 'lxc.init.cmd=/bin/sh /init', '-s', 'lxc.mount.auto=proc'),
    );
  }

  /** Runs a program in it to its end. */
  execute(...argv: readonly string[]): Ran {
    return this.#lab.host.run(this.#command('lxc-execute', '--', ...argv));
  }

  stop(): void {
    this.#lab.host.run([...this.#around, 'lxc-stop', '-P', this.lxcPath, '-n', this.name, '-k']);
  }

  freeze(): void {
    this.#lab.host.exec(...OUTSIDE, 'lxc-freeze', '-P', this.lxcPath, '-n', this.name);
  }

  unfreeze(): void {
    this.#lab.host.exec(...OUTSIDE, 'lxc-unfreeze', '-P', this.lxcPath, '-n', this.name);
  }

  pid(): string {
    const query = ['lxc-info', '-P', this.lxcPath, '-n', this.name, '-p', '-H'];
    return this.#lab.host.run([...this.#around, ...query]).stdout.trim();
  }

  /** Runs a program of the host in its network namespace. */
  run(...argv: readonly string[]): string {
    return this.#lab.host.run(['nsenter', `--net=/proc/${this.pid()}/ns/net`, ...argv]).stdout;
  }

  /** A file in it; empty where there is none. */
  read(file: string): string {
    const path = join(this.#root, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.#root, file), text, { mode: 0o755 });
  }

  /** What LXC has logged. */
  logged(): string {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8') : '';
  }

  forgetLog(): void {
    rmSync(this.log, { force: true });
  }

  [Symbol.dispose](): void {
    if (this.pid() !== '') this.stop();
  }

  #command(program: string, ...argv: readonly string[]): string[] {
    const common = ['-P', this.lxcPath, '-n', this.name, '-o', this.log, '-l', this.#logLevel];
    return [...this.#around, program, ...common, ...argv];
  }
}

/** The lines that have LXC run lxcnet's hooks, with a lab's directories. */
export function hooks(lab: Lab, which: readonly string[], ...options: readonly string[]): readonly string[] {
  const directories = [
    '--manifests',
    lab.manifests,
    '--state-dir',
    join(lab.directory, 'state'),
    '--runtime-dir',
    join(lab.directory, 'run'),
  ];
  return which.map((hook) =>
    [`lxc.hook.${hook} =`, LAUNCHER, 'hook', hook, ...directories, ...options].join(' '),
  );
}

/** Runs a hook as LXC does for a container below a lab's directory, with nothing else of LXC's. */
export function runHook(
  lab: Lab,
  hook: string,
  { name = 'vm1', pid, around = [], options = [] }: HookRun = {},
): Ran {
  const [, command] = hooks(lab, [hook], ...options)[0]!.split(' = ');
  const environment = [`LXC_NAME=${name}`, `LXC_CONFIG_FILE=${join(lab.directory, 'lxc', name, 'config')}`];
  const script = `LXC_PID=${pid ?? '$$'} exec ${command} ${name} lxc ${hook}`;
  return lab.host.run(['env', ...environment, ...around, 'sh', '-c', script]);
}

interface HookRun {
  readonly name?: string;
  /** Of the container's first process; by default the hook's own. */
  readonly pid?: number;
  /** A command that runs the hook as its last arguments. */
  readonly around?: readonly string[];
  readonly options?: readonly string[];
}

/** A command that runs another with files of its own in /etc; the machine's stay as they are. */
export function withEtc(lab: Lab, files: Readonly<Record<string, string>>): readonly string[] {
  const directory = join(lab.directory, 'etc');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const mount = `mount -t overlay overlay -o lowerdir=${directory}:/etc /etc`;
  return ['unshare', '-m', 'sh', '-ec', `${mount}; exec "$@"`, 'sh'];
}
