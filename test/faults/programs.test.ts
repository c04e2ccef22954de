import { expect, it } from 'vitest';
import { Drips } from '../support/drips.ts';
import { FULL, record } from '../support/fault-scene.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, link, policy, route } from '../support/manifests.ts';
import { filterText } from '../support/netfilter-drift.ts';
import { endHelper, replaceHelper } from '../support/netlink-helper.ts';
import { OwnPrograms } from '../support/own-programs.ts';

interface ProgramFault {
  readonly fault: string;
  readonly program: 'nft' | 'perl';
  /** Absent: the program is taken away. Of Perl it is the helper alone that speaks rtnetlink. */
  readonly script?: string;
  /** What an event has to name. */
  readonly told: RegExp;
  /** Routes need the helper alone, so they go on where `nft` fails. */
  readonly routesGoOn: boolean;
  readonly slow?: boolean;
}

const FAULTS: readonly ProgramFault[] = [
  { fault: 'nft is missing', program: 'nft', told: /NetfilterFailed.*nft/, routesGoOn: true },
  {
    fault: 'nft is killed',
    program: 'nft',
    script: 'kill -9 $$',
    told: /NetfilterFailed.*(SIGKILL|killed)/,
    routesGoOn: true,
  },
  {
    fault: 'nft prints garbage',
    program: 'nft',
    script: 'case "$*" in *list*) echo garbage;; *) exec $MACHINE/nft "$@";; esac',
    told: /NetfilterFailed.*what nft lists/,
    routesGoOn: true,
  },
  {
    fault: 'nft refuses every transaction',
    program: 'nft',
    script:
      'case "$*" in "-f -") echo "Error: Could not process rule: No space" >&2; exit 1;; *) exec $MACHINE/nft "$@";; esac',
    told: /NetfilterFailed.*Could not process rule/,
    routesGoOn: true,
  },
  {
    fault: 'perl is missing',
    program: 'perl',
    told: /PassFailed.*lxcnet-netlink: .*perl/,
    routesGoOn: false,
  },
  {
    fault: 'the helper is killed',
    program: 'perl',
    script: 'kill -9 $$',
    told: /PassFailed.*lxcnet-netlink: .*(SIGKILL|killed)/,
    routesGoOn: false,
  },
  {
    fault: 'the helper prints garbage',
    program: 'perl',
    script: 'echo garbage; exec sleep 1000',
    told: /PassFailed.*lxcnet-netlink: .*A frame of \d+ bytes/,
    routesGoOn: false,
  },
  {
    fault: 'the helper ends with an error of its own',
    program: 'perl',
    script: 'echo "Out of memory!" >&2; exit 1',
    told: /PassFailed.*lxcnet-netlink: Out of memory!/,
    routesGoOn: false,
  },
  {
    fault: 'nft hangs',
    program: 'nft',
    script: 'exec sleep 1000',
    told: /NetfilterFailed/,
    routesGoOn: true,
    slow: true,
  },
];

it('a program that fails is named, the old state stays in force, and it recovers by itself', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  const vm1 = lab.container('vm1');
  const base = (port: number): object[] => [
    bridge('br0'),
    link('vm1', vm1.name, 10),
    policy('vm1', 'vm1', { ingress: [{ ports: [{ port }] }] }),
  ];
  lab.write('a.yaml', ...base(80));
  await lab.start();
  await lab.ready();
  using drips = new Drips(lab);
  await vm1.serve(80);
  const alive = await lab.client.open('10.10.20.10', 80);
  let number = 40;
  for (const { fault, program, script, told, routesGoOn, slow = false } of FAULTS) {
    if (slow && !FULL) continue;
    const limit = slow ? 150_000 : 20_000;
    if (script === undefined) programs.remove(program);
    else if (program === 'perl') replaceHelper(lab, programs, script);
    else programs.replace(program, script);
    if (program === 'perl') endHelper(lab);
    const to = `10.${++number}.0.0/16`;
    const extra = (port: number): void =>
      lab.write('a.yaml', ...base(80), policy('extra', 'vm1', { ingress: [{ ports: [{ port }] }] }));
    lab.write('b.yaml', route('other', { to, via: CLIENT }));
    // An instance that stands by since before the fault still carries out one transaction.
    let edits = 0;
    const isTold = (): boolean => {
      extra(number + 1000 * (edits++ % 2));
      lab.cli('reconcile');
      return told.test(lab.cli('events').stdout);
    };
    await lab.eventually(`${fault}: told`, isTold, limit);
    extra(number);
    const routed = (): boolean => lab.host.exec('ip', 'route').includes(to);
    if (routesGoOn) await lab.eventually(`${fault}: the route is there`, routed, limit);
    expect(filterText(lab.host), fault).toContain('. 80');
    expect(await alive(), fault).toBe(true);

    programs.restore(program);
    const start = performance.now();
    await lab.eventually(
      `${fault}: recovered`,
      () => routed() && filterText(lab.host).includes(`. ${number}`),
      limit,
    );
    record({ fault, healed: performance.now() - start, limit, leaked: drips.leaked() });
    expect(await alive(), fault).toBe(true);
    expect(lab.cli('wait', '--for=condition=Ready', '--all', '--timeout', '60s').status, fault).toBe(0);
  }
});
