/** The values of a series' labels. */
type LabelValues<L extends string> = Readonly<Record<L, string>>;

/** A number that only grows. */
export interface Counter<L extends string> {
  inc(labels: LabelValues<L>, by?: number): void;
  remove(labels: LabelValues<L>): void;
}

interface Gauge<L extends string> {
  set(labels: LabelValues<L>, value: number): void;
  remove(labels: LabelValues<L>): void;
  /** Removes every series. */
  clear(): void;
}

interface Histogram<L extends string> {
  observe(labels: LabelValues<L>, value: number): void;
  /** Makes the series exist with no observation. */
  start(labels: LabelValues<L>): void;
}

/** Makes metrics in one registry; a name may be used once. */
export interface Instruments {
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>;
}
