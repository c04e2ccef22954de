import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { Inventory } from '../../src/engine/inventory.ts';
import { readState, writeState } from '../../src/engine/state-file.ts';
import type { Claim, Operation } from '../../src/kernel/command.ts';

const BR0 = 'Bridge/br0' as Key;
const BR1 = 'Bridge/br1' as Key;
const BOOT = 'boot-1';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lxcnet-inventory-'));
  path = join(directory, 'state/inventory.json');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const entry = (owner: Key, object: Claim['object'], id: string, before?: string): Claim => ({
  owner,
  object,
  id,
  ...(before !== undefined && { before }),
});
const operation = (more: Pick<Operation, 'claim'> | Pick<Operation, 'release'>): Operation => ({
  key: BR0,
  stage: 'create',
  verb: 'create',
  object: 'x',
  commands: [],
  ...more,
});
const claiming = (...claims: Claim[]) => claims.map((claim) => operation({ claim }));
const releasing = (...claims: Claim[]) => claims.map((release) => operation({ release }));

const INTERFACE = entry(BR0, 'interface', 'br0');
const SYSCTL = entry(BR0, 'sysctl', 'net/ipv4/ip_forward', '0');

describe('an inventory', () => {
  it('is empty where there is no file, and makes none for nothing', async () => {
    const inventory = await Inventory.load(path, BOOT);
    await inventory.claim([]);
    await inventory.release(releasing(INTERFACE));
    expect(inventory.all()).toEqual([]);
    expect(() => statSync(path)).toThrow();
  });

  it('is on disk as soon as a claim is entered', async () => {
    await (await Inventory.load(path, BOOT)).claim(claiming(INTERFACE, SYSCTL));
    const again = await Inventory.load(path, BOOT);
    expect(again.all()).toEqual([INTERFACE, SYSCTL]);
    expect(again.of(BR0)).toEqual([INTERFACE, SYSCTL]);
    expect(again.find('sysctl', SYSCTL.id)).toEqual(SYSCTL);
    expect(again.find('interface', SYSCTL.id)).toBeUndefined();
  });

  it('keeps what the same batch removes and makes anew', async () => {
    const inventory = await Inventory.load(path, BOOT);
    await inventory.claim(claiming(INTERFACE, SYSCTL));
    await inventory.release([...releasing(INTERFACE, SYSCTL), ...claiming(INTERFACE)]);
    expect(inventory.all()).toEqual([INTERFACE]);
  });

  it('enters nothing that the disk refuses, so that it is asked for again', async () => {
    const inventory = await Inventory.load(path, BOOT);
    await inventory.claim(claiming(SYSCTL));
    rmSync(path);
    mkdirSync(join(path, 'in-the-way'), { recursive: true });
    for (let attempt = 0; attempt < 2; attempt++) {
      const operations = claiming(INTERFACE, SYSCTL);
      const problem = await inventory.claim(operations);
      expect(problem?.reason).toMatch(/the inventory cannot be written: .*EISDIR|ENOTEMPTY|EEXIST/);
      expect(problem?.refused).toEqual([operations[0]]);
      expect(inventory.find('interface', INTERFACE.id)).toBeUndefined();
    }
    rmSync(path, { recursive: true });
    expect(await inventory.claim(claiming(INTERFACE))).toBeUndefined();
    expect((await Inventory.load(path, BOOT)).find('interface', INTERFACE.id)).toEqual(INTERFACE);
  });

  it('forgets on disk too what was removed', async () => {
    const inventory = await Inventory.load(path, BOOT);
    await inventory.claim(claiming(INTERFACE, SYSCTL));
    await inventory.release(releasing(INTERFACE));
    expect((await Inventory.load(path, BOOT)).all()).toEqual([SYSCTL]);
    expect(inventory.of(BR0)).toEqual([SYSCTL]);
  });

  it('keeps the value from before the first change', async () => {
    const inventory = await Inventory.load(path, BOOT);
    await inventory.claim(claiming(SYSCTL));
    await inventory.claim(claiming({ ...SYSCTL, before: '1' }));
    expect(inventory.find('sysctl', SYSCTL.id)?.before).toBe('0');
  });

  it('has one owner for an object: the newest', async () => {
    const inventory = await Inventory.load(path, BOOT);
    await inventory.claim(claiming(INTERFACE));
    await inventory.claim(claiming({ ...INTERFACE, owner: BR1 }));
    expect(inventory.of(BR0)).toEqual([]);
    expect(inventory.of(BR1)).toHaveLength(1);
    await inventory.release(releasing(INTERFACE));
    expect(inventory.find('interface', 'br0')?.owner).toBe(BR1);
  });

  it('does not write where nothing changes', async () => {
    const inventory = await Inventory.load(path, BOOT);
    await inventory.claim(claiming(INTERFACE));
    const { ino } = statSync(path);
    await inventory.claim(claiming(INTERFACE));
    await inventory.release(releasing(SYSCTL));
    expect(statSync(path).ino).toBe(ino);
  });

  it('does not outlive a boot', async () => {
    await (await Inventory.load(path, BOOT)).claim(claiming(INTERFACE));
    expect((await Inventory.load(path, 'boot-2')).all()).toEqual([]);
  });

  it.each([
    ['no JSON', '{"boot":'],
    ['of another shape', '[]'],
    ['with an owner that is no key', JSON.stringify({ boot: BOOT, claims: [{ ...INTERFACE, owner: 'x' }] })],
    ['with an unknown object', JSON.stringify({ boot: BOOT, claims: [{ ...INTERFACE, object: 'x' }] })],
  ])('that is %s counts as none', async (_, text) => {
    await writeState(path, {});
    writeFileSync(path, text);
    expect((await Inventory.load(path, BOOT)).all()).toEqual([]);
  });
});

describe('a state file', () => {
  it('comes back as it was written, and replaces what was there', async () => {
    await writeState(path, { a: [1, 'ü'] });
    await writeState(path, { b: null });
    expect(await readState(path)).toEqual({ b: null });
  });

  it('is for its owner only, as is its directory', async () => {
    await writeState(path, 1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'state')).mode & 0o777).toBe(0o700);
  });

  it('does not exist, or is not JSON: undefined', async () => {
    expect(await readState(path)).toBeUndefined();
    await writeState(path, 1);
    writeFileSync(path, '{');
    expect(await readState(path)).toBeUndefined();
  });

  it('that cannot be replaced stays as it was', async () => {
    await writeState(path, 'old');
    await writeState(`${path}.new/x`, 1); // a directory where the new content would go
    await expect(writeState(path, 'new')).rejects.toThrow(/EISDIR/);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toBe('old');
  });
});
