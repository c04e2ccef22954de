const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads a duration as Kubernetes' tools write it: `500ms`, `30s`, `1m30s`, `1.5h`, `0`.
 *
 * @returns Milliseconds, or `undefined` for anything else.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h)){1,4}$/.test(text)) return undefined;
  const parts = text.matchAll(/(?<amount>[\d.]+)(?<unit>ms|s|m|h)/g);
  return parts.reduce(
    (sum, { groups }) => sum + Math.round(Number(groups!.amount) * MILLISECONDS[groups!.unit!]!),
    0,
  );
}
