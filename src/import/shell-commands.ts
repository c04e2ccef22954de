import type { Facts } from './facts.ts';
import { readIfconfig } from './ifconfig.ts';
import { readIp } from './ip-command.ts';
import { readIptables } from './iptables-commands.ts';
import type { Ledger, SourceLine } from './ledger.ts';
import { readRoute } from './route-command.ts';

/** Whether a command was a test, only looked at the network, or did something. */
export type Outcome = 'test' | 'query' | 'done';

export interface PlainRedirect {
  readonly operator: string;
  readonly target: string;
}

/** Reads one command of a script, its variables replaced. */
export function readCommand(
  words: readonly string[],
  redirects: readonly PlainRedirect[],
  source: SourceLine,
  facts: Facts,
  ledger: Ledger,
): Outcome {
  const [program = '', ...args] = words;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const setting = settingOf(name, args, redirects);
  if (setting !== undefined) {
    ledger.comment(source, aboutSetting(setting));
    return 'done';
  }
  if (redirects.some(({ operator, target }) => operator.includes('<') && target !== '/dev/null')) {
    ledger.comment(source, 'what it reads is not read here: import that as a file of its own');
    return 'done';
  }
  switch (name) {
    case 'iptables':
    case 'iptables-legacy':
    case 'iptables-nft':
      return readIptables(args, source, 4, { facts, ledger });
    case 'ip6tables':
    case 'ip6tables-legacy':
    case 'ip6tables-nft':
      return readIptables(args, source, 6, { facts, ledger });
    case 'brctl':
      return readBrctl(args, source, facts, ledger);
    case 'ifconfig':
      return readIfconfig(args, source, facts, ledger);
    case 'ip':
      return readIp(args, source, facts, ledger);
    case 'route':
      return readRoute(args, source, facts, ledger);
    case 'iptables-save':
    case 'ip6tables-save':
      ledger.comment(source, 'not needed: import what it prints as a file of its own');
      return 'query';
    case 'nft':
      ledger.comment(source, 'import what `nft list ruleset` prints as a file of its own');
      return 'done';
    case 'modprobe':
      ledger.comment(source, 'not needed: the kernel loads what lxcnet uses by itself');
      return 'done';
    default:
      ledger.comment(source, 'not recognised');
      return 'done';
  }
}

function readBrctl(args: readonly string[], source: SourceLine, facts: Facts, ledger: Ledger): Outcome {
  const [verb, bridge, ...rest] = args;
  if (verb === 'show' || verb === 'showmacs') {
    ledger.ignore(source);
    return 'query';
  }
  if (verb === 'addbr' && bridge !== undefined && rest.length === 0) {
    facts.settings.push({ interface: bridge, field: 'made', value: '', source });
  } else if (verb === 'addif' && bridge !== undefined && rest.length > 0) {
    for (const value of rest) facts.settings.push({ interface: bridge, field: 'port', value, source });
  } else if ((verb === 'stp' && rest[0] === 'off') || (verb === 'setfd' && rest[0] === '0')) {
    ledger.comment(source, 'not needed: it is so by itself');
  } else ledger.comment(source, 'a Bridge has no field for this');
  return 'done';
}

/** The kernel's setting that a command writes, as a path with dots. */
function settingOf(
  name: string,
  args: readonly string[],
  redirects: readonly PlainRedirect[],
): string | undefined {
  const file = redirects.find(
    ({ operator, target }) => operator.includes('>') && target.startsWith('/proc/sys/'),
  );
  if (file && (name === 'echo' || name === 'printf'))
    return `${file.target.slice(10)} ${args.join(' ')}`.replaceAll('/', '.');
  if (name !== 'sysctl') return undefined;
  const assignment = args.find((word) => word.includes('='));
  return assignment?.replace('=', ' ').replaceAll('/', '.');
}

function aboutSetting(setting: string): string {
  const [path = '', value = ''] = setting.split(' ').filter((word) => !word.startsWith('-'));
  if (/^net\.ipv[46]\.(ip_forward|conf\.[^.]+\.forwarding)$/.test(path)) {
    return value === '0'
      ? 'not carried over: lxcnet forwards for its containers, and for nothing else'
      : 'not needed: lxcnet switches forwarding on itself';
  }
  if (path.startsWith('net.bridge.bridge-nf-call')) return 'not needed: lxcnet filters on the bridge itself';
  return 'a setting of the kernel that no manifest has a field for';
}
