import { Monitor, Site, addressOf, pause, usage } from './daemon-site.ts';
import { type Scenario, timed } from './support.ts';
import { median, percentile } from './statistics.ts';

/*
 * How soon damage is put right on a host with 1000 Links, policies and forwards: from the kernel's event of the damage to
 * that of the repair, as another program sees both, against the command that repairs it, typed by hand. And what it costs
 * while nothing happens.
 */

const ROUNDS = Number(process.env.ROUNDS ?? 40);
/** Milliseconds: long enough that neither the pace of passes nor a contest holds anything back. */
const BETWEEN = 1_000;
const WIPES = 3;
/** Seconds. */
const IDLE = 60;

interface Damage {
  readonly damage: readonly string[];
  readonly fix: readonly string[];
  readonly damaged: RegExp;
  readonly fixed: RegExp;
}

export const drift: Scenario = async (report) => {
  const site = new Site();
  await site.ready();
  const { host } = site;
  const nft = new Monitor(host.name, ['nft', 'monitor']);
  const ip = new Monitor(host.name, ['ip', '-o', 'monitor', 'link', 'address', 'route']);
  await pause(3_000);

  const measure = async (
    name: string,
    monitor: Monitor,
    damageOf: (round: number) => Damage,
  ): Promise<void> => {
    const times: number[] = [];
    const byHand: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const { damage, fix, damaged, fixed } = damageOf(round);
      const start = performance.now();
      host.launch(damage);
      const event = await monitor.line(damaged, start);
      times.push((await monitor.line(fixed, event)) - event);
      await pause(BETWEEN);
      byHand.push(timed(() => host.run(fix)));
    }
    report(`${name}: by hand, median`, median(byHand), 'ms');
    report(`${name}: median`, median(times.slice(1)), 'ms', 15);
    report(`${name}: p99`, percentile(times.slice(1), 99), 'ms', 60);
    report(`${name}: median, against by hand`, median(times.slice(1)) / median(byHand), '×', 5);
  };
  await measure('an element is deleted', nft, (round) => {
    const element = ['element', 'inet', 'lxcnet', 'denied_egress4', `{ ${addressOf(round)} }`];
    const line = `element inet lxcnet denied_egress4 { ${addressOf(round)} `.replaceAll('.', '\\.');
    return {
      damage: ['nft', 'delete', ...element],
      fix: ['nft', 'add', ...element],
      damaged: new RegExp(`^delete ${line}`),
      fixed: new RegExp(`^add ${line}`),
    };
  });
  await measure('a port is taken down', ip, (round) => {
    const set = ['ip', 'link', 'set', 'dev', `lx-c${50 + round}`];
    return {
      damage: [...set, 'down'],
      fix: [...set, 'up'],
      damaged: new RegExp(`: lx-c${50 + round}@.* state DOWN`),
      fixed: new RegExp(`: lx-c${50 + round}@.*[<,]UP[,>].*LOWER_UP`),
    };
  });
  await measureWipe();
  await measureIdle();
  site.stop();

  async function measureWipe(): Promise<void> {
    const tables = new Monitor(host.name, ['nft', 'monitor', 'tables']);
    await pause(500);
    const ruleset = host.run(['nft', 'list', 'ruleset']);
    const times: number[] = [];
    for (let round = 0; round < WIPES; round++) {
      const start = performance.now();
      host.launch(['nft', 'flush', 'ruleset']);
      const event = await tables.line(/^delete table inet lxcnet/, start);
      times.push((await tables.line(/^add table inet lxcnet/, event)) - event);
      await pause(5 * BETWEEN);
    }
    const other = site.other();
    const byHand = Array.from({ length: WIPES }, () => {
      other.run(['nft', 'flush', 'ruleset']);
      return timed(() => other.run(['nft', '-f', '-'], ruleset));
    });
    report('the tables are wiped: one full load by hand', median(byHand), 'ms');
    report('the tables are wiped: median', median(times), 'ms');
    report('the tables are wiped: against one full load', median(times) / median(byHand), '×', 2);
  }

  async function measureIdle(): Promise<void> {
    await pause(10 * BETWEEN);
    const [events, before] = [nft.count + ip.count, usage(site.daemon!.pid!)];
    await pause(IDLE * 1_000);
    const after = usage(site.daemon!.pid!);
    report(`idle for ${IDLE} s: share of one core`, ((after.cpu - before.cpu) / IDLE) * 100, '%', 0.5);
    report(`idle for ${IDLE} s: what the kernel tells of changes`, nft.count + ip.count - events, 'lines', 0);
    report('resident memory', after.memory, 'MiB', 150);
  }
};
