import { describe, expect, it } from 'vitest';
import { NETWORK, look } from './imported.ts';

/** Debian's /etc/nftables.conf, as people go on from it. */
const RULESET = `#!/usr/sbin/nft -f
flush ruleset
define WAN = "eth0"

table inet filter {
	set blocked {
		type ipv4_addr
		elements = { 192.0.2.1, 192.0.2.2 }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname $WAN ip daddr 10.10.20.10 tcp dport { 80, 443 } accept comment "web"
		ip saddr 10.10.20.10 tcp dport 25 counter packets 3 bytes 180 accept
		ip saddr @blocked drop
		meta l4proto udp ip daddr 10.10.20.11 udp dport 53 accept
	}
}
table ip nat {
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "eth0" tcp dport 80 dnat to 10.10.20.10
		iifname "eth0" udp dport 8000-8010 dnat to 10.10.20.11:9000-9010
		tcp dport vmap { 22 : drop }
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 10.10.20.0/24 oifname "eth0" masquerade
	}
}
`;

describe('a ruleset of nft', () => {
  it('becomes forwards, policies and a masquerade, and the rest is told', () => {
    const { specs, reasons } = look({ ...NETWORK, nft: RULESET });
    expect(specs).toMatchObject({
      'Bridge/br0': { masquerade: { interfaces: ['eth0'] } },
      'PortForward/vm1': { interfaces: ['eth0'], ports: [{ port: 80 }] },
      'PortForward/vm2': { ports: [{ protocol: 'UDP', port: 8000, endPort: 8010, targetPort: 9000 }] },
      'NetworkPolicy/vm1-ingress': { ingress: [{ ports: [{ port: 80 }, { port: 443 }] }] },
      'NetworkPolicy/vm1-egress': {
        egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 25 }] }],
      },
    });
    expect(specs).not.toHaveProperty('NetworkPolicy/vm2-ingress');
    expect(reasons.map((reason) => reason.slice(0, 60))).toEqual(
      [
        'nft:2: not needed: lxcnet has tables of its own, and empties',
        'nft:6: only chains are carried over',
        'nft:7: only chains are carried over',
        'nft:8: only chains are carried over',
        'nft:12: not needed: lxcnet does not filter what the host its',
        'nft:13: about the host itself, which lxcnet does not filter;',
        'nft:17: not needed: containers are closed by default, and wh',
        'nft:18: not needed: replies to what is allowed always pass',
        'nft:19: carried over without the interface eth0: a policy kn',
        'nft:21: not needed: what nothing allows is closed',
        'nft:22: line 21 of nft stops some of it before, and a policy',
        'nft:30: `tcp vmap` has no counterpart in a manifest',
      ].map((line) => line.slice(0, 60)),
    );
  });

  it.each([
    ['ip saddr != 10.0.0.0/8 ip daddr 10.10.20.10 accept', 'addresses with `!`'],
    ['ip daddr 10.10.20.10 limit rate 5/second accept', '`limit`'],
    ['ip daddr 10.10.20.10 tcp sport 80 accept', '`tcp sport`'],
    ['iifname { "eth0", "eth1" } ip daddr 10.10.20.10 accept', 'several interfaces'],
    ['ip daddr 10.10.20.10 jump web', 'the chain web is not followed'],
    ['ip daddr $WEB accept', '$WEB is not defined in this file'],
    ['ip daddr { 10.10.20.10, 10.9.0.1 } accept', 'containers and of others'],
  ])('says of %s: %s', (rule, reason) => {
    const nft = `table inet f {\n chain c {\n type filter hook forward priority 0;\n ${rule}\n }\n}\n`;
    const { specs, reasons } = look({ ...NETWORK, nft });
    expect(Object.keys(specs)).toEqual(['Bridge/br0', 'Link/vm1', 'Link/vm2']);
    expect(reasons).toEqual([expect.stringContaining(reason)]);
  });

  it('for both families opens both', () => {
    const nft =
      'table inet f {\n chain c {\n type filter hook forward priority 0;\n iifname "br0" tcp dport 25 accept\n }\n}\n';
    const { specs } = look({ ...NETWORK, nft });
    expect(specs['NetworkPolicy/br0-egress']).toMatchObject({ egress: [{ ports: [{ port: 25 }] }] });
    expect((specs['NetworkPolicy/br0-egress'] as { egress: object[] }).egress[0]).not.toHaveProperty('to');
  });

  it('leaves what lxcnet made itself', () => {
    const nft =
      'table inet lxcnet {\n chain c {\n type filter hook forward priority 0;\n ip daddr 10.10.20.10 accept\n }\n}\n';
    expect(look({ ...NETWORK, nft }).reasons).toEqual(['nft:4: not needed: it is lxcnet that made it']);
  });
});
