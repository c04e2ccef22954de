import { describe, expect, it } from 'vitest';
import { NETWORK, look } from './imported.ts';

const BR0 = { 'Bridge/br0': { addresses: ['10.10.20.1/24'] } };

describe('a shell script', () => {
  it.each([
    ['brctl and ifconfig', 'brctl addbr br0\nifconfig br0 10.10.20.1/24 up'],
    ['a netmask', 'brctl addbr br0\nifconfig br0 10.10.20.1 netmask 255.255.255.0 broadcast 10.10.20.255 up'],
    [
      'ip',
      'ip link add name br0 type bridge\nip address add 10.10.20.1/24 brd + dev br0\nip link set dev br0 up',
    ],
    ['abbreviations of ip', 'ip l add br0 type bridge\nip a a 10.10.20.1/24 dev br0\nip l s br0 up'],
    ['paths and sudo', 'sudo /sbin/brctl addbr br0\nsudo /sbin/ifconfig br0 10.10.20.1/24'],
    ['variables', 'BR=br0; NET="10.10.20"\nbrctl addbr $BR && ifconfig "${BR}" ${NET}.1/24 up'],
    ['a variable that is a command', "IFC='ifconfig br0'\nbrctl addbr br0; $IFC 10.10.20.1/24"],
    ['continued lines', 'brctl \\\n  addbr br0\nifconfig br0 \\\n 10.10.20.1/24'],
    [
      'comments and echo',
      '#!/bin/sh\nset -e\necho "bridge $1"  # one\nbrctl addbr br0 # two\nifconfig br0 10.10.20.1/24\nexit 0',
    ],
    ['a look before', 'ip link show br0 || ip link add br0 type bridge\nip addr add 10.10.20.1/24 dev br0'],
    ['a test before', '[ -x /sbin/brctl ] || exit 1\nbrctl addbr br0\nifconfig br0 10.10.20.1/24'],
  ])('is read with %s', (_, text) => {
    const { specs, comments } = look({ 'a.sh': text });
    expect(specs).toMatchObject(BR0);
    expect(comments).toEqual([]);
  });

  it.each([
    [
      'for i in 1 2; do\n  brctl addbr br$i\ndone',
      ['1: not run here', '2: within `for i in 1 2` of line 1, which is not run here'],
    ],
    [
      'if true; then brctl addbr br9; fi',
      ['1: not run here', '1: within `if true` of line 1, which is not run here'],
    ],
    [
      'case "$1" in\n start) brctl addbr br9 ;;\nesac',
      ['1: not run here', '2: within `case "$1" in` of line 1, which is not run here'],
    ],
    ['up() {\n brctl addbr br9\n}', ['2: within `{` of line 1, which is not run here']],
    ['[ -n "$X" ] && brctl addbr br9', ['1: run only under a condition']],
    ['brctl addbr br0 || brctl addbr br9', ['1: run only where another command fails']],
    ['brctl addbr $BR', ['1: `$BR` is not set in this file']],
    ['brctl addbr $1', ['1: only a shell knows what `$1` is']],
    ['brctl addbr $(cat name)', ['1: only a shell knows what `$(…)` is']],
    [
      'BR=$(cat name)\nbrctl addbr $BR',
      ['1: only a shell knows what `$(…)` is', '2: it is not sure what `$BR` is'],
    ],
    ['BR=br9; . /etc/default/net; brctl addbr $BR', ['1: not recognised', '1: it is not sure what `$BR` is']],
    ['exit 0\nbrctl addbr br9', ['2: after the `exit` of line 1']],
    ['echo 1 > /proc/sys/net/ipv4/ip_forward', ['1: not needed: lxcnet switches forwarding on itself']],
    [
      'echo 1 | sudo tee /proc/sys/net/ipv4/ip_forward',
      ['1: not needed: lxcnet switches forwarding on itself'],
    ],
    ['sysctl -w net.ipv4.ip_forward=1', ['1: not needed: lxcnet switches forwarding on itself']],
    [
      'sysctl -w net.ipv4.conf.all.rp_filter=1',
      ['1: a setting of the kernel that no manifest has a field for'],
    ],
    ['echo x | iptables-restore', ['1: a pipeline has to be run to know what it does']],
    [
      'iptables-restore < /etc/rules',
      ['1: what it reads is not read here: import that as a file of its own'],
    ],
    [
      'iptables-restore <<EOF\n-A FORWARD -j ACCEPT\nEOF',
      [
        '1: what it reads is not read here: import that as a file of its own',
        '2: handed on by the script: import it as a file of its own',
      ],
    ],
    ['brctl stp br0 on', ['1: a Bridge has no field for this']],
    ['brctl stp br0 off', ['1: not needed: it is so by itself']],
    [
      'ifconfig eth0 192.168.1.1/24',
      ['1: not needed for containers: eth0 is no bridge of theirs, and stays as the host sets it up'],
    ],
    ['ifconfig br0 nonsense', ['1: `nonsense` has no counterpart in a manifest']],
    [
      'ip addr add 10.10.20.0.1/24 dev br0',
      [
        "1: the value must be an address with its prefix length, for example '10.10.20.10/24' or 'fd00:20::10/64'",
      ],
    ],
    ['ip link add veth0 type veth peer name veth1', ['1: no interface that a manifest knows']],
    ['ip rule add from 10.0.0.1 table 7', ['1: `ip rule add` has no counterpart in a manifest']],
    [
      'ip route add default via 192.168.1.1',
      ["1: a route of the host's own, which stays as the host sets it up"],
    ],
    ['tc qdisc add dev eth0 root tbf rate 1mbit', ['1: not recognised']],
    ["brctl addbr 'br0", ['1: a quote is not closed']],
    ['nft add table ip nat', ['1: import what `nft list ruleset` prints as a file of its own']],
    ['ufw enable', ['1: not recognised']],
  ])('says of %j why not', (text, expected) => {
    const { reasons } = look({ 'a.sh': `${text}\n`, 'b.sh': 'brctl addbr br0\n' });
    expect(reasons.map((reason) => reason.replace('a.sh:', ''))).toEqual(expected);
  });

  it('takes ports, the MTU and the MAC address of a bridge', () => {
    const { specs, comments } = look({
      'a.sh':
        'brctl addbr br0\nbrctl addif br0 eth1 eth2\nip link set eth3 master br0\nifconfig br0 mtu 1400\nip link set br0 address 02:00:00:00:00:01\n',
    });
    expect(specs['Bridge/br0']).toMatchObject({
      ports: ['eth1', 'eth2', 'eth3'],
      mtu: 1400,
      macAddress: '02:00:00:00:00:01',
    });
    expect(comments).toEqual([]);
  });

  it.each([
    'ip route add 10.30.0.0/16 via 10.10.20.10',
    'route add -net 10.30.0.0 netmask 255.255.0.0 gw 10.10.20.10',
  ])('takes a route through a bridge: %s', (line) => {
    expect(look({ ...NETWORK, 'r.sh': line }).specs['Route/to-10-30-0-0-16']).toMatchObject({
      to: '10.30.0.0/16',
      via: '10.10.20.10',
    });
  });

  it('takes bounded time and memory for variables that grow', () => {
    const lines = ['A=xxxxxxxxxx', ...Array.from({ length: 60 }, () => 'A=$A$A'), 'brctl addbr $A'];
    expect(look({ 'a.sh': lines.join('\n') }).reasons).toEqual(['a.sh:62: it is not sure what `$A` is']);
  });
});
