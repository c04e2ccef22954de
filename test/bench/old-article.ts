import { spawnSync } from 'node:child_process';
import { makeLab, type Lab } from './lab.ts';
import { type Scenario, inTurn } from './support.ts';
import { serve, traffic } from './traffic.ts';
import { HOST_ADDRESS, addressOf, firstTransaction, forwardManifest, netfilterOf, worldOf } from './world.ts';

/*
 * New TCP connections to the last of 1000 containers, through its forward: with lxcnet's tables, and with the rules that
 * instructions on the web have one write by hand: for each container one that redirects and one that accepts.
 */

const CONTAINERS = 1000;
const LAST = CONTAINERS - 1;
const CONNECTIONS = 1500;
const ROUNDS = 11;
const numbers = Array.from({ length: CONTAINERS }, (_, index) => index);

/** In the format of iptables-save. Replies are accepted first, as a careful author has it. */
function iptablesRules(): string {
  const dnat = numbers.map(
    (index) =>
      `-A PREROUTING -i eth0 -p tcp -m tcp --dport ${10_000 + index} -j DNAT --to-destination ${addressOf(index)}:80`,
  );
  const accept = numbers.map(
    (index) => `-A FORWARD -d ${addressOf(index)}/32 -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT`,
  );
  const established = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
  return [
    ...['*nat', ':PREROUTING ACCEPT [0:0]', ...dnat, 'COMMIT'],
    ...['*filter', ':FORWARD DROP [0:0]', established, ...accept, 'COMMIT', ''],
  ].join('\n');
}

/** The same rules as iptables-nft would write them: an expression each for interface, protocol and port; counters. */
function nftRules(indexes: readonly number[]): string {
  const nat = indexes.map(
    (index) =>
      `add rule ip old_nat prerouting iifname "eth0" ip protocol tcp tcp dport ${10_000 + index} counter dnat to ${addressOf(index)}:80`,
  );
  const filter = indexes.map(
    (index) =>
      `add rule ip old_filter forward iifname "eth0" ip daddr ${addressOf(index)} ip protocol tcp tcp dport 80 counter accept`,
  );
  return [
    'add table ip old_nat',
    'add chain ip old_nat prerouting { type nat hook prerouting priority -100; }',
    ...nat,
    'add table ip old_filter',
    'add chain ip old_filter forward { type filter hook forward priority 0; policy drop; }',
    'add rule ip old_filter forward ct state related,established counter accept',
    ...filter,
    '',
  ].join('\n');
}

async function loadOld({ host }: Lab): Promise<string> {
  const found = spawnSync('iptables-nft-restore', ['--version']).status === 0;
  if (found) host.run(['iptables-nft-restore'], iptablesRules());
  else await host.nft(nftRules(numbers));
  return found ? 'iptables-nft' : 'the same rules by nft';
}

export const oldArticle: Scenario = async (report) => {
  const lxcnet = makeLab('lxcnet', LAST);
  const old = makeLab('old', LAST);
  const floor = makeLab('floor', LAST);
  const world = worldOf({ links: CONTAINERS, policies: 0, forwards: CONTAINERS - 1 });
  const open = forwardManifest(LAST, LAST, []);
  await lxcnet.host.nft(firstTransaction(netfilterOf([...world, open]).elements));
  const how = await loadOld(old);
  await floor.host.nft(nftRules([LAST]));
  for (const { container } of [lxcnet, old, floor]) await serve(container, 80);
  const connect = ({ outside, host }: Lab): number => {
    traffic(host, 'flush');
    return 1e9 / traffic(outside, 'connect', HOST_ADDRESS, 10_000 + LAST, CONNECTIONS);
  };
  const rate = await inTurn(ROUNDS, {
    floor: () => connect(floor),
    old: () => connect(old),
    lxcnet: () => connect(lxcnet),
  });
  report(`one rule for one container`, rate.floor, '/s');
  report(`a rule for each container, ${how}`, rate.old, '/s');
  report('lxcnet', rate.lxcnet, '/s');
  report(`a rule for each container, against lxcnet`, rate.old / rate.lxcnet, '×', 1);
  report('one rule, against lxcnet', rate.floor / rate.lxcnet, '×');
  for (const lab of [lxcnet, old, floor]) lab.remove();
};
