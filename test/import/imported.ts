import { expect } from 'vitest';
import { crossCheck } from '../../src/source/cross-check.ts';
import { formatFieldError } from '../../src/source/field-error.ts';
import { parseManifests } from '../../src/source/parse.ts';
import { type Imported, importFiles } from '../../src/import/import.ts';

/** What came of files, the specs of its resources by `KIND/NAME`, and its comments as `FILE:LINE: REASON`. */
export interface Looked extends Imported {
  readonly specs: Readonly<Record<string, unknown>>;
  readonly reasons: readonly string[];
}

/** Imports files, and holds the result to the validation that users run. */
export function look(files: Readonly<Record<string, string>>): Looked {
  const imported = importFiles(Object.entries(files).map(([name, text]) => ({ name, text })));
  const { manifests, errors } = parseManifests('imported.yaml', imported.yaml);
  expect(errors.map(formatFieldError)).toEqual([]);
  expect(crossCheck(manifests).errors.map(formatFieldError)).toEqual([]);
  expect(manifests).toHaveLength(imported.resources);
  return {
    ...imported,
    specs: Object.fromEntries(
      manifests.map(({ resource }) => [`${resource.kind}/${resource.metadata.name}`, resource.spec]),
    ),
    reasons: imported.comments.map(({ file, line, reason }) => `${file}:${line}: ${reason}`),
  };
}

/** An LXC configuration of a container of br0. */
export function lxc(name: string, number: number, ...lines: readonly string[]): string {
  return [
    `lxc.uts.name = ${name}`,
    'lxc.net.0.type = veth',
    'lxc.net.0.link = br0',
    `lxc.net.0.ipv4.address = 10.10.20.${number}/24`,
    ...lines,
  ].join('\n');
}

/** br0 and two containers, vm1 and vm2. */
export const NETWORK = {
  'bridge.sh': 'ip link add br0 type bridge\nip addr add 10.10.20.1/24 dev br0\nip link set br0 up',
  'vm1.conf': lxc('vm1', 10),
  'vm2.conf': lxc('vm2', 11),
};
