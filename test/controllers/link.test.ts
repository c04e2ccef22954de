import { describe, expect, it } from 'vitest';
import type { ObservedInterface } from '../../src/kernel/observed.ts';
import { claim, claimed, observedRoute, released } from './claims.ts';
import { lines, view } from './fixture.ts';
import { HOST_END, INSIDE, MADE, PROXIES, ROUTES, type Scene, VM1, plan } from './link-scene.ts';

const PROXY_CLAIM = claim(VM1, 'proxy', 'br0 fd00:20::10');

describe('a link that is not there', () => {
  const { operations, obstacle, references } = plan({});

  it('is made whole, and its host end comes up last', () => {
    expect(obstacle).toBeUndefined();
    expect(lines(operations)).toEqual([
      `create: ip link add name lx-vm1 mtu 1500 type veth peer name eth0 address ${INSIDE.mac} mtu 1500 into /run/netns/vm1`,
      `mark: ip link set dev lx-vm1 alias lxcnet:${VM1}`,
      'configure: ip link set dev lx-vm1 addrgenmode none',
      'configure: ip link set dev lx-vm1 master br0',
      'configure: ip link set dev lx-vm1 type bridge_slave isolated on',
      'container: ip address add 10.10.20.10/24 dev eth0',
      'container: ip address add fd00:20::10/64 dev eth0 nodad',
      'container: ip link set dev eth0 up',
      'container: ip route add 0.0.0.0/0 via 10.10.20.1 dev eth0 table 254 proto 199',
      'container: ip route add ::/0 via fd00:20::1 dev eth0 table 254 proto 199',
      'activate: ip link set dev lx-vm1 up',
      'activate: ip neighbour add proxy fd00:20::10 dev br0',
    ]);
    expect(references).toMatchObject({ status: 'True', reason: 'Resolved' });
  });

  it('has its commands run where they belong', () => {
    const places = operations.map(({ stage, commands }) => [
      stage === 'container',
      commands.every((command) => command.tool === 'ip' && command.place !== 'host'),
    ]);
    expect(places.every(([inside, there]) => inside === there)).toBe(true);
  });

  it('is entered into the inventory', () => {
    expect([...new Set(claimed(operations))]).toEqual([
      'interface lx-vm1',
      'address 10.10.20.10/24 dev eth0',
      'address fd00:20::10/64 dev eth0',
      'proxy br0 fd00:20::10',
    ]);
  });

  it('goes into the namespace that was seen, and no other', () => {
    const container = {
      state: 'running',
      path: '/proc/4711/ns/net',
      identity: '4:1',
      cookie: '01',
      view: view([]),
    } as const;
    const [command] = plan({ container }).operations[0]!.commands;
    expect(command).toMatchObject({ into: { path: '/proc/4711/ns/net', identity: '4:1' } });
  });

  it('of a switched bridge is not isolated and needs no proxy', () => {
    const commands = lines(plan({ bridgeSpec: { siblings: 'Switched' } }).operations).join('\n');
    expect(commands).not.toMatch(/isolated|proxy/);
  });
});

describe('a link that is as its manifest says', () => {
  it('needs nothing', () => {
    expect(plan(MADE).operations).toEqual([]);
  });

  it('does not mind what the container has besides', () => {
    const inside = { ...INSIDE, addresses: [...INSIDE.addresses, '192.168.1.1/24'] };
    const routes = [...ROUTES, observedRoute('10.0.0.0/8', { protocol: 'boot', interface: 'eth0' })];
    expect(plan({ ...MADE, inside, routes }).operations).toEqual([]);
  });
});

it('a link that is not in the inventory is entered, and nothing else', () => {
  const { operations } = plan({ ...MADE, claims: [], inventoryLost: true });
  expect(lines(operations)).toEqual([]);
  expect(operations.map(({ claim: entered }) => entered)).toEqual([
    { ...claim(VM1, 'interface', HOST_END.name), before: HOST_END.name },
    claim(VM1, 'proxy', 'br0 fd00:20::10'),
  ]);
});

describe('a link that has drifted', () => {
  it.each<[string, Partial<ObservedInterface>, string]>([
    ['is down', { up: false }, 'activate: ip link set dev lx-vm1 up'],
    [
      'is in no bridge any more',
      { isolated: true, master: 'br9' },
      'configure: ip link set dev lx-vm1 master br0',
    ],
    [
      'is not isolated',
      { isolated: false },
      'configure: ip link set dev lx-vm1 type bridge_slave isolated on',
    ],
    ['has another MTU', { mtu: 1400 }, 'configure: ip link set dev lx-vm1 mtu 1500'],
  ])('and whose host end %s gets that back', (_, drift, command) => {
    expect(lines(plan({ ...MADE, host: [{ ...HOST_END, ...drift }] }).operations)).toContain(command);
  });

  it('is isolated again whenever it joins its bridge, since the kernel forgets it', () => {
    const { master: _, ...alone } = HOST_END;
    expect(lines(plan({ ...MADE, host: [alone] }).operations)).toEqual([
      'configure: ip link set dev lx-vm1 master br0',
      'configure: ip link set dev lx-vm1 type bridge_slave isolated on',
    ]);
  });

  it.each<[string, Partial<ObservedInterface>, string]>([
    ['MAC address', { mac: '02:00:00:00:00:99' }, `container: ip link set dev eth0 address ${INSIDE.mac}`],
    ['MTU', { mtu: 1400 }, 'container: ip link set dev eth0 mtu 1500'],
    ['address', { addresses: ['fd00:20::10/64'] }, 'container: ip address add 10.10.20.10/24 dev eth0'],
    ['state', { up: false }, 'container: ip link set dev eth0 up'],
  ])('inside the container gets its %s back', (_, drift, command) => {
    expect(lines(plan({ ...MADE, inside: { ...INSIDE, ...drift } }).operations)).toEqual([command]);
  });

  it("gets a route back, and loses one of lxcnet's that it should not have", () => {
    const routes = [ROUTES[1]!, observedRoute('10.5.0.0/16', { via: '10.10.20.1', interface: 'eth0' })];
    expect(lines(plan({ ...MADE, routes }).operations)).toEqual([
      'container: ip route delete 10.5.0.0/16 via 10.10.20.1 dev eth0 table 254 proto 199',
      'container: ip route add 0.0.0.0/0 via 10.10.20.1 dev eth0 table 254 proto 199',
    ]);
  });

  it('keeps the name of a host end that LXC named', () => {
    const host = [{ ...HOST_END, name: 'vethAbC' }];
    const claims = [{ ...claim(VM1, 'interface', 'vethAbC'), before: 'vethAbC' }, PROXY_CLAIM];
    expect(plan({ ...MADE, host, claims }).operations).toEqual([]);
    const renamedByHand = [{ ...HOST_END, name: 'x0' }];
    const { operations } = plan({ ...MADE, host: renamedByHand, claims, inventoryLost: true });
    expect(lines(operations)[1]).toBe('create: ip link set dev x0 name vethAbC');
  });

  it('gets its own name again where the manifest has none any more', () => {
    const host = [{ ...HOST_END, name: 'vm1' }];
    const ours = plan({ ...MADE, host, claims: [claim(VM1, 'interface', 'vm1')] });
    expect(lines(ours.operations)[1]).toBe('create: ip link set dev vm1 name lx-vm1');
    const lxc = { ...claim(VM1, 'interface', 'vm1'), before: 'vethAbC' };
    expect(lines(plan({ ...MADE, host, claims: [lxc] }).operations)[1]).toBe(
      'create: ip link set dev vm1 name vethAbC',
    );
  });

  it('is forgotten under names of which nothing is there any more', () => {
    const claims = [
      { ...claim(VM1, 'interface', 'vethOld'), before: 'vethOld' },
      claim(VM1, 'interface', HOST_END.name),
      PROXY_CLAIM,
    ];
    const { operations } = plan({ ...MADE, claims });
    expect(lines(operations)).toEqual([]);
    expect(released(operations)).toEqual(['interface vethOld']);
  });
});

describe('a pair of which one end is not where it should be', () => {
  it('is made anew where the container was replaced', () => {
    const commands = lines(plan({ host: [HOST_END], proxies: PROXIES }).operations);
    expect(commands.slice(0, 2)).toEqual([
      'remove-links: ip link delete dev lx-vm1',
      expect.stringMatching(/^create: ip link add name lx-vm1 /),
    ]);
  });
});

describe('a pair of which one end has another name', () => {
  it('gets the name that the manifest now gives', () => {
    const { operations } = plan({
      ...MADE,
      spec: { hostInterface: 'vm1' },
      claims: [claim(VM1, 'interface', 'lx-vm1')],
    });
    expect(lines(operations)).toEqual([
      'create: ip link set dev lx-vm1 down',
      'create: ip link set dev lx-vm1 name vm1',
      'activate: ip link set dev vm1 up',
    ]);
    expect(claimed(operations)).toContain('interface vm1');
    expect(released(operations)).toContain('interface lx-vm1');
  });

  it('gets back the name that lxcnet has given it', () => {
    const claims = [claim(VM1, 'interface', 'lx-vm1')];
    const { operations } = plan({ ...MADE, host: [{ ...HOST_END, name: 'x0' }], claims });
    expect(lines(operations)[1]).toBe('create: ip link set dev x0 name lx-vm1');
  });

  it('is a conflict where somebody else has that name, and stays as it is', () => {
    const claims = [claim(VM1, 'interface', 'lx-vm1')];
    const other = { ...HOST_END, index: 99, alias: '' };
    const { operations, obstacle } = plan({ ...MADE, host: [other, { ...HOST_END, name: 'x0' }], claims });
    expect(operations).toEqual([]);
    expect(obstacle?.message).toContain("interface 'lx-vm1' exists and");
  });

  it('gets its name back in the container, and what went with the old one', () => {
    const commands = lines(plan({ ...MADE, inside: { ...INSIDE, name: 'eth9' } }).operations);
    expect(commands).toContain('container: ip link set dev eth9 name eth0');
    // It has lost them by going down, and without them there is no way to the gateway.
    expect(commands).toContain('container: ip address add fd00:20::10/64 dev eth0 nodad');
    expect(commands).toContain('container: ip link set dev eth0 up');
    expect(commands.some((line) => line.includes('delete') || line.includes('add name'))).toBe(false);
  });
});

describe('routes inside the container', () => {
  const routesOf = (scene: Scene) =>
    lines(plan(scene).operations).flatMap((line) => /route add (.*) table/.exec(line)?.[1] ?? []);

  it.each<[string, object, string[]]>([
    ['no gateway', { gateway: 'None' }, []],
    ['a gateway of its own network', { gateway: ['10.10.20.254'] }, ['0.0.0.0/0 via 10.10.20.254 dev eth0']],
    ['one off the link', { gateway: ['10.99.0.1'] }, ['0.0.0.0/0 via 10.99.0.1 dev eth0 onlink']],
    [
      'no route of a family that it has no address of',
      { addresses: ['10.10.20.10/24'] },
      ['0.0.0.0/0 via 10.10.20.1 dev eth0'],
    ],
    [
      'further routes by the gateway of their family',
      { routes: [{ to: 'fd00:9::/48' }, { to: '10.9.0.0/16', via: '10.10.20.9' }] },
      [
        '0.0.0.0/0 via 10.10.20.1 dev eth0',
        '::/0 via fd00:20::1 dev eth0',
        'fd00:9::/48 via fd00:20::1 dev eth0',
        '10.9.0.0/16 via 10.10.20.9 dev eth0',
      ],
    ],
    [
      "a default of its own instead of the gateway's",
      { routes: [{ to: 'default', via: '10.10.20.9' }] },
      ['0.0.0.0/0 via 10.10.20.9 dev eth0', '::/0 via fd00:20::1 dev eth0'],
    ],
  ])('are %s', (_, spec, expected) => {
    expect(routesOf({ spec })).toEqual(expected);
  });
});

describe('proxies for siblings', () => {
  it('go with the address that they were for, if lxcnet made them', () => {
    const { operations } = plan({
      ...MADE,
      proxies: [...PROXIES, 'br0 fd00:20::99', 'br0 fd00:20::98'],
      claims: [claim(VM1, 'proxy', 'br0 fd00:20::99'), claim(VM1, 'proxy', 'br0 fd00:20::10')],
    });
    expect(lines(operations)).toEqual(['remove-routes: ip neighbour delete proxy fd00:20::99 dev br0']);
  });
});

it('a link with limits is made as without; where the kernel cannot limit it says so', () => {
  const spec = { bandwidth: { ingress: '100Mbit' } };
  expect(plan({ spec })).toEqual(plan({}));
  const { operations, obstacle } = plan({ spec, missing: ['bandwidth'] });
  expect(operations).toEqual(plan({}).operations);
  expect(obstacle).toMatchObject({ reason: 'UnsupportedByKernel', stalled: true });
  expect(plan({ missing: ['bandwidth'] }).obstacle).toBeUndefined();
});
