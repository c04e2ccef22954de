import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';

/** Listens as LXC's monitor of a container would, and has a child in namespaces of its own. */
const SQUATTER = `import socket, subprocess, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind('\\0' + sys.argv[1])
listener.listen()
child = subprocess.Popen(['unshare', '-Urnm', 'sh', '-c', 'echo $$; exec sleep 60'], stdout=subprocess.PIPE)
print(child.stdout.readline().decode(), flush=True)
time.sleep(60)
`;
const NOBODY = 65534;

it("a container's name is no way for a user of the host to get its network", async () => {
  await using lab = new Lab();
  const lxcPath = join(lab.directory, 'lxc');
  const links = ['stolen', 'own', 'real'].map((name, index) =>
    link(name, '', 10 + index, { container: { lxc: name, lxcPath } }),
  );
  lab.write('a.yaml', bridge('br0'), ...links);
  for (const name of ['stolen', 'own', 'real']) mkdirSync(join(lxcPath, name), { recursive: true });
  // This one's configuration is the user's, so its container is, too.
  chownSync(join(lxcPath, 'own'), NOBODY, NOBODY);
  await lab.start();
  const squat = async (name: string, user: number): Promise<string> => {
    const as = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
    const program = lab.follow([...as, '/usr/bin/python3', '-c', SQUATTER, `${lxcPath}/${name}/command`]);
    return new Promise((resolve) =>
      program.stdout!.once('data', (pid: Buffer) => resolve(pid.toString().trim())),
    );
  };
  const thief = await squat('stolen', NOBODY);
  for (const [name, user] of [
    ['own', NOBODY],
    ['real', 0],
  ] as const) {
    await squat(name, user);
    await lab.eventually(
      `${name} is ready`,
      async () => (await lab.condition('link', name))?.status === 'True',
    );
  }
  expect(await lab.condition('link', 'stolen')).toMatchObject({
    status: 'False',
    reason: 'ContainerNotRunning',
  });
  expect(lab.host.exec('nsenter', `--net=/proc/${thief}/ns/net`, 'ip', '-o', 'link')).not.toContain('eth0');
});
