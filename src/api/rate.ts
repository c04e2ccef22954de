import { z } from 'zod';

/** As tc takes them, in any case; and as Kubernetes takes quantities, where a small `m` would be a thousandth. */
const FORMS = [
  /^(?<number>\d+(?:\.\d+)?)(?<prefix>[kmgt]i?)?bit$/i,
  /^(?<number>\d+(?:\.\d+)?)(?<prefix>[kKMGT]i?)$/,
];
const POWERS = 'kmgt';
const LEAST = 8e3;
const MOST = 100e9;
const LONGEST = 32;

/** A rate in bits per second, for example `512Kbit`, `2.5Gbit` or, as a quantity of Kubernetes, `10M`. */
export const rate = z
  .custom<string>(
    (value) => typeof value === 'string' && value.length <= LONGEST && bitsPerSecond(value) !== undefined,
    "must be a rate in bits per second with its unit, for example '512Kbit', '100Mbit' or '2.5Gbit'",
  )
  .refine((text) => {
    const bits = bitsPerSecond(text);
    return bits === undefined || (bits >= LEAST && bits <= MOST);
  }, 'must be between 8Kbit and 100Gbit');

/** @param text A rate as {@link rate} accepts it. @returns whole bytes per second. */
export function bytesPerSecond(text: string): number {
  return Math.floor(bitsPerSecond(text)! / 8);
}

function bitsPerSecond(text: string): number | undefined {
  const { number, prefix = '' } = FORMS.map((form) => form.exec(text)?.groups).find(Boolean) ?? {};
  if (number === undefined) return undefined;
  const power = POWERS.indexOf(prefix.charAt(0).toLowerCase() || '-') + 1;
  return Number(number) * (prefix.length === 2 ? 1024 : 1000) ** power;
}
