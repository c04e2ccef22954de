import type { Operation } from '../kernel/command.ts';
import type { Part } from '../kernel/view.ts';

/** The parts of the kernel's state that have to be looked at again after these operations. */
export function touchedParts(operations: readonly Operation[]): Part[] {
  const parts = new Set<Part>();
  for (const { key, stage, commands } of operations) {
    for (const command of commands) {
      if (command.tool === 'ip')
        parts.add(command.place === 'host' ? touchedOnHost(command.args) : command.place.container);
    }
    // A veth pair that comes or goes does so at both ends.
    if (key.startsWith('Link/') && (stage === 'create' || stage === 'remove-links')) parts.add(key);
  }
  return [...parts];
}

/** What a command of `ip` changes: one interface and what hangs on it, or more. */
function touchedOnHost(args: readonly string[]): Part {
  const [object, verb] = args;
  const at = args.indexOf(object === 'link' && verb === 'add' ? 'name' : 'dev');
  // With a bridge its ports change, too.
  const more = object === 'route' || (object === 'link' && verb === 'delete') || at === -1;
  return more ? 'host' : `device ${args[at + 1]!}`;
}
