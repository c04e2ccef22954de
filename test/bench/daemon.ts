import { LINKS, Monitor, Site, addressOf, numbers, pause, usage } from './daemon-site.ts';
import type { Scenario } from './support.ts';
import { median, percentile } from './statistics.ts';

/* How soon an edit is in force on a host with 1000 Links, policies and forwards, and what memory that takes. */

const ROUNDS = 15;
/** Edits in a row, to see whether memory grows with them; `EDITS=10000` for certainty. */
const EDITS = Number(process.env.EDITS ?? 500);
/** Milliseconds between edits: so long that each is a change of its own. */
const BETWEEN = 1_000;
const BETWEEN_MANY = 60;

export const daemon: Scenario = async (report) => {
  const site = new Site();
  report(`${LINKS} Links, policies and forwards ready`, await site.ready(), 'ms');
  const pid = site.daemon!.pid!;
  report('resident memory', usage(pid).memory, 'MiB', 150);
  const nft = new Monitor(site.host.name, ['nft', 'monitor']);
  await pause(500);
  const some = numbers.slice(0, 100);
  const relabel = (round: number): void =>
    site.write(
      'links-0',
      ...some.map((index) => site.link(index, index === 7 ? { client: `c${300 + round}` } : {})),
    );
  const forward = (port: number): void =>
    site.write(
      'forwards-0',
      ...some.map((index) => site.forward(index, index === 7 ? port : 10_000 + index)),
    );

  const measure = async (
    name: string,
    edit: (round: number) => void,
    pattern: (round: number) => string,
  ): Promise<void> => {
    const times: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const start = performance.now();
      edit(round);
      times.push((await nft.line(new RegExp(`^add element inet lxcnet ${pattern(round)}`), start)) - start);
      await pause(BETWEEN);
    }
    report(`${name}: median`, median(times.slice(1)), 'ms');
    report(`${name}: p95`, percentile(times.slice(1), 95), 'ms');
  };
  await measure('a label edited', relabel, () => `peer_port4 .*${addressOf(7)} `);
  await measure(
    'a forward edited',
    (round) => forward(20_000 + round),
    (round) => `dnat_interface4 .*${20_000 + round}`,
  );
  const before = usage(pid).memory;
  for (let edit = 0; edit < EDITS; edit++) {
    forward(30_000 + (edit % 20_000));
    await pause(BETWEEN_MANY);
  }
  await pause(2_000);
  const { memory } = usage(pid);
  report(`resident memory after ${EDITS} edits`, memory, 'MiB', 150);
  report(`resident memory after ${EDITS} edits, against before`, memory / before, '×', 1.1);
  site.stop();
};
