import { parseArgs } from 'node:util';
import { containers } from './containers.ts';
import { daemon } from './daemon.ts';
import { drift } from './drift.ts';
import { firstApply } from './first-apply.ts';
import { fullLoad } from './full-load.ts';
import { oldArticle } from './old-article.ts';
import { oneContainer } from './one-container.ts';
import { oneEdit } from './one-edit.ts';
import { packetPath } from './packet-path.ts';
import type { Figure, Scenario } from './support.ts';

/*
 * `npm run bench [-- [--check] SCENARIO ...]` runs all scenarios, or those named, and prints what they found. What counts
 * are ratios within one run, since machines differ. With --check a missed target, or a scenario that could not run, makes
 * the exit status 1.
 */

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'first-apply': firstApply,
  daemon,
  drift,
  containers,
  'one-container': oneContainer,
  'packet-path': packetPath,
  'full-load': fullLoad,
  'one-edit': oneEdit,
  'old-article': oldArticle,
};

function resultOf({ value, target }: Figure): string {
  if (target === undefined) return '';
  return value <= target ? 'pass' : 'FAIL';
}

function print(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
    );
    console.log(cells.join('  ').trimEnd());
  }
}

function rowOf(figure: Figure): string[] {
  const { scenario, name, value, unit, target } = figure;
  const digits = unit === '×' ? 2 : unit === 'ms' || unit === '%' ? 1 : 0;
  const limit = target === undefined ? '' : `<= ${target} ${unit}`;
  return [scenario, name, `${value.toFixed(digits)} ${unit}`, limit, resultOf(figure)];
}

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in SCENARIOS));
if (unknown.length > 0) {
  console.error(`There is no scenario ${unknown.join(', ')}; there are ${Object.keys(SCENARIOS).join(', ')}`);
  process.exit(2);
}
const figures: Figure[] = [];
let failed = false;
for (const scenario of positionals.length > 0 ? positionals : Object.keys(SCENARIOS)) {
  console.error(`${scenario} ...`);
  try {
    await SCENARIOS[scenario]!((name, value, unit, target) =>
      figures.push({ scenario, name, value, unit, ...(target === undefined ? {} : { target }) }),
    );
  } catch (error) {
    console.error(
      `${scenario} could not be measured: ${error instanceof Error ? error.message : String(error)}`,
    );
    failed = true;
  }
}
print([['SCENARIO', 'FIGURE', 'VALUE', 'TARGET', 'RESULT'], ...figures.map(rowOf)]);
failed ||= figures.some((figure) => resultOf(figure) === 'FAIL');
process.exit(values.check === true && failed ? 1 : 0);
