import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Scenario, atEnd, inTurn, temporaryDirectory, uniqueName } from './support.ts';

/*
 * How long `lxcnet apply` takes for 200 Links with a forward each, as a ratio to a script that does the same by
 * hand with `ip -batch` and `nft -f`; each time in new namespaces.
 */

const LINKS = 200;
const ROUNDS = 3;
const PROGRAM = [
  join(import.meta.dirname, '../../node_modules/.bin/node'),
  join(import.meta.dirname, '../../dist/src/main.js'),
];
const numbers = Array.from({ length: LINKS }, (_, index) => index);
const addressOf = (index: number): string => `10.77.${1 + (index >> 7)}.${1 + (index & 127)}`;

interface Site {
  readonly host: string;
  readonly containers: readonly string[];
  readonly directory: string;
  readonly remove: () => void;
}

function makeSite(): Site {
  const host = uniqueName('host');
  const containers = numbers.map((index) => `${host}-c${index}`);
  const directory = temporaryDirectory('apply');
  const remove = atEnd(() => removeNamespaces([host, ...containers]));
  execFileSync('ip', ['-batch', '-'], {
    input: [host, ...containers].map((name) => `netns add ${name}\n`).join(''),
  });
  const uplink = [
    'link set lo up',
    'link add eth0 type veth peer name lan0',
    'address add 192.168.254.19/24 dev eth0',
    'link set eth0 up',
    'link set lan0 up',
  ];
  execFileSync('ip', ['-n', host, '-batch', '-'], { input: uplink.join('\n') });
  return { host, containers, directory, remove };
}

function removeNamespaces(names: readonly string[]): void {
  spawnSync('ip', ['-force', '-batch', '-'], {
    input: names.map((name) => `netns delete ${name}\n`).join(''),
  });
}

function manifests(site: Site): string {
  const bridge = {
    apiVersion: 'lxcnet.dev/v1alpha1',
    kind: 'Bridge',
    metadata: { name: 'br0' },
    spec: { addresses: ['10.77.0.1/16'] },
  };
  const links = site.containers.map((netns, index) => ({
    apiVersion: 'lxcnet.dev/v1alpha1',
    kind: 'Link',
    metadata: { name: `c${index}` },
    spec: { bridge: 'br0', container: { netns }, addresses: [`${addressOf(index)}/16`] },
  }));
  const forwards = numbers.map((index) => ({
    apiVersion: 'lxcnet.dev/v1alpha1',
    kind: 'PortForward',
    metadata: { name: `c${index}` },
    spec: {
      interfaces: ['eth0'],
      ports: [{ port: 10_000 + index, targetPort: 80 }],
      link: { name: `c${index}` },
    },
  }));
  return [bridge, ...links, ...forwards].map((document) => JSON.stringify(document)).join('\n---\n');
}

function byLxcnet(site: Site): number {
  const directory = join(site.directory, 'manifests');
  mkdirSync(directory);
  const texts = manifests(site).split('\n---\n');
  for (let from = 0; from < texts.length; from += 500)
    writeFileSync(join(directory, `${from}.yaml`), texts.slice(from, from + 500).join('\n---\n'));
  const start = performance.now();
  const args = [
    'netns',
    'exec',
    site.host,
    ...PROGRAM,
    'apply',
    '--manifests',
    directory,
    '--state-dir',
    join(site.directory, 'state'),
  ];
  const result = spawnSync('ip', args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`lxcnet apply: ${result.stdout}${result.stderr}`);
  return performance.now() - start;
}

/** The least that a careful script would do: the same objects, the same filter for forwards, in as few processes as can be. */
function byHand(site: Site): number {
  const host = [
    'link add br0 address 02:00:00:00:00:01 type bridge',
    'address add 10.77.0.1/16 dev br0',
    'link set br0 up',
    ...site.containers.flatMap((netns, index) => [
      `link add v${index} type veth peer name eth0 address 02:00:00:01:${hex(index >> 8)}:${hex(index & 255)} netns ${netns}`,
      `link set v${index} alias lxcnet:Link/default/c${index}`,
      `link set v${index} master br0`,
      `link set v${index} type bridge_slave isolated on`,
      `link set v${index} up`,
    ]),
  ];
  const start = performance.now();
  execFileSync('ip', ['-n', site.host, '-batch', '-'], { input: host.join('\n') });
  for (const [index, netns] of site.containers.entries()) {
    const inside = [
      `address add ${addressOf(index)}/16 dev eth0`,
      'link set eth0 up',
      'route add default via 10.77.0.1',
    ];
    execFileSync('ip', ['-n', netns, '-batch', '-'], { input: inside.join('\n') });
  }
  execFileSync('ip', ['netns', 'exec', site.host, 'nft', '-f', '-'], { input: handMadeRules() });
  execFileSync('ip', ['netns', 'exec', site.host, 'sysctl', '-q', 'net.ipv4.ip_forward=1']);
  return performance.now() - start;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function handMadeRules(): string {
  const dnat = numbers
    .map((index) => `"eth0" . tcp . ${10_000 + index} : ${addressOf(index)} . 80`)
    .join(', ');
  const open = numbers.map((index) => `${addressOf(index)} . tcp . 80`).join(', ');
  return `table inet hand {
    map forwards { type ifname . inet_proto . inet_service : ipv4_addr . inet_service; elements = { ${dnat} }; }
    set open { type ipv4_addr . inet_proto . inet_service; elements = { ${open} }; }
    chain nat { type nat hook prerouting priority -100; dnat ip to iifname . meta l4proto . th dport map @forwards; }
    chain forward { type filter hook forward priority 0; policy drop;
      ct state established,related accept
      ct status dnat ip daddr . meta l4proto . th dport @open accept
    }
  }`;
}

function measure(work: (site: Site) => number): number {
  const site = makeSite();
  try {
    return work(site);
  } finally {
    site.remove();
    rmSync(site.directory, { recursive: true, force: true });
  }
}

export const firstApply: Scenario = async (report) => {
  const took = await inTurn(ROUNDS, { hand: () => measure(byHand), lxcnet: () => measure(byLxcnet) });
  report('by hand', took.hand, 'ms');
  report('lxcnet apply', took.lxcnet, 'ms');
  report('lxcnet against by hand', took.lxcnet / took.hand, '×');
};
