import { existsSync } from 'node:fs';
import { PREFIX, labNamespaces, removeNamespace } from './netns.ts';

/** Removes what labs left whose process was killed; run before and after the tests against the kernel. */
export function setup(): () => void {
  sweep();
  return sweep;
}

function sweep(): void {
  for (const name of labNamespaces()) {
    const pid = new RegExp(`^${PREFIX}(\\d+)x`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeNamespace(name);
  }
}
