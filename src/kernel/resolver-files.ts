import { createHash } from 'node:crypto';

/** The files that dnsmasq reads again when it is told to, by the option that names them. */
export const DATA_OPTIONS = ['addn-hosts', 'dhcp-hostsfile', 'dhcp-optsfile'] as const;
type DataOption = (typeof DATA_OPTIONS)[number];

/** What one dnsmasq reads. */
export interface ResolverFiles {
  /** Read once, at its start; the lines that name the other files are not in it. */
  readonly config: string;
  readonly data: Readonly<Partial<Record<DataOption, string>>>;
}

/** Identifies the part for which dnsmasq would have to be started again. */
export function configDigest({ config, data }: ResolverFiles): string {
  return digest([config, ...DATA_OPTIONS.filter((option) => data[option] !== undefined)].join('\n'));
}

/** Identifies the part that it reads again. */
export function dataDigest(data: ResolverFiles['data']): string {
  return digest(JSON.stringify(DATA_OPTIONS.map((option) => data[option] ?? null)));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
