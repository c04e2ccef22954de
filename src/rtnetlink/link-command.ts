import { FLAGS, MessageWriter, type NetlinkRequest } from './message.ts';
import type { Words } from './words.ts';

const NEWLINK = 16;
const DELLINK = 17;
const IFF_UP = 1;
/** IFLA_* of linux/if_link.h. */
const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  master: 10,
  info: 18,
  alias: 20,
  afSpec: 26,
  group: 27,
  netNsFd: 28,
};
const INFO = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 };
const VETH_INFO_PEER = 1;
const BRPORT_ISOLATED = 33;
const AF_INET6 = 10;
const INET6_ADDR_GEN_MODE = 8;
/** The kernel makes a link-local address by the MAC address, or does not. */
const ADDR_GEN_MODES = { eui64: 0, none: 1 } as const;

/** `link add name NAME …`, `link set dev NAME …`, `link delete dev NAME` or `link delete group NUMBER`. */
export function linkRequest(words: Words, namespace: string | undefined): NetlinkRequest {
  const verb = words.next();
  if (verb === 'add') return added(words, namespace);
  if (verb === 'delete') return deleted(words);
  if (verb === 'set') return changed(words);
  throw words.unknown(verb);
}

/** struct ifinfomsg */
function info(writer: MessageWriter, index: string | undefined, flags = 0, change = 0): void {
  writer.u8(0, 0).u16(0);
  if (index === undefined) writer.u32(0);
  else writer.blank('interface', index);
  writer.u32(flags).u32(change);
}

function added(words: Words, namespace: string | undefined): NetlinkRequest {
  const writer = new MessageWriter(NEWLINK, FLAGS.create | FLAGS.exclusive);
  info(writer, undefined);
  words.expect('name');
  nameAttribute(writer, words.next());
  while (!words.skip('type')) property(writer, words, words.next());
  const kind = words.next();
  if (kind !== 'veth' && kind !== 'bridge') throw words.unknown(kind);
  writer.attribute(IFLA.info, () => {
    writer.attribute(INFO.kind, () => writer.text(kind));
    if (kind === 'veth') writer.attribute(INFO.data, () => peer(writer, words, namespace));
  });
  return finished(writer, words);
}

function peer(writer: MessageWriter, words: Words, namespace: string | undefined): void {
  writer.attribute(VETH_INFO_PEER, () => {
    info(writer, undefined);
    words.expect('peer');
    words.expect('name');
    nameAttribute(writer, words.next());
    while (!words.done) property(writer, words, words.next());
    if (namespace !== undefined) writer.attribute(IFLA.netNsFd, () => writer.blank('namespace', namespace));
  });
}

function nameAttribute(writer: MessageWriter, name: string): void {
  writer.attribute(IFLA.name, () => writer.text(name).u8(0));
}

/** What can be said of an interface that is made, and of one that is there. */
function property(writer: MessageWriter, words: Words, word: string): void {
  if (word === 'address') writer.attribute(IFLA.address, () => writer.bytes(words.mac()));
  else if (word === 'mtu') writer.attribute(IFLA.mtu, () => writer.u32(words.number()));
  else throw words.unknown(word);
}

function changed(words: Words): NetlinkRequest {
  const writer = new MessageWriter(NEWLINK, 0);
  words.expect('dev');
  const device = words.next();
  const up = words.skip('up');
  const down = !up && words.skip('down');
  info(writer, device, up ? IFF_UP : 0, up || down ? IFF_UP : 0);
  while (!words.done) setting(writer, words);
  return finished(writer, words);
}

function setting(writer: MessageWriter, words: Words): void {
  const word = words.next();
  if (word === 'name') nameAttribute(writer, words.next());
  else if (word === 'alias') writer.attribute(IFLA.alias, () => writer.text(words.next()));
  else if (word === 'master') writer.attribute(IFLA.master, () => writer.blank('interface', words.next()));
  else if (word === 'nomaster') writer.attribute(IFLA.master, () => writer.u32(0));
  else if (word === 'group') writer.attribute(IFLA.group, () => writer.u32(words.number()));
  else if (word === 'addrgenmode') addressGeneration(writer, words);
  else if (word === 'type') isolation(writer, words);
  else property(writer, words, word);
}

function addressGeneration(writer: MessageWriter, words: Words): void {
  const word = words.next();
  if (word !== 'eui64' && word !== 'none') throw words.unknown(word);
  writer.attribute(IFLA.afSpec, () =>
    writer.attribute(AF_INET6, () =>
      writer.attribute(INET6_ADDR_GEN_MODE, () => writer.u8(ADDR_GEN_MODES[word])),
    ),
  );
}

function isolation(writer: MessageWriter, words: Words): void {
  words.expect('bridge_slave');
  words.expect('isolated');
  const on = words.skip('on');
  if (!on) words.expect('off');
  writer.attribute(IFLA.info, () => {
    writer.attribute(INFO.slaveKind, () => writer.text('bridge'));
    writer.attribute(INFO.slaveData, () => writer.attribute(BRPORT_ISOLATED, () => writer.u8(on ? 1 : 0)));
  });
}

function deleted(words: Words): NetlinkRequest {
  const writer = new MessageWriter(DELLINK, 0);
  if (words.skip('group')) {
    info(writer, undefined);
    writer.attribute(IFLA.group, () => writer.u32(words.number()));
  } else {
    words.expect('dev');
    info(writer, words.next());
  }
  return finished(writer, words);
}

function finished(writer: MessageWriter, words: Words): NetlinkRequest {
  if (!words.done) throw words.unknown(words.next());
  return writer.finish();
}
