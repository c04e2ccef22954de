import type { Column } from '../server/columns.ts';
import { printable } from './printable.ts';

/** Three spaces between columns, as kubectl has it. */
const GAP = 3;

/** Lays out rows in columns, the titles first. */
export class TableLayout<T> {
  readonly #columns: readonly Column<T>[];
  readonly #widths: number[];

  constructor(columns: readonly Column<T>[]) {
    this.#columns = columns;
    this.#widths = columns.map(({ title }) => title.length);
  }

  /** The titles and a line for each object. */
  lines(objects: readonly T[], now: Date): readonly string[] {
    const rows = objects.map((object) => this.#cells(object, now));
    rows.forEach((row) => this.#widen(row));
    return [this.#columns.map(({ title }) => title), ...rows].map((row) => this.#line(row));
  }

  /** One more line, for an object that came later. */
  line(object: T, now: Date): string {
    const row = this.#cells(object, now);
    this.#widen(row);
    return this.#line(row);
  }

  #cells(object: T, now: Date): readonly string[] {
    return this.#columns.map((column) => printable(column.cell(object, now)));
  }

  #widen(row: readonly string[]): void {
    row.forEach((cell, index) => (this.#widths[index] = Math.max(this.#widths[index]!, cell.length)));
  }

  #line(row: readonly string[]): string {
    return row
      .map((cell, index) => cell.padEnd(this.#widths[index]! + GAP))
      .join('')
      .trimEnd();
  }
}
