import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the faults of this run are written down, one JSON line each. */
    readonly faultRecords: string;
  }
}

/** A fault that was injected, and what became of it. */
export interface FaultRecord {
  readonly fault: string;
  /** Milliseconds until all was right again; absent where a fault is only survived, or where it was not healed. */
  readonly healed?: number;
  /** The most that healing may take. Milliseconds. */
  readonly limit?: number;
  readonly survived?: boolean;
  /** Packets that passed though nothing allows them. */
  readonly leaked?: number;
  /** Whether the fault itself took the filter away, so that packets pass until it is back. */
  readonly opensFilter?: boolean;
  /** Objects that were gone, or too many, in the end. */
  readonly lost?: number;
}

/** Collects what the fault tests write down, and prints it when they are over. */
export function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'lxcnet-faults-'));
  const file = join(directory, 'records');
  project.provide('faultRecords', file);
  return () => {
    if (existsSync(file)) console.log(summary(readRecords(file)));
    rmSync(directory, { recursive: true });
  };
}

function readRecords(file: string): FaultRecord[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as FaultRecord);
}

/** The report: how many faults, how many healed, how fast, and what was lost. */
function summary(records: readonly FaultRecord[]): string {
  const sum = (pick: (record: FaultRecord) => number | undefined, of = records): number =>
    of.reduce((total, record) => total + (pick(record) ?? 0), 0);
  const healing = records.filter(({ survived }) => survived !== true);
  const times = healing.flatMap(({ healed }) => healed ?? []).sort((one, other) => one - other);
  const at = (share: number): string => `${(times[Math.ceil(times.length * share) - 1] ?? 0).toFixed(0)} ms`;
  const open = records.filter(({ opensFilter }) => opensFilter);
  const closed = records.filter(({ opensFilter }) => opensFilter !== true);
  const slowest = healing
    .toSorted((one, other) => (other.healed ?? Infinity) - (one.healed ?? Infinity))
    .slice(0, 5)
    .map(
      ({ fault, healed }) => `    ${healed === undefined ? 'never' : `${healed.toFixed(0)} ms`}  ${fault}`,
    );
  return [
    '',
    '== faults',
    `  injected             ${records.length}`,
    `  to be healed, healed ${healing.length}, ${times.length}`,
    `  survived unnoticed   ${records.length - healing.length}`,
    `  time to heal         median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`,
    `  leaked packets       ${sum(({ leaked }) => leaked, closed)}`,
    `    and, until it was back, where the fault was to take the filter itself away: ${sum(({ leaked }) => leaked, open)}`,
    `  objects lost         ${sum(({ lost }) => lost)}`,
    '  slowest',
    ...slowest,
    '',
  ].join('\n');
}
