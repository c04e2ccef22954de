import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importCommand } from '../../src/cli/import.ts';
import { validatePaths } from '../../src/cli/validate.ts';

const FIXTURES = join(import.meta.dirname, '../import/fixtures');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lxcnet-import-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What a command prints, without the directories' names. */
async function run(
  command: (io: { stdout(line: string): void; stderr(line: string): void }) => Promise<number>,
): Promise<{ status: number; out: readonly string[]; err: readonly string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const plain = (line: string): string => line.replaceAll(`${FIXTURES}/`, '').replaceAll(`${root}/`, '');
  const status = await command({
    stdout: (line) => void out.push(plain(line)),
    stderr: (line) => void err.push(plain(line)),
  });
  return { status, out, err };
}

const imported = (...paths: readonly string[]): ReturnType<typeof run> =>
  run((io) => importCommand(paths, io));

describe('import', () => {
  it("makes manifests that pass of the old how-to's files, and accounts for every line", async () => {
    const { status, out, err } = await imported(join(FIXTURES, 'lxc.conf'), join(FIXTURES, 'network.sh'));
    expect({ status, err }).toEqual({
      status: 0,
      err: ['2 files: 4 resources from 9 lines; 11 lines commented, each with its reason'],
    });
    expect(out.filter((line) => line.startsWith('kind: '))).toEqual([
      'kind: Bridge',
      'kind: Link',
      'kind: PortForward',
      'kind: NetworkPolicy',
    ]);
    expect(out.filter((line) => line.startsWith('# ')).map((line) => line.split(':')[1])).toEqual(
      '7 10 11 12 13 14 15 16 19 20 23'.split(' '),
    );
    for (const line of out.filter((one) => one.startsWith('#')))
      expect(line).toMatch(/^# network\.sh:\d+: \S.* {2}-- \S/);
    writeFileSync(join(root, 'all.yaml'), out.join('\n'));
    expect(await run((io) => validatePaths([root], io))).toEqual({
      status: 0,
      out: ['1 file, 4 resources valid'],
      err: [],
    });
    // Every line of the script that is not empty and no comment is in one place or the other.
    const script = readFileSync(join(FIXTURES, 'network.sh'), 'utf8').split('\n');
    const carried = script.filter((line) => /^(brctl|ifconfig|iptables -t nat -A)/.test(line));
    const told = out.filter((line) => line.startsWith('# ')).length;
    expect(carried.length + told).toBe(script.filter((line) => /^[^#\s]/.test(line)).length);
  });

  it('fails, and prints nothing, where a file cannot be read or says nothing', async () => {
    writeFileSync(join(root, 'poem'), 'roses are red\n');
    writeFileSync(join(root, 'latin'), Buffer.from([0xe9]));
    writeFileSync(join(root, 'long'), 'x'.repeat(1024 * 1024 + 1));
    const paths = ['poem', 'latin', 'long', 'none'].map((name) => join(root, name));
    expect(await imported(...paths, join(FIXTURES, 'lxc.conf'))).toEqual({
      status: 1,
      out: [],
      err: [
        'latin: must be UTF-8',
        'long: Too long: must be no more than 1 MiB',
        'none: there is no such file or directory',
        'poem: no line of it is an LXC configuration, a firewall rule or a command that sets up networks',
      ],
    });
  });

  it('says so where the manifests would be more than a file may have', async () => {
    const lines = Array.from({ length: 1_001 }, (_, index) => `brctl addbr br${index}`);
    writeFileSync(join(root, 'many.sh'), lines.join('\n'));
    expect(await imported(join(root, 'many.sh'))).toEqual({
      status: 1,
      out: [],
      err: [
        'Too many: 1001: must have at most 1000 documents: import fewer files, or fewer lines, at a time',
      ],
    });
  });

  it('reads a file once, however often it is named, and lets no name forge a line', async () => {
    const path = join(root, 'a\nkind: Bridge');
    writeFileSync(path, 'brctl addbr br0\nbrctl stp br0 on\n');
    const { out, err } = await imported(path, path);
    expect(out[0]).toBe('# a kind: Bridge:2: brctl stp br0 on  -- a Bridge has no field for this');
    expect(err).toEqual(['1 file: 1 resource from 1 line; 1 line commented, each with its reason']);
  });
});
