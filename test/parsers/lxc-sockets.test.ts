import { describe, expect, it } from 'vitest';
import { commandSocketOf, parseSockets } from '../../src/kernel/lxc-sockets.ts';
import { parseHolders } from '../../src/kernel/socket-holders.ts';

describe('the command socket of an LXC container', () => {
  it('is named after its directory', () => {
    expect(commandSocketOf({ name: 'vm1', path: '/var/lib/lxc' })).toBe('@/var/lib/lxc/vm1/command');
  });

  it('has a hash in its name where that would be too long, as LXC has it', () => {
    // 106 bytes fit; the hash is FNV-1a of 64 bits.
    const fits = `/${'x'.repeat(106 - '//vm1/command'.length)}`;
    expect(commandSocketOf({ name: 'vm1', path: fits })).toBe(`@${fits}/vm1/command`);
    expect(commandSocketOf({ name: 'vm1', path: `${fits}y` })).toMatch(/^@lxc\/[0-9a-f]{16}\/command$/);
    // What LXC 5.0.2 listens on.
    const path = `/tmp/${'long/'.repeat(20)}lxc`;
    expect(commandSocketOf({ name: 'vm1', path })).toBe('@lxc/1a0c054c06f9b572/command');
  });
});

describe('the list of sockets', () => {
  const row = (inode: number, name: string, flags = '00010000', state = '01'): string =>
    `0000000000000000: 00000002 00000000 ${flags} 0001 ${state} ${inode} ${name}\n`;

  it('tells who listens, and by which inode', () => {
    const text = [
      'Num       RefCount Protocol Flags    Type St Inode Path\n',
      row(4711, '@/var/lib/lxc/vm1/command'),
      row(12, '@/var/lib/lxc/vm2/command', '00000000', '03'),
      '0000000000000000: 00000003 00000000 00000000 0001 03   913\n',
      row(13, '/run/some thing.sock'),
    ].join('');
    expect([...parseSockets(text)]).toEqual([
      ['@/var/lib/lxc/vm1/command', '4711'],
      ['/run/some thing.sock', '13'],
    ]);
  });
});

describe('what is told of the holders of sockets', () => {
  it('is process and descriptor', () => {
    const found = parseHolders('13149497 77 4\n99 1 3\n13149497 78 5\nnonsense\n99 1\n');
    expect([...found]).toEqual([
      [
        '13149497',
        [
          { inode: '13149497', pid: 77, fd: '4' },
          { inode: '13149497', pid: 78, fd: '5' },
        ],
      ],
      ['99', [{ inode: '99', pid: 1, fd: '3' }]],
    ]);
  });
});
