import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LxcConfigOptions, hookLines, lxcConfigCommand } from '../../src/cli/lxc-config.ts';
import { bridge, link } from '../support/manifests.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lxcnet-lxc-config-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(...documents: readonly object[]): void {
  writeFileSync(join(root, 'a.yaml'), documents.map((document) => JSON.stringify(document)).join('\n---\n'));
}

async function lines(name: string, options: Partial<LxcConfigOptions> = {}): Promise<readonly string[]> {
  const out: string[] = [];
  const status = await lxcConfigCommand(
    { name, manifests: root, ...options },
    { stdout: (line) => void out.push(line), stderr: (line) => void out.push(`stderr: ${line}`) },
  );
  expect(status).toBe(0);
  return out;
}

const lxc = (
  name: string,
  number: number,
  spec: Readonly<Record<string, unknown>> = {},
  metadata = {},
): object => link(name, 'unused', number, { container: { lxc: 'vm1' }, ...spec }, metadata);

describe('lxc-config', () => {
  it('is one line where lxcnet makes the veth pairs, however many there are', async () => {
    write(bridge('br0'), lxc('vm1', 10), lxc('vm1-eth1', 11, { interface: 'eth1' }));
    expect(await lines('vm1')).toEqual(['lxc.net.0.type = empty']);
  });

  it('has the hooks where they are asked for, which read the same directory', async () => {
    write(bridge('br0'), lxc('vm1', 10));
    expect(await lines('vm1', { hooks: true })).toEqual([
      'lxc.net.0.type = empty',
      `lxc.hook.pre-start = /usr/bin/lxcnet hook pre-start --manifests ${root}`,
      `lxc.hook.start-host = /usr/bin/lxcnet hook start-host --manifests ${root}`,
      `lxc.hook.post-stop = /usr/bin/lxcnet hook post-stop --manifests ${root}`,
    ]);
    expect((await lines('vm1', { hooks: true, veth: true })).slice(-4, -2)).toEqual([
      'lxc.net.0.mtu = 1500',
      `lxc.hook.pre-start = /usr/bin/lxcnet hook pre-start --manifests ${root}`,
    ]);
    const relative = await lines('vm1', { hooks: true, manifests: `${root}/../${basename(root)}/` });
    expect(relative[1]).toMatch(` --manifests ${root}`);
  });

  it('names no directory in the hooks where it is the usual one', () => {
    expect(hookLines('/etc/lxcnet.d/')).toEqual([
      'lxc.hook.pre-start = /usr/bin/lxcnet hook pre-start',
      'lxc.hook.start-host = /usr/bin/lxcnet hook start-host',
      'lxc.hook.post-stop = /usr/bin/lxcnet hook post-stop',
    ]);
  });

  it('names a directory so that the shell of LXC takes it as it is, or refuses', () => {
    for (const directory of ["/a b/$HOME/`id`/it's;x", '/plain/d-1_2.d']) {
      const [, words] = hookLines(directory)[0]!.split('--manifests ');
      expect(execFileSync('sh', ['-c', `printf %s ${words}`], { encoding: 'utf8' })).toBe(directory);
    }
    expect(() => hookLines('/a\nb')).toThrow("cannot stand in a line of LXC's configuration");
  });

  it('is what a Link says where LXC makes the veth pair', async () => {
    write(
      bridge('lan', { interface: 'br-lan', mtu: 1400 }),
      lxc('vm1', 10, { bridge: 'lan', macAddress: '00:16:3E:00:00:01' }),
    );
    expect(await lines('vm1', { veth: true })).toEqual([
      'lxc.net.0.type = veth',
      'lxc.net.0.link = br-lan',
      'lxc.net.0.flags = up',
      'lxc.net.0.name = eth0',
      'lxc.net.0.hwaddr = 00:16:3e:00:00:01',
      'lxc.net.0.mtu = 1400',
    ]);
  });

  it('counts the interfaces of a container, whichever of its Links is named, and no other container', async () => {
    write(
      bridge('br0'),
      lxc('dmz', 11, { interface: 'eth1', mtu: 1300 }),
      lxc('vm1', 10),
      lxc('elsewhere', 12, { container: { lxc: 'vm1', lxcPath: '/srv/lxc' } }),
      lxc('other', 13, { container: { lxc: 'vm2' } }),
    );
    const both = await lines('dmz', { veth: true });
    expect(both.filter((line) => /\.(name|mtu) = /.test(line))).toEqual([
      'lxc.net.0.name = eth0',
      'lxc.net.0.mtu = 1500',
      'lxc.net.1.name = eth1',
      'lxc.net.1.mtu = 1300',
    ]);
    expect(await lines('vm1', { veth: true })).toEqual(both);
  });

  it.each(['/var/lib/lxc', '/var/lib/lxc/'])('knows a container by its path %s, too', async (lxcPath) => {
    const container = { lxc: 'vm1', lxcPath };
    write(bridge('br0'), lxc('vm1', 10), lxc('dmz', 11, { interface: 'eth1', container }));
    expect((await lines('vm1', { veth: true })).filter((line) => line.includes('.name'))).toEqual([
      'lxc.net.0.name = eth0',
      'lxc.net.1.name = eth1',
    ]);
  });

  it('looks into one namespace', async () => {
    write(bridge('br0'), lxc('vm1', 10, {}, { namespace: 'lab' }));
    expect(await lines('vm1', { namespace: 'lab' })).toEqual(['lxc.net.0.type = empty']);
    await expect(lines('vm1')).rejects.toThrow(
      /^no Link "vm1" in the namespace "default" of .*: there is none$/,
    );
  });

  it('says what there is instead', async () => {
    write(
      bridge('br0'),
      lxc('vm1', 10),
      link('vm2', 'vm2', 11),
      lxc('vm3', 12, { bridge: 'br1', interface: 'eth1', container: { lxc: 'vm3' } }),
    );
    await expect(lines('vn1')).rejects.toThrow('there are vm1, vm2, vm3; did you mean vm1?');
    await expect(lines('vm2')).rejects.toThrow(
      'Link/vm2 is for a container by `netns`, and not for one of LXC',
    );
    await expect(lines('vm3', { veth: true })).rejects.toThrow(
      'Link/vm3 is on the Bridge br1, which is not there: there are br0',
    );
    await expect(lines('vm1', { manifests: join(root, 'none') })).rejects.toThrow(
      /none: there is no such file or directory$/,
    );
  });

  it('tells what is wrong in other manifests, and goes on', async () => {
    write(bridge('br0'), bridge('br1', { mtu: 1 }), lxc('vm1', 10));
    expect(await lines('vm1')).toEqual([
      expect.stringMatching(/^stderr: a\.yaml:3:\d+: Bridge\/br1: spec\.mtu: /),
      'lxc.net.0.type = empty',
    ]);
  });
});
