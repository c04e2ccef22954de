import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFile } from 'node:child_process';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namespaceIdentity } from '../../src/kernel/namespace-identity.ts';
import { LAUNCHER } from '../support/lab.ts';

/** The launcher in a place of its own, with something in the place of Node that notes how it was called. */
let home: string;
let servers: Server[] = [];
let questions: string[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lxcnet-launcher-'));
  questions = [];
  for (const directory of ['deploy', 'node_modules/.bin'])
    mkdirSync(join(home, directory), { recursive: true });
  for (const file of ['lxcnet', 'hook.pl'])
    copyFileSync(join(dirname(LAUNCHER), file), join(home, 'deploy', file));
  writeFileSync(join(home, 'node_modules/.bin/node'), `#!/bin/sh\necho "$*" >'${home}/asked'\nexit 7\n`, {
    mode: 0o755,
  });
});
afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  servers = [];
  rmSync(home, { recursive: true, force: true });
});

async function listen(server: Server, path: string): Promise<void> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

/** In the daemon's place: notes what it is asked, and answers all the same. */
function daemon(answer: string): Promise<void> {
  const server = createServer((socket) =>
    socket.once('data', (data) => {
      questions.push(data.toString());
      socket.end(answer);
    }),
  );
  return listen(server, join(home, 'lxcnet.sock'));
}
const ok = (body: object): string => `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${JSON.stringify(body)}`;

/** A monitor of LXC's that listens, as it does from before the first hook on. */
const monitor = (container = 'lxc/vm1'): Promise<void> =>
  listen(createServer(), `\0${join(home, container)}/command`);

interface Outcome {
  readonly status: number;
  readonly said: string;
  /** How Node was called. */
  readonly node: string | undefined;
}

function hook(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const env = {
    PATH: process.env.PATH ?? '',
    LXC_NAME: 'vm1',
    LXC_CONFIG_FILE: join(home, 'lxc/vm1/config'),
    LXC_PID: String(process.pid),
    ...environment,
  };
  const args = ['hook', ...argv];
  return new Promise((resolve) => {
    execFile(join(home, 'deploy/lxcnet'), args, { env }, (error, stdout, stderr) => {
      const note = join(home, 'asked');
      const node = existsSync(note) ? readFileSync(note, 'utf8').trim() : undefined;
      resolve({ status: error ? Number(error.code) : 0, said: stdout + stderr, node });
    });
  });
}

const run = (which: string, ...options: readonly string[]): Promise<Outcome> =>
  hook([which, '--runtime-dir', home, ...options, 'vm1', 'lxc', which]);
const LET_GO = { status: 0, said: '', node: undefined };
/** All is left to Node, which is given what LXC gave. */
const leftToNode = (...argv: readonly string[]): object => ({
  status: 7,
  said: '',
  node: [join(home, 'dist/src/main.js'), 'hook', ...argv].join(' '),
});

describe('the launcher', () => {
  const run = (file: string): Promise<unknown> =>
    new Promise((resolve) => {
      execFile(file, ['hook', 'x'], { cwd: home }, (error, stdout, stderr) => {
        resolve([Number(error?.code ?? 0), stdout + stderr]);
      });
    });

  it.each([
    ['by a relative name', () => 'deploy/lxcnet'],
    [
      'by links to links',
      () => {
        symlinkSync('deploy/lxcnet', join(home, 'one'));
        symlinkSync(join(home, 'one'), join(home, 'deploy/two'));
        return join(home, 'deploy/two');
      },
    ],
  ])('finds itself %s', async (_, name) => {
    expect(await run(name())).toEqual([7, '']);
    expect(readFileSync(join(home, 'asked'), 'utf8')).toMatch(/\/dist\/src\/main\.js hook x\n$/);
  });

  it('says where Node was to be', async () => {
    rmSync(join(home, 'node_modules'), { recursive: true });
    expect(await run(join(home, 'deploy/lxcnet'))).toEqual([
      127,
      `lxcnet: cannot run ${home}/node_modules/.bin/node: No such file or directory\n`,
    ]);
  });
});

describe('where the daemon says that all is in place, hooks are over without Node', () => {
  it.each([
    ['pre-start', (lxc: string) => `GET /lxcnet/v1/lxc/vm1?path=${lxc} HTTP/1.0`, ''],
    [
      'start-host',
      () => 'POST /lxcnet/v1/lxc/vm1/started HTTP/1.0',
      `,"pid":${process.pid},"identity":"${namespaceIdentity('/proc/self/ns/net')}"`,
    ],
    ['post-stop', () => 'POST /lxcnet/v1/lxc/vm1/stopped HTTP/1.0', ''],
  ])('%s', async (which, line, further) => {
    await Promise.all([monitor(), daemon(ok({ verdict: 'go' }))]);
    expect(await run(which)).toEqual(LET_GO);
    const [head = '', body = ''] = questions[0]!.split('\r\n\r\n');
    const lxc = join(home, 'lxc');
    expect(head.split('\r\n')[0]).toBe(line(lxc));
    expect(body).toBe(which === 'pre-start' ? '' : `{"path":"${lxc}"${further}}`);
    expect(head).toContain(`Content-Length: ${body.length}`);
    expect(questions).toHaveLength(1);
  });

  it.each([
    [['--optional'], ok({ verdict: 'unnamed' })],
    [
      ['--timeout', '60s', '--on-daemon-down=start', '--manifests', '/m', '--state-dir=/s'],
      ok({ verdict: 'go' }),
    ],
  ])('with the options %o', async (options, answer) => {
    await Promise.all([monitor(), daemon(answer)]);
    expect(await run('pre-start', ...options)).toEqual(LET_GO);
  });

  it('where the configuration is somewhere else, by the monitor', async () => {
    await Promise.all([monitor('elsewhere/vm1'), monitor('lxc/vm2'), daemon(ok({ verdict: 'go' }))]);
    expect(await run('pre-start')).toEqual(LET_GO);
    expect(questions[0]).toContain(`?path=${join(home, 'elsewhere')} HTTP`);
  });
});

describe('everything else is left to Node', () => {
  it.each([
    ['no Link names it', ok({ verdict: 'unnamed' })],
    ['something is missing', ok({ verdict: 'wait', reason: '"verdict":"go"' })],
    ['it never will be', ok({ verdict: 'never', reason: 'Stalled' })],
    ['another version answers', ok({ settled: true, links: [] })],
    ['the question is refused', 'HTTP/1.1 400 Bad Request\r\n\r\n{"verdict":"go"}'],
    ['the answer breaks off', 'HTTP/1.1 200 OK\r\n\r\n{"verdict":"go"'],
    ['there is no answer', ''],
  ])('where %s', async (_, answer) => {
    await Promise.all([monitor(), daemon(answer)]);
    const argv = ['pre-start', '--runtime-dir', home, 'vm1', 'lxc', 'pre-start'];
    expect(await run('pre-start')).toEqual(leftToNode(...argv));
    expect(questions).toHaveLength(1);
  });

  it.each([
    [['--timeout', '2s']],
    [['--timeout', 'soon']],
    [['--on-daemon-down', 'maybe']],
    [['--optionally=yes']],
    [['--help']],
    [['-h']],
    [['--manifests']],
  ])('with the options %o', async (options) => {
    await Promise.all([monitor(), daemon(ok({ verdict: 'go' }))]);
    const argv = ['pre-start', '--runtime-dir', home, ...options];
    expect(await hook(argv)).toEqual(leftToNode(...argv));
    expect(questions).toEqual([]);
  });

  it.each<Record<string, string>>([
    { LXC_NAME: '' },
    { LXC_NAME: 'vm 1' },
    { LXC_NAME: 'vm1"' },
    { LXC_PID: '' },
    { LXC_PID: 'self' },
    { LXC_PID: '4194305' },
  ])('with the environment %o', async (environment) => {
    await Promise.all([monitor(`lxc/${environment.LXC_NAME ?? 'vm1'}`), daemon(ok({ verdict: 'go' }))]);
    const argv = ['start-host', '--runtime-dir', home];
    expect(await hook(argv, environment)).toEqual(leftToNode(...argv));
    expect(questions).toEqual([]);
  });

  it('where nobody listens, or which container it is cannot be told', async () => {
    const argv = ['pre-start', '--runtime-dir', home];
    await monitor();
    expect(await hook(argv)).toEqual(leftToNode(...argv));
    rmSync(join(home, 'asked'));
    await daemon(ok({ verdict: 'go' }));
    expect(await hook(argv)).toEqual(LET_GO);
    expect(await hook(argv, { LXC_NAME: 'vm2', LXC_CONFIG_FILE: join(home, 'lxc/vm2/config') })).toEqual(
      leftToNode(...argv),
    );
    await monitor('other/vm1');
    expect(await hook(argv, { LXC_CONFIG_FILE: '/etc/vm1.conf' })).toEqual(leftToNode(...argv));
  });

  it('where its path would need another word in a URL', async () => {
    await Promise.all([monitor('l&c/vm1'), daemon(ok({ verdict: 'go' }))]);
    const argv = ['pre-start', '--runtime-dir', home];
    expect(await hook(argv)).toEqual(leftToNode(...argv));
  });

  it('what is no hook', async () => {
    await Promise.all([monitor(), daemon(ok({ verdict: 'go' }))]);
    expect(await hook(['pre-stop', '--runtime-dir', home])).toEqual(
      leftToNode('pre-stop', '--runtime-dir', home),
    );
    expect(await hook([])).toEqual(leftToNode());
  });
});
