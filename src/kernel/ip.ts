import { constants } from 'node:os';
import { commandRequest, furtherRequests } from '../rtnetlink/command.ts';
import type { NetlinkRequest } from '../rtnetlink/message.ts';
import type { Namespace, NetlinkAnswers } from './netlink-frames.ts';
import type { Netlink } from './netlink.ts';

/** A command in the words of `ip`. */
export interface IpCommand {
  readonly args: readonly string[];
  /** The path of the namespace that the other end of a veth pair is made in. */
  readonly into?: string;
}

const { EADDRNOTAVAIL, ENODEV, ENOENT, ESRCH } = constants.errno;
/** Somebody else was faster: what was to be deleted is not there any more. */
const GONE: ReadonlySet<number | undefined> = new Set([EADDRNOTAVAIL, ENODEV, ENOENT, ESRCH]);

/**
 * Carries out commands, one after the other, whatever becomes of those before; then asks.
 *
 * @param namespace The network namespace that they are for; this one where it is absent.
 * @returns an error for each command that was refused, with the kernel's words, and the replies to the questions.
 */
export async function carryOut(
  netlink: Netlink,
  commands: readonly IpCommand[],
  queries: readonly NetlinkRequest[] = [],
  namespace?: Namespace,
): Promise<{ errors: (string | undefined)[] } & NetlinkAnswers> {
  const errors: (string | undefined)[] = commands.map(() => undefined);
  const sent: { readonly index: number; readonly request: NetlinkRequest }[] = [];
  for (const [index, { args, into }] of commands.entries()) {
    try {
      sent.push({ index, request: commandRequest(args, into) });
    } catch (error) {
      errors[index] = error instanceof Error ? error.message : String(error);
    }
  }
  const { cookie, replies } = await netlink.ask(
    [...sent.map(({ request }) => request), ...queries],
    namespace,
  );
  const further = sent.flatMap(({ index }, at) => {
    const { refusal, answer } = replies[at]!;
    const { args } = commands[index]!;
    if (refusal && !(args[1] === 'delete' && GONE.has(refusal.errno))) errors[index] = refusal.words;
    return refusal ? [] : furtherRequests(args, answer);
  });
  // What has gone by itself meanwhile is as good as forgotten.
  if (further.length > 0) await netlink.ask(further, namespace);
  return { errors, cookie, replies: replies.slice(sent.length) };
}
