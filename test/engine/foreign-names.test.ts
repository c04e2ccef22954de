import { describe, expect, it } from 'vitest';
import { parseTable } from '../../src/kernel/nft-json.ts';
import { Planner } from '../../src/engine/planner.ts';
import { elementDifference, renderDifference } from '../../src/netfilter/difference.ts';
import { device, input, manifests, view } from '../controllers/fixture.ts';
import { bridge, link } from '../support/manifests.ts';

/*
 * The kernel accepts more in an interface's name than lxcnet does in a manifest. Such an interface is somebody else's, and
 * must not keep lxcnet from its own work.
 */
const NAMES = ['vpn+1', 'wg@home', 'a"b', 'täp0', '-x', '@'];

describe('an interface of somebody else with a name that no manifest could have', () => {
  it.each(NAMES)('does not keep anything from being planned: %j', (name) => {
    const desired = manifests(bridge('br0', { defaultPolicy: 'Allow' }));
    const foreign = device(name, { addresses: ['192.168.1.2/24'] });
    const sysctls = {
      'net/ipv4/ip_forward': '0',
      [`net/ipv4/conf/${name}/forwarding`]: '0',
    };
    const world = input(desired, { host: view([foreign]), sysctls });
    expect(() => new Planner().plan(world, { allowRemovals: true })).not.toThrow();
  });

  it.each(['vpn+1', 'wg@home'])('does not either where it carries the mark of a Link: %j', (name) => {
    expect(planWithMarked(name)).not.toThrow();
  });

  // It keeps everything from being planned: the name is no element, and the RangeError is nobody's.
  it.each(['a"b', 'täp0', '-x', '@'])('does not either where it carries the mark of a Link: %j', (name) => {
    expect(planWithMarked(name)).not.toThrow();
  });

  function planWithMarked(name: string): () => unknown {
    const desired = manifests(bridge('br0'), link('vm1', 'one', 10));
    const marked = device(name, { kind: 'veth', alias: 'lxcnet:Link/default/vm1' });
    const world = input(desired, { host: view([marked]) });
    return () => new Planner().plan(world, { allowRemovals: true });
  }
});

describe('an element of somebody else in a table of lxcnet', () => {
  // A key is taken from the listing into the transaction as it is.
  it.each(['"', 'a" }; flush', 'a\nflush rules', '", "b'])('cannot add to a transaction: %j', (name) => {
    const set = {
      family: 'inet',
      name: 'bridges',
      table: 'lxcnet',
      type: 'ifname',
      handle: 1,
      elem: [name],
    };
    let transaction: string;
    try {
      const { elements } = parseTable(JSON.stringify({ nftables: [{ set }] }));
      transaction = renderDifference(elementDifference(new Map(), elements));
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      return;
    }
    expect(transaction).toMatch(/^delete element inet lxcnet bridges \{ "[^"\n;{}]*" \}\n$/);
  });
});
