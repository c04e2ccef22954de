import type { Facts } from './facts.ts';
import type { Ledger, SourceLine } from './ledger.ts';
import { prefixOf } from './values.ts';

/** Reads `route add -net 10.30.0.0 netmask 255.255.0.0 gw 10.10.20.20`. */
export function readRoute(
  args: readonly string[],
  source: SourceLine,
  facts: Facts,
  ledger: Ledger,
): 'query' | 'done' {
  const words = args.filter((word) => !/^(-n|-e|-A|inet6?|-[46])$/.test(word));
  if (words.length === 0) {
    ledger.ignore(source);
    return 'query';
  }
  const values: Record<string, string> = {};
  const rest = words.slice(1).filter((word) => word !== '-net' && word !== '-host');
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index]!;
    if (/^(gw|netmask|dev|metric)$/.test(word)) values[word] = rest[++index] ?? '';
    else if (values.to === undefined) values.to = word;
    else values.more = word;
  }
  const { to, gw, netmask, dev, metric, more } = values;
  const prefix = netmask === undefined ? undefined : prefixOf(netmask);
  if (
    words[0] !== 'add' ||
    to === undefined ||
    more !== undefined ||
    (netmask !== undefined && prefix === undefined)
  ) {
    ledger.comment(source, 'a form of `route` that is not carried over');
    return 'done';
  }
  facts.routes.push({
    to: prefix === undefined ? to : `${to}/${prefix}`,
    via: gw,
    interface: dev,
    metric: metric === undefined ? undefined : Number(metric),
    source,
  });
  return 'done';
}
