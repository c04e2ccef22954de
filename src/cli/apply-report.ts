import { join } from 'node:path';
import { displayKey } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import type { ConditionDraft } from '../api/status.ts';
import type { CommandIo } from './io.ts';
import type { ReadManifests } from './one-shot.ts';
import { printable } from './printable.ts';

/** Prints what is not Ready and why. @returns the exit status. */
export function report(
  directory: string,
  { desired, snapshot }: ReadManifests,
  conditionsOf: (manifest: Manifest) => readonly ConditionDraft[],
  writes: number,
  io: CommandIo,
): number {
  let ready = 0;
  let total = 0;
  for (const manifest of desired.values()) {
    if (manifest.resource.kind === 'Namespace') continue;
    total++;
    const condition = conditionsOf(manifest).find(({ type }) => type === 'Ready');
    if (condition?.status === 'True') ready++;
    else {
      const { file, line, column } = manifest.origin;
      const { reason, message } = condition ?? { reason: 'Progressing', message: 'not looked at yet' };
      const place = `${join(directory, file)}:${line}:${column}`;
      io.stderr(printable(`${place}: ${displayKey(manifest.key)}: ${reason}: ${message}`));
    }
  }
  io.stdout(`${ready} of ${total} resources ready, ${writes} changes`);
  return ready === total && snapshot.errors.length === 0 ? 0 : 1;
}
