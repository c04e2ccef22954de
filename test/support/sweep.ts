import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PREFIX, labNamespaces, removeNamespace } from './netns.ts';

/** Removes what labs left whose process was killed; run before and after the tests against the kernel. */
export function setup(): () => void {
  sweep();
  return sweep;
}

function sweep(): void {
  labNamespaces().filter(isLeftBehind).forEach(removeNamespace);
  for (const name of readdirSync(tmpdir()).filter(isLeftBehind))
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

function isLeftBehind(name: string): boolean {
  const pid = new RegExp(`^${PREFIX}(\\d+)x`).exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}
