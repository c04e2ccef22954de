import { type NetlinkReply, readAnswer } from '../rtnetlink/answer.ts';
import type { Blank, NetlinkRequest } from '../rtnetlink/message.ts';
import { sized } from './frames.ts';

/*
 * What the helper of netlink-helper.ts reads and prints. Numbers are in the order of the network, but for those within
 * netlink's messages.
 */

/** A network namespace to act in. */
export interface Namespace {
  /** Leads to it; empty for the helper's own. */
  readonly path: string;
  /** The one that it has to have; absent for any. */
  readonly cookie?: string;
}

/** What became of requests, and where. */
export interface NetlinkAnswers {
  /**
   * The kernel's number for the namespace, which no other has had since the machine's start: inodes are used again at once.
   * In hexadecimal digits; zeros where there is none.
   */
  readonly cookie: string;
  readonly replies: readonly NetlinkReply[];
}

const COOKIE = 8;
const NO_COOKIE = '00'.repeat(COOKIE);

/** The content of a frame with requests for one namespace. */
export function requestFrame(
  { path, cookie = NO_COOKIE }: Namespace,
  requests: readonly NetlinkRequest[],
): Buffer {
  const parts = [sized(2, Buffer.from(path)), Buffer.from(cookie, 'hex')];
  for (const { message, blanks } of requests)
    parts.push(sized(4, message), sized(2, Buffer.concat(blanks.map(blankBytes))));
  return Buffer.concat(parts);
}

function blankBytes({ offset, kind, value }: Blank): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(offset);
  head.write(kind === 'interface' ? 'i' : 'n', 4);
  return Buffer.concat([head, sized(2, Buffer.from(value))]);
}

/** Reads a frame with so many replies. @throws {RangeError} Where it has another shape. */
export function readReplies(frame: Buffer, count: number): NetlinkAnswers {
  const replies: NetlinkReply[] = [];
  let at = COOKIE;
  for (let index = 0; index < count; index++) {
    const errno = frame.readUInt16BE(at);
    const data = at + 4 + frame.readUInt16BE(at + 2);
    const end = data + 4 + frame.readUInt32BE(data);
    if (end > frame.length) throw new RangeError(`A reply of netlink ends after ${frame.length} bytes`);
    const answer = readAnswer(frame.subarray(data + 4, end));
    const words = answer.words ?? frame.toString('utf8', at + 4, data);
    replies.push({ answer, ...(errno !== 0 && { refusal: { errno, words } }) });
    at = end;
  }
  return { cookie: frame.toString('hex', 0, COOKIE), replies };
}
