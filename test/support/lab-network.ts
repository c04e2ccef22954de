import { spawnSync } from 'node:child_process';
import type { NetNs } from './netns.ts';

export const HOST = '192.168.254.19';
export const HOST6 = 'fd00:254::19';
export const CLIENT = '192.168.254.2';
export const CLIENT6 = 'fd00:254::2';

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

/** Connects a host with a client, which has it as its router; the host forwards nothing yet. */
export function connect(host: NetNs, client: NetNs): void {
  ip('link', 'add', 'eth0', 'netns', host.name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', client.name);
  for (const path of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'])
    host.exec('sysctl', '-qw', `${path}=0`);
  for (const [netns, ipv4, ipv6] of [
    [host, HOST, HOST6],
    [client, CLIENT, CLIENT6],
  ] as const) {
    // Until duplicate address detection is over no neighbour is found: on a quiet machine the daemon is ready before.
    for (const name of ['all', 'eth0']) netns.exec('sysctl', '-qw', `net.ipv6.conf.${name}.accept_dad=0`);
    ip('-n', netns.name, 'address', 'add', `${ipv4}/24`, 'dev', 'eth0');
    ip('-n', netns.name, 'address', 'add', `${ipv6}/64`, 'dev', 'eth0', 'nodad');
    ip('-n', netns.name, 'link', 'set', 'eth0', 'up');
  }
  untilIpv6Settles(host, client);
  ip('-n', client.name, 'route', 'add', 'default', 'via', HOST);
  ip('-n', client.name, '-6', 'route', 'add', 'default', 'via', HOST6);
}

/** The kernel adds an address's route to itself some time after the link is up; before that nothing can be compared. */
function untilIpv6Settles(host: NetNs, client: NetNs): void {
  const end = performance.now() + 10_000;
  for (const [netns, address] of [
    [host, HOST6],
    [client, CLIENT6],
  ] as const) {
    while (!netns.exec('ip', '-6', 'route', 'show', 'table', 'local').includes(`local ${address} `))
      if (performance.now() > end) throw new Error(`${netns.name} has no route to its own ${address}`);
  }
}
