import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../src/kernel/frames.ts';
import { readReplies, requestFrame } from '../../src/kernel/netlink-frames.ts';
import { addressQuery } from '../../src/rtnetlink/addresses.ts';
import { commandRequest } from '../../src/rtnetlink/command.ts';
import { type NetlinkMessage, readAnswer } from '../../src/rtnetlink/answer.ts';
import { forgetNeighbours } from '../../src/rtnetlink/neighbours.ts';
import { readNamespace } from '../../src/rtnetlink/view.ts';

/* What the kernel or the helper sends is checked before it is believed; nothing of it may stop the daemon or hold it up. */

/** Messages of the kernel's own kind: what this program sends has the same types, parts and attributes. */
const MESSAGES = [
  'link add name v0 mtu 1400 type veth peer name eth0 address 02:00:00:00:00:01',
  'link set dev v0 type bridge_slave isolated on',
  'address add 10.0.0.1/24 dev v0',
  'address add fd00::1/64 dev v0 nodad',
  'route add 10.8.0.0/16 via fd00::1 dev v0 table 1000 metric 5 proto 199 mtu 1400',
  'route add fd00:9::/32 nexthop via fd00::2 dev v0 weight 2 nexthop via fd00::3',
  'neighbour add proxy fd00::5 dev v0',
].map((line) => commandRequest(line.split(' ')).message);

const damaged = fc
  .array(
    fc.tuple(
      fc.constantFrom(...MESSAGES),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(20),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) =>
    Buffer.concat(
      parts.map(([message, changes, cut]) => {
        const bytes = Buffer.from(message);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes.subarray(0, bytes.length - (cut > 15 ? cut - 15 : 0));
      }),
    ),
  );

/** @returns whether it could be read. */
function read(bytes: Uint8Array): boolean {
  try {
    const { messages } = readAnswer(bytes);
    const answers: NetlinkMessage[][] = Array.from({ length: 5 }, () => [...messages]);
    const { interfaces, routes } = readNamespace(answers);
    for (const { mtu, index } of interfaces.values()) expect([mtu, index].every(Number.isInteger)).toBe(true);
    for (const { to, metric } of routes)
      expect([to.includes('/'), Number.isInteger(metric)]).toEqual([true, true]);
    forgetNeighbours(messages);
    return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
}

describe('an answer of the kernel', () => {
  it('is read where it is whole', () => {
    for (const message of MESSAGES) expect(read(message)).toBe(true);
  });

  it('is read, or refused as a whole, however it is damaged', () => {
    const outcomes = new Set<boolean>();
    fc.assert(
      fc.property(damaged, (bytes) => void outcomes.add(read(bytes))),
      { numRuns: 3_000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void outcomes.add(read(bytes))));
    expect([...outcomes].sort()).toEqual([false, true]);
  });
});

describe("the helper's frames", () => {
  const query = addressQuery('v0');
  const COOKIE = Buffer.from([0, 0, 0, 0, 0, 0, 1, 2]);
  /** As the helper prints it: an error's number, words, what the kernel has sent. */
  const reply = (errno: number, words: string, data: Uint8Array): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(errno);
    head.writeUInt16BE(Buffer.byteLength(words), 2);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([head, Buffer.from(words), length, data]);
  };
  const frame = (content: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(content.length);
    return Buffer.concat([head, content]);
  };

  it('are put together, however they come', () => {
    const first = Buffer.concat([
      COOKIE,
      reply(0, '', MESSAGES[2]!),
      reply(19, 'No such device', Buffer.alloc(0)),
    ]);
    const contents = [first, Buffer.alloc(0), Buffer.from('third')];
    const whole = Buffer.concat(contents.map(frame));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 12 }), (cuts) => {
        const reader = new FrameReader();
        const places = [0, ...cuts.sort((one, other) => one - other), whole.length];
        const taken = places.slice(1).flatMap((end, at) => reader.take(whole.subarray(places[at], end)));
        expect(taken.map((each) => each.toString('hex'))).toEqual(
          contents.map((each) => each.toString('hex')),
        );
      }),
    );
    const { cookie, replies } = readReplies(first, 2);
    expect(cookie).toBe('0000000000000102');
    expect(replies[0]).toMatchObject({ answer: { messages: [{ type: 20 }] } });
    expect(replies[0]).not.toHaveProperty('refusal');
    expect(replies[1]?.refusal).toEqual({ errno: 19, words: 'No such device' });
  });

  it('that cannot be are refused', () => {
    expect(() => new FrameReader().take(Buffer.from('garbage'))).toThrow(RangeError);
    const short = Buffer.concat([COOKIE, reply(0, '', MESSAGES[2]!)]);
    expect(() => readReplies(short.subarray(0, -1), 1)).toThrow(RangeError);
    expect(() => readReplies(short, 2)).toThrow(RangeError);
    const lying = Buffer.from(short);
    lying.writeUInt32BE(5_000, COOKIE.length + 4);
    expect(() => readReplies(lying, 1)).toThrow(RangeError);
  });

  it('say where in a message a name belongs', () => {
    const bytes = requestFrame({ path: '/proc/1/fd/9', cookie: COOKIE.toString('hex') }, [query]);
    expect(bytes.readUInt16BE()).toBe(12);
    expect(bytes.subarray(2, 14).toString()).toBe('/proc/1/fd/9');
    expect(bytes.subarray(14, 22)).toEqual(COOKIE);
    const blanks = bytes.subarray(22 + 4 + query.message.length);
    expect([blanks.readUInt16BE(), blanks.readUInt32BE(2), blanks.toString('latin1', 6, 7)]).toEqual([
      9,
      query.blanks[0]!.offset,
      'i',
    ]);
  });
});
