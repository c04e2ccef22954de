import type { ForeignChain, ForeignChains } from '../src/kernel/surroundings.ts';
import type { SamplePacket } from '../src/netfilter/foreign-verdict.ts';

/**
 * The command with which the owner of a table opens it for a bridge. Opened for lxcnet's bridges it is safe: lxcnet's own
 * tables still decide about each packet.
 */
export function remedyFor(
  chain: ForeignChain,
  chains: ForeignChains,
  bridge: string,
  packet: SamplePacket,
): string {
  const fromBridge = packet.iifname === bridge;
  const has = (pattern: RegExp): boolean =>
    chains.some(
      ({ family, table, name }) => family === chain.family && table === chain.table && pattern.test(name),
    );
  if (chain.table === 'firewalld') return firewalld(bridge, fromBridge);
  if (has(/^ufw6?-/)) {
    const side = fromBridge ? 'in' : 'out';
    return packet.hook === 'input' ? `ufw allow in on ${bridge}` : `ufw route allow ${side} on ${bridge}`;
  }
  if (chain.table === 'filter' && /^[A-Z]+$/.test(chain.name) && chain.family !== 'inet') {
    const program = chain.family === 'ip' ? 'iptables' : 'ip6tables';
    const own = chain.name === 'FORWARD' && has(/^DOCKER-USER$/) ? 'DOCKER-USER' : chain.name;
    return `${program} -I ${own} ${fromBridge ? '-i' : '-o'} ${bridge} -j ACCEPT`;
  }
  const side = fromBridge ? 'iifname' : 'oifname';
  return `nft insert rule ${chain.family} ${chain.table} ${chain.name} ${side} ${bridge} accept`;
}

function firewalld(bridge: string, fromBridge: boolean): string {
  const zone = `firewall-cmd --permanent --zone=trusted --add-interface=${bridge}`;
  if (fromBridge) return `${zone} && firewall-cmd --reload`;
  const policy = 'firewall-cmd --permanent --policy=lxcnet';
  return [
    zone,
    'firewall-cmd --permanent --new-policy=lxcnet',
    `${policy} --add-ingress-zone=ANY --add-egress-zone=trusted --set-target=ACCEPT`,
    'firewall-cmd --reload',
  ].join(' && ');
}
