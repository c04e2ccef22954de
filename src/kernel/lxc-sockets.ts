import { readFile } from 'node:fs/promises';
import type { LxcContainer } from '../api/lxc-container.ts';

/** The longest name that an abstract socket can have; LXC hashes one that is longer. */
const LONGEST_NAME = 106;

/**
 * The socket that the monitor of a container listens on, as /proc/net/unix and ss write it. It is abstract and there from
 * before the first hook until the end, so it tells whether a container is there without anything being asked.
 */
export function commandSocketOf({ name, path }: LxcContainer): string {
  const plain = `${path}/${name}/command`;
  return Buffer.byteLength(plain) <= LONGEST_NAME ? `@${plain}` : `@lxc/${fnv1a(`${path}/${name}`)}/command`;
}

/** LXC's hash: FNV-1a of 64 bits. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

/**
 * The inodes of listening sockets by their names. One file, whatever the number of containers. Whoever runs on this host
 * may listen by any name, also by one that looks like several lines: it is a hint, and no more.
 */
export async function listeningSockets(): Promise<ReadonlyMap<string, string>> {
  return parseSockets(await readFile('/proc/self/net/unix', 'utf8').catch(() => ''));
}

/** Reads /proc/net/unix: Num, RefCount, Protocol, Flags, Type, St, Inode, Path. */
export function parseSockets(text: string): ReadonlyMap<string, string> {
  const LISTENING = /^\w+: \w+ \w+ 00010000 0001 \w+ +(?<inode>\d+) (?<name>.+)$/gm;
  return new Map([...text.matchAll(LISTENING)].map(({ groups }) => [groups!.name!, groups!.inode!]));
}
