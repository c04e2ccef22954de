import { elementDifference, renderDifference } from '../../src/netfilter/difference.ts';
import { SETS, SET_NAMES, renderSet } from '../../src/netfilter/sets.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';
import { Namespace, type Scenario, inTurn, timed } from './support.ts';
import { netfilterOf, worldOf } from './world.ts';

/*
 * How long it takes until the tables of a host with 1000 Links, 1000 policies and 1000 forwards are in the kernel, from
 * the manifests on, against a file with the same elements that somebody wrote beforehand.
 */

const SIZE = { links: 1000, policies: 1000, forwards: 1000 };
const ROUNDS = 9;

/** The sets and nothing else, and one command for the elements of each. */
function handMade(elements: string): string {
  const tables = (['inet', 'bridge'] as const).map((family) => {
    const sets = SET_NAMES.filter((name) => SETS[name].table === family).map(renderSet);
    return [`table ${family} lxcnet {`, ...sets, '}'].join('\n');
  });
  return [...tables, elements].join('\n');
}

export const fullLoad: Scenario = async (report) => {
  const world = worldOf(SIZE);
  const host = new Namespace('load');
  const render = (): string => renderDifference(elementDifference(netfilterOf(world).elements, new Map()));
  const elements = render();
  const load = async (transaction: string): Promise<number> => {
    const took = await host.nft(transaction);
    await host.nft(layoutFor().removal);
    return took;
  };
  const took = await inTurn(ROUNDS, {
    hand: () => load(handMade(elements)),
    lxcnet: () => load(layoutFor().replacement + elements),
    deciding: () => timed(render),
  });
  report('nft, by hand', took.hand, 'ms');
  report('nft, lxcnet', took.lxcnet, 'ms');
  report('lxcnet deciding, in JavaScript', took.deciding, 'ms');
  report('lxcnet in total against by hand', (took.lxcnet + took.deciding) / took.hand, '×', 2);
  host.remove();
};
