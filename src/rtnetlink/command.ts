import { AF, addressBytes } from './address-bytes.ts';
import { linkRequest } from './link-command.ts';
import type { NetlinkAnswer } from './answer.ts';
import { FLAGS, MessageWriter, type NetlinkRequest } from './message.ts';
import { forgetNeighbours, neighbourQuery } from './neighbours.ts';
import { routeRequest } from './route-command.ts';
import { Words } from './words.ts';

const NEWADDR = 20;
const DELADDR = 21;
const IFA = { address: 1, local: 2, flags: 8 };
const NODAD = 2;
const NEWNEIGH = 28;
const DELNEIGH = 29;
const NDA_DST = 1;
const PROXY = 8;
const PERMANENT = 0x80;

/**
 * The message for a command, in the words of `ip`.
 *
 * @param namespace The path of the network namespace that the other end of a veth pair is made in.
 * @throws {RangeError} For a command, or a word, that is not known here.
 */
export function commandRequest(args: readonly string[], namespace?: string): NetlinkRequest {
  const words = new Words(args);
  const object = words.next();
  switch (object) {
    case 'link':
      return linkRequest(words, namespace);
    case 'address':
      return addressRequest(words);
    case 'route':
      return routeRequest(words);
    case 'neighbour':
      return words.skip('flush') ? flushRequest(words) : proxyRequest(words);
    default:
      throw words.unknown(object);
  }
}

/** What is asked for after the answer to a command: to forget neighbours they have to be listed first. */
export function furtherRequests(args: readonly string[], { messages }: NetlinkAnswer): NetlinkRequest[] {
  return args[0] === 'neighbour' && args[1] === 'flush' ? forgetNeighbours(messages) : [];
}

/** `neighbour flush dev NAME`: all that were learnt. */
function flushRequest(words: Words): NetlinkRequest {
  words.expect('dev');
  const device = words.next();
  if (!words.done) throw words.unknown(words.next());
  return neighbourQuery(device);
}

/** `address add|delete ADDRESS/PREFIX dev NAME [nodad]` */
function addressRequest(words: Words): NetlinkRequest {
  const isNew = words.skip('add');
  if (!isNew) words.expect('delete');
  const address = words.cidr();
  words.expect('dev');
  const writer = new MessageWriter(isNew ? NEWADDR : DELADDR, isNew ? FLAGS.create | FLAGS.exclusive : 0);
  writer.u8(AF[address.family], address.prefix, 0, 0).blank('interface', words.next());
  for (const type of [IFA.local, IFA.address])
    writer.attribute(type, () => writer.bytes(addressBytes(address)));
  if (words.skip('nodad')) writer.attribute(IFA.flags, () => writer.u32(NODAD));
  if (!words.done) throw words.unknown(words.next());
  return writer.finish();
}

/** `neighbour add|delete proxy ADDRESS dev NAME` */
function proxyRequest(words: Words): NetlinkRequest {
  const isNew = words.skip('add');
  if (!isNew) words.expect('delete');
  words.expect('proxy');
  const address = words.address();
  words.expect('dev');
  const writer = new MessageWriter(isNew ? NEWNEIGH : DELNEIGH, isNew ? FLAGS.create | FLAGS.exclusive : 0);
  // struct ndmsg
  writer.u8(AF[address.family], 0).u16(0).blank('interface', words.next());
  writer.u16(isNew ? PERMANENT : 0).u8(PROXY, 0);
  writer.attribute(NDA_DST, () => writer.bytes(addressBytes(address)));
  if (!words.done) throw words.unknown(words.next());
  return writer.finish();
}
