import type { ReconcileOptions } from '../engine/ports.ts';
import type { DaemonClient } from './client.ts';
import type { CommandIo } from './io.ts';
import { printable } from './printable.ts';

/** Has the daemon rescan and reconcile everything now, and prints what that pass did. */
export async function reconcileCommand(
  client: DaemonClient,
  options: ReconcileOptions,
  io: CommandIo,
): Promise<number> {
  const { resources, ready, writes, milliseconds, notes } = await client.reconcile(options);
  notes.forEach((note) => io.stdout(printable(note)));
  io.stdout(
    `${count(resources, 'resource')}, ${ready} ready, ${count(writes, 'write')}, ${Math.round(milliseconds)} ms`,
  );
  return 0;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
