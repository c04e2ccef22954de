import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validatePaths } from '../../src/cli/validate.ts';
import { bridge, link } from '../support/manifests.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lxcnet-validate-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, ...documents: readonly (object | string)[]): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  const texts = documents.map((document) =>
    typeof document === 'string' ? document : JSON.stringify(document),
  );
  writeFileSync(join(root, path), texts.join('\n---\n'));
}

interface Answer {
  readonly status: number;
  readonly out: readonly string[];
  /** Without the directory's name. */
  readonly err: readonly string[];
}

async function validate(...paths: readonly string[]): Promise<Answer> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    stdout: (line: string) => void out.push(line),
    stderr: (line: string) => void err.push(line.replaceAll(`${root}/`, '').replaceAll(root, '.')),
  };
  const status = await validatePaths(
    paths.map((path) => join(root, path)),
    io,
  );
  return { status, out, err };
}

describe('validate', () => {
  it('counts files and resources where all is well', async () => {
    write('a.yaml', bridge('br0'), link('vm1', 'one', 10));
    write('sub/b.yaml', link('vm2', 'two', 11));
    expect(await validate('.')).toEqual({ status: 0, out: ['2 files, 3 resources valid'], err: [] });
    expect(await validate('a.yaml')).toEqual({ status: 0, out: ['1 file, 2 resources valid'], err: [] });
  });

  it('tells every error of every file, in the order of files and lines', async () => {
    write('b.yaml', bridge('br0', { mtu: 1 }), bridge('br1', { mtu: 2 }));
    write('a.yaml', 'x: [');
    expect(await validate('.')).toEqual({
      status: 1,
      out: ['2 files: 3 errors'],
      err: [
        'a.yaml:1:5: unexpected end of the stream within a flow collection',
        expect.stringMatching(
          /^b\.yaml:1:\d+: Bridge\/br0: spec\.mtu: Invalid value: 1: must be between 68 and 65535$/,
        ),
        expect.stringMatching(
          /^b\.yaml:3:\d+: Bridge\/br1: spec\.mtu: Invalid value: 2: must be between 68 and 65535$/,
        ),
      ],
    });
  });

  it('puts all the files side by side, in the order of the daemon, whatever the order of the arguments', async () => {
    write('a.yaml', bridge('br0'));
    write('b.yaml', bridge('br0'));
    for (const paths of [['.'], ['b.yaml', 'a.yaml'], ['a.yaml', 'b.yaml']]) {
      const { status, err } = await validate(...paths);
      expect(status).toBe(1);
      expect(err).toEqual([
        expect.stringMatching(
          /^b\.yaml:1:\d+: Bridge\/br0: metadata\.name: Duplicate value: it is declared at a\.yaml:1 already$/,
        ),
      ]);
    }
  });

  it('tells what only shows side by side among the rest, by place', async () => {
    write('a.yaml', bridge('br0'));
    write('b.yaml', bridge('br0'), bridge('br1', { mtu: 1 }));
    write('c.yaml', bridge('br2', { mtu: 1 }));
    const { err } = await validate('.');
    expect(err.map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
      'b.yaml:1',
      'b.yaml:3',
      'c.yaml:1',
    ]);
  });

  it('reads a file once, however often it is named', async () => {
    write('sub/a.yaml', bridge('br0'));
    const answer = await validate('sub/a.yaml', 'sub', './sub/../sub/a.yaml', '.');
    expect(answer).toEqual({ status: 0, out: ['1 file, 1 resource valid'], err: [] });
  });

  it('says what is not there', async () => {
    write('a.yaml', bridge('br0'));
    expect(await validate('nowhere.yaml', 'a.yaml')).toEqual({
      status: 1,
      out: ['2 files: 1 error'],
      err: ['nowhere.yaml:1:1: there is no such file or directory'],
    });
  });

  it('holds a file that is named to what holds for one that is found', async () => {
    write('bom.json', `\ufeff${JSON.stringify(bridge('br0'))}`);
    expect((await validate('bom.json')).status).toBe(0);
    writeFileSync(join(root, 'latin.yaml'), Buffer.from([0x61, 0x3a, 0xe9]));
    expect((await validate('latin.yaml')).err).toEqual(['latin.yaml:1:1: must be UTF-8']);
    symlinkSync('/dev/zero', join(root, 'zero.yaml'));
    expect((await validate('zero.yaml')).err).toEqual(['zero.yaml:1:1: is not a regular file']);
    write('long.yaml', '#'.repeat(1024 * 1024 + 1));
    expect((await validate('long.yaml')).err).toEqual([
      'long.yaml:1:1: Too long: must be no more than 1 MiB',
    ]);
  });

  it('wonders about a directory without manifests, but does not call it wrong', async () => {
    write('notes.txt', 'x');
    expect(await validate('.')).toEqual({
      status: 0,
      out: ['0 files, 0 resources valid'],
      err: ['.: no *.yaml, *.yml or *.json files'],
    });
  });

  it('takes any name for a file that is named, but lets none forge a line', async () => {
    write('manifest\n.txt', bridge('br0', { mtu: 1 }));
    const { err } = await validate('manifest\n.txt');
    expect(err).toHaveLength(1);
    expect(err[0]).toMatch(/^manifest\\u000a\.txt:1:\d+: Bridge\/br0: spec\.mtu: /);
  });
});
