import type { HealthCheck } from '../engine/ports.ts';

/** A health endpoint's answer, in the words of Kubernetes' API server. */
interface HealthReport {
  readonly healthy: boolean;
  /** Plain text; `ok` alone where all is well and nobody asked for more. */
  readonly body: string;
}

interface HealthOptions {
  /** List every check, also where all pass. */
  readonly verbose: boolean;
  /** Names of checks to leave out. */
  readonly exclude: readonly string[];
  /** Tell why a check fails. Not to strangers: reasons name files of the host. */
  readonly reasons: boolean;
}

/** Carries out the checks of one endpoint (`readyz`). */
export function reportHealth(
  endpoint: string,
  checks: readonly HealthCheck[],
  options: HealthOptions,
): HealthReport {
  const results = checks
    .filter(({ name }) => !options.exclude.includes(name))
    .map((check) => ({ name: check.name, failure: failureOf(check) }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const healthy = results.every(({ failure }) => failure === undefined);
  if (healthy && !options.verbose) return { healthy, body: 'ok' };
  const lines = results.map(({ name, failure }) =>
    failure === undefined
      ? `[+]${name} ok`
      : `[-]${name} failed: ${options.reasons ? oneLine(failure) : 'reason withheld'}`,
  );
  const verdict = `${endpoint} check ${healthy ? 'passed' : 'failed'}`;
  return { healthy, body: `${[...lines, verdict].join('\n')}\n` };
}

/** The options in a request's query: `?verbose&exclude=NAME&exclude=NAME`. */
export function healthOptions(query: URLSearchParams, reasons: boolean): HealthOptions {
  return { verbose: query.has('verbose'), exclude: query.getAll('exclude'), reasons };
}

function failureOf(check: HealthCheck): string | undefined {
  try {
    return check.failure();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
