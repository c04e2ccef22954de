export type Format = 'lxc' | 'iptables-save' | 'nft' | 'shell';

/** Lines by which a format is known. */
const SIGNS: readonly (readonly [Format, RegExp])[] = [
  ['lxc', /^\s*lxc\.[a-z_]+[\w.]*\s*=/],
  ['iptables-save', /^(\*(filter|nat|mangle|raw|security)\s|:\S+ (ACCEPT|DROP|-) \[|(\[\d+:\d+\] )?-A \S)/],
  ['nft', /^\s*(table (\S+ )?\S+ \{|chain \S+ \{|(add|insert) (table|chain|rule) (ip6?|inet) )/],
  [
    'shell',
    /(^|[\s;&|(/`])(brctl|ifconfig|ip6?tables[a-z-]*|ebtables|nft|tc|ufw|firewall-cmd|sysctl|route (add|-)|ip (-\S+ )*(l|li|link|a|addr|address|r|route|ru|rule|n|neigh|netns|tunnel))\s|\/proc\/sys\/net\//,
  ],
];
/** A script with another file in it. */
const HERE_DOCUMENT = /<<-?\s*["']?[A-Za-z_]\w*["']?\s*$/;

/** What kind of file a text is; `undefined` where no line says anything of networks. */
export function formatOf(text: string): Format | undefined {
  const counts = new Map<Format, number>();
  const lines = text.split('\n');
  let script = /^#!.*sh\b/.test(lines[0] ?? '');
  for (const line of lines) {
    if (/^\s*#/.test(line)) continue;
    const beginning = line.slice(0, 1000);
    script ||= HERE_DOCUMENT.test(beginning);
    const sign = SIGNS.find(([, pattern]) => pattern.test(`${beginning}\n`));
    if (sign) counts.set(sign[0], (counts.get(sign[0]) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  if (script) return 'shell';
  // Rules of nft look like commands (`ip saddr …`), but commands have no such blocks.
  if (counts.has('nft')) return 'nft';
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}
