import { type Key, displayKey } from '../api/key.ts';
import type { Operation } from '../kernel/command.ts';
import type { FullPlan } from '../engine/planner.ts';
import { elementText } from '../netfilter/elements.ts';
import { printable } from './printable.ts';

const SIGNS = { create: '+', update: '~', delete: '-' } as const;

/** A plan as people read it: a line per kernel object and field, `+` for what comes, `-` for what goes, `~` for changes. */
export function differenceLines({ operations, netfilter }: FullPlan): string[] {
  const shown = operations.filter(({ commands }) => commands.length > 0);
  const { additions, removals } = netfilter.difference;
  return [
    ...shown.map(operationLine),
    ...(netfilter.replaceTables ? ['+ tables inet lxcnet and bridge lxcnet'] : []),
    ...removals.map((element) => `- netfilter ${element.set}: ${elementText(element)}`),
    ...additions.map(
      (element) => `+ netfilter ${element.set}: ${elementText(element)}  (${ownerText(element.owner)})`,
    ),
  ].map(printable);
}

function operationLine({ key, verb, object, field, from, to }: Operation): string {
  const change =
    field === undefined
      ? ''
      : `: ${field}: ${from === '' || from === undefined ? '(none)' : from} -> ${to ?? ''}`;
  return `${SIGNS[verb]} ${object}${change}  (${ownerText(key)})`;
}

function ownerText(key: Key): string {
  return displayKey(key);
}
