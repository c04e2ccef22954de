import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openNamespace } from '../../src/kernel/namespace-handle.ts';
import { namespaceIdentity } from '../../src/kernel/namespace-identity.ts';
import { identityOf, isStillThere } from '../../src/kernel/process-identity.ts';
import { Lab, NODE } from '../support/lab.ts';

/** Makes a veth pair into a namespace, and enters it, as the daemon would; runs on the lab's host. */
const SCRIPT = `
const [kernel, path, identity] = process.argv.slice(1);
const { Visitor } = await import(kernel + '/visitor.ts');
const { Executor } = await import(kernel + '/executor.ts');
const { Netlink } = await import(kernel + '/netlink.ts');
const netlink = new Netlink();
const visitor = new Visitor(netlink);
const executor = new Executor(netlink, visitor);
const commands = [{ args: ['link', 'set', 'dev', 'lo', 'mtu', '1280'] }];
const [visited] = await visitor.visit([{ path, identity, commands }]);
const args = ['link', 'add', 'name', 'new', 'type', 'veth', 'peer', 'name', 'eth0'];
const into = { container: 'Link/default/vm1', path, identity };
const operation = { key: 'Link/default/vm1', stage: 'create', verb: 'create', object: 'interface new',
  commands: [{ tool: 'ip', place: 'host', args, into }] };
const { done, failures } = await executor.run([operation], () => undefined);
console.log(JSON.stringify(['view' in visited.seen, done.length, failures.map(({ message }) => message)]));
process.exit();
`;

it('nothing is done in a namespace that has taken the place of the one that was seen', async () => {
  await using lab = new Lab();
  const [seen, other] = [lab.container('seen'), lab.container('other')];
  const identity = namespaceIdentity(`/run/netns/${seen.name}`)!;
  const kernel = join(import.meta.dirname, '../../src/kernel');
  const act = (name: string): unknown =>
    lab.host.json(NODE, '--input-type=module', '-e', SCRIPT, kernel, `/run/netns/${name}`, identity);
  // As if the path had come to lead to another namespace between the look and now.
  expect(act(other.name)).toEqual([false, 0, ['the container was replaced meanwhile']]);
  expect(other.exec('ip', 'link')).not.toContain('eth0');
  expect(other.exec('cat', '/sys/class/net/lo/mtu')).toBe('65536\n');
  expect(lab.host.exec('ip', 'link')).not.toContain('new');
  expect(act(seen.name)).toEqual([true, 1, []]);
  expect(seen.exec('ip', 'link')).toContain('eth0');
  expect(seen.exec('cat', '/sys/class/net/lo/mtu')).toBe('1280\n');
});

it('a namespace is kept open no longer than it is used', async () => {
  await using lab = new Lab();
  const path = `/run/netns/${lab.container('vm1').name}`;
  const identity = namespaceIdentity(path)!;
  const handle = openNamespace(path, identity)!;
  expect(namespaceIdentity(handle.path)).toBe(identity);
  handle[Symbol.dispose]();
  expect(namespaceIdentity(handle.path)).not.toBe(identity);
});

it('a process id that has gone to another process is not the same process', async () => {
  const sleeper = spawn('sleep', ['60']);
  await once(sleeper, 'spawn');
  const found = identityOf(sleeper.pid!)!;
  expect(isStillThere(found)).toBe(true);
  expect(isStillThere({ ...found, startedAt: String(Number(found.startedAt) - 1) })).toBe(false);
  expect(isStillThere({ ...found, identity: '4:1' })).toBe(false);
  sleeper.kill('SIGKILL');
  await once(sleeper, 'exit');
  expect(isStillThere(found)).toBe(false);
});
