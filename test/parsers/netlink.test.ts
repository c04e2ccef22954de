import { expect, it } from 'vitest';
import { parseNetlink } from '../../src/kernel/listening.ts';

const TABLE = `sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
00000000528e8206 0   3637408302 00000000 0        0        0     2        0        8418546 
00000000060dcc78 0   14678      15800555 4352     0        0     2        7        8418545 
`;

it('of each netlink socket it is read whether it has subscribed to events, and how many bytes wait', () => {
  expect(parseNetlink(TABLE)).toEqual([
    { inode: '8418546', groups: false, unread: 0 },
    { inode: '8418545', groups: true, unread: 4352 },
  ]);
});

it('a table of another shape has no sockets', () => {
  expect(parseNetlink('garbage\nmore of it\n')).toEqual([]);
});
