import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StateLock } from '../../src/engine/state-lock.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, route } from '../support/manifests.ts';

const routes = (lab: Lab): string => lab.host.exec('ip', 'route', 'show', 'proto', '199');
const one = route('one', { to: '10.41.0.0/16', via: CLIENT });

it('with the daemon running, apply has it do the work, and tells how that ended', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  await lab.ready();
  lab.write('b.yaml', one, route('bad', { to: '10.42.0.0/16', via: '10.99.0.1' }));
  const applied = lab.cli('apply', '--manifests', lab.manifests, '--timeout', '1s');
  expect(applied.stdout).toContain('2 of 3 resources ready');
  expect(applied.stderr).toMatch(/b\.yaml:\d+:\d+: Route\/bad: /);
  expect(applied.status).toBe(1);
  lab.write('b.yaml', one);
  expect(lab.cli('apply', '--manifests', lab.manifests)).toMatchObject({ status: 0 });
  expect(routes(lab)).toContain('10.41.0.0/16');
});

it('with the daemon running, apply of another directory and teardown are refused, and told who it is', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', one);
  await lab.start();
  await lab.ready();
  const other = join(lab.directory, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'b.yaml'), JSON.stringify(bridge('br1')));
  const applied = lab.cli('apply', '--manifests', other);
  expect(applied.status).toBe(1);
  expect(applied.stderr).toContain(`process ${lab.pid} holds`);
  expect(applied.stderr).toContain(`as the manifests in ${lab.manifests} say: put them there, or stop it`);
  const torn = lab.cli('teardown');
  expect(torn.status).toBe(1);
  expect(torn.stderr).toContain(`process ${lab.pid} holds`);
  expect(torn.stderr).toContain('stop it first, it would make everything again');
  expect(routes(lab)).toContain('10.41.0.0/16');
  expect(lab.host.run(['ip', 'link', 'show', 'dev', 'br1']).status).not.toBe(0);
});

it('while another command works with the state directory, apply and teardown change nothing', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', one);
  const lock = await StateLock.acquire(join(lab.directory, 'state'));
  for (const command of [['apply', '--manifests', lab.manifests], ['teardown']]) {
    const { status, stderr } = lab.cli(...command);
    expect(status).toBe(1);
    expect(stderr).toContain(`process ${process.pid} holds`);
  }
  expect(routes(lab)).toBe('');
  await lock.release();
  expect(lab.cli('apply', '--manifests', lab.manifests)).toMatchObject({ status: 0 });
  expect(routes(lab)).toContain('10.41.0.0/16');
});

it('apply keeps what a file last said that is broken now, and what a lost directory said; not after a teardown', async () => {
  await using lab = new Lab();
  const apply = (): number => lab.cli('apply', '--manifests', lab.manifests).status;
  lab.write('a.yaml', one);
  lab.write('b.yaml', bridge('br0'));
  expect(apply()).toBe(0);
  lab.write('a.yaml', '{[ not yaml');
  expect(apply()).toBe(1);
  expect(routes(lab)).toContain('10.41.0.0/16');
  lab.remove('a.yaml');
  lab.remove('b.yaml');
  apply();
  expect(routes(lab)).toContain('10.41.0.0/16');
  expect(lab.cli('teardown').status).toBe(0);
  apply();
  expect(routes(lab)).toBe('');
});
