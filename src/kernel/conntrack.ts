import { type Family, parseAddress } from '../api/address.ts';
import type { FlowFilter } from './command.ts';
import { runProgram } from './programs.ts';

/** A UDP flow as conntrack knows it: where the client sends to, and who answers. */
interface TrackedFlow {
  readonly destination: string;
  readonly port: number;
  readonly replySource: string;
  readonly replyPort: number;
}

/**
 * Makes the kernel forget the UDP flows that a filter selects, so that their next packet is treated as a first one. Needs
 * the program `conntrack`.
 *
 * @param isLocal Whether an address is the host's own; without target and destination only flows to these are meant.
 * @returns why it could not be done; `undefined` where it was.
 */
export async function forgetFlows(
  filters: readonly FlowFilter[],
  isLocal: (address: string) => boolean,
): Promise<string | undefined> {
  for (const [family, wanted] of Map.groupBy(filters, (filter) => filter.family)) {
    const listing = await conntrack('-L', family);
    if (typeof listing !== 'string') return listing.problem;
    const byPort = Map.groupBy(wanted, ({ port }) => port);
    const selected = parseFlows(listing).filter((flow) =>
      byPort.get(flow.port)?.some((filter) => selects(filter, flow, isLocal)),
    );
    // One call for all flows to one place, however many clients it has.
    for (const args of new Set(selected.map(deletion))) {
      const deleted = await conntrack('-D', family, ...args.split(' '));
      if (typeof deleted !== 'string' && !deleted.problem.includes(' 0 flow entries')) return deleted.problem;
    }
  }
  return undefined;
}

function selects(
  { destination, target }: FlowFilter,
  flow: TrackedFlow,
  isLocal: (address: string) => boolean,
): boolean {
  if (destination !== undefined && destination !== flow.destination) return false;
  if (target) return flow.replySource === target.address && flow.replyPort === target.port;
  return flow.replySource === flow.destination && (destination !== undefined || isLocal(flow.destination));
}

function deletion({ destination, port, replySource, replyPort }: TrackedFlow): string {
  return `--orig-dst ${destination} --orig-port-dst ${port} --reply-src ${replySource} --reply-port-src ${replyPort}`;
}

async function conntrack(
  verb: '-L' | '-D',
  family: Family,
  ...args: readonly string[]
): Promise<string | { readonly problem: string }> {
  const result = await runProgram('conntrack', [verb, '-f', `ipv${family}`, '-p', 'udp', ...args]);
  if (result.exitCode === 0) return result.stdout;
  return { problem: result.stderr.split('\n')[0] ?? 'conntrack gave no reason' };
}

const LINE = /^udp .*? dst=(\S+) sport=\d+ dport=(\d+) .*?\bsrc=(\S+) dst=\S+ sport=(\d+)/;

/** Reads `conntrack -L -p udp`; a line of another shape is none of ours. */
export function parseFlows(text: string): TrackedFlow[] {
  return text.split('\n').flatMap((line) => {
    const [, destination = '', port, replySource = '', replyPort] = LINE.exec(line) ?? [];
    if (!parseAddress(destination) || !parseAddress(replySource)) return [];
    return [{ destination, port: Number(port), replySource, replyPort: Number(replyPort) }];
  });
}
