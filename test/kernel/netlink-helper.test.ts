import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { carryOut } from '../../src/kernel/ip.ts';
import { Netlink } from '../../src/kernel/netlink.ts';
import { targetOf } from '../../src/kernel/processes.ts';
import { NAMESPACE_QUERIES } from '../../src/rtnetlink/view.ts';
import { Lab } from '../support/lab.ts';
import type { NetNs } from '../support/netns.ts';

const at = ({ name }: NetNs): { path: string } => ({ path: `/run/netns/${name}` });

let netlink: Netlink;
beforeEach(() => {
  netlink = new Netlink();
});
// One that has not ended yet would be counted by the next test.
afterEach(async () => {
  netlink.close();
  await expect.poll(children).toEqual([]);
});

const children = (): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      const isHelper = readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('lxcnet-netlink');
      return (
        isHelper &&
        readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === String(process.pid)
      );
    } catch {
      return false; // no process, or it has ended meanwhile
    }
  });

describe('the helper', () => {
  const question = NAMESPACE_QUERIES.slice(0, 1);
  /** What has become of one question: how many messages there are, or why none. */
  const ask = async (namespace?: Parameters<Netlink['ask']>[1]): Promise<number | string> => {
    const [reply] = (await netlink.ask(question, namespace)).replies;
    return reply!.refusal?.words ?? reply!.answer.messages.length;
  };

  it('comes back into its own namespace, and says which one it could not enter', async () => {
    const own = await ask();
    expect(await ask({ path: '/run/netns/there-is-none' })).toBe('No such file or directory');
    expect(await ask({ path: '/etc/hostname' })).toBe('Invalid argument');
    await using lab = new Lab();
    expect(await ask(at(lab.client))).toBe(2);
    expect(await ask()).toBe(own);
  });

  it('goes on where nothing is asked: all that was to be done may have become void', async () => {
    await ask();
    const [before] = children();
    expect((await netlink.ask([])).replies).toEqual([]);
    await ask();
    expect(children()).toEqual([before]);
  });

  it('does nothing in another namespace than the one that was seen, which may have its inode', async () => {
    await using lab = new Lab();
    const { cookie } = await netlink.ask(question, at(lab.host));
    expect(cookie).toMatch(/^[0-9a-f]{16}$/);
    expect((await netlink.ask(question, at(lab.client))).cookie).not.toBe(cookie);
    const down = { args: 'link set dev lo down'.split(' ') };
    const act = async (netns: NetNs): Promise<unknown> =>
      (await carryOut(netlink, [down], [], { ...at(netns), cookie })).errors;
    expect(await act(lab.client)).toEqual(['the container was replaced meanwhile']);
    expect(lab.client.exec('ip', '-o', 'link', 'show', 'dev', 'lo')).toContain(',UP');
    expect(await act(lab.host)).toEqual([undefined]);
    expect(lab.host.exec('ip', '-o', 'link', 'show', 'dev', 'lo')).not.toContain(',UP');
  });

  it('keeps no namespace open', async () => {
    await using lab = new Lab();
    await ask(at(lab.client));
    const [pid] = children();
    const open = (): string[] => readdirSync(`/proc/${pid}/fd`).map((fd) => targetOf(Number(pid), fd));
    expect(open().filter((target) => target.startsWith('net:'))).toEqual([readlinkSync('/proc/self/ns/net')]);
    // Its three streams; a socket of netlink would keep the namespace that it was made in. It goes after the answer.
    await expect
      .poll(() => open().filter((target) => target.startsWith('socket:')).length)
      .toBeLessThanOrEqual(3);
  });

  it('is started again where somebody has killed it, and answers each question of several', async () => {
    await ask();
    const before = children();
    expect(before).toHaveLength(1);
    process.kill(Number(before[0]), 'SIGKILL');
    // The first may come before the end is known, and then says so.
    const all = await Promise.all(Array.from({ length: 5 }, () => ask()));
    for (const answer of all) expect(String(answer)).toMatch(/^(\d+$|lxcnet-netlink: )/);
    expect(all.at(-1)).toBeTypeOf('number');
    expect(children()).toHaveLength(1);
    expect(children()).not.toEqual(before);
  });

  it('that hangs is killed after its time, named, and started again', async () => {
    netlink.close();
    netlink = new Netlink(200);
    await ask();
    const [hanging] = children();
    process.kill(Number(hanging), 'SIGSTOP');
    expect(await ask()).toMatch(/^lxcnet-netlink has not answered within \d s$/);
    expect(await ask()).toBeTypeOf('number');
    expect(children()).not.toContain(hanging);
  });

  it('ends with whoever has started it', async () => {
    await ask();
    expect(children()).toHaveLength(1);
    netlink.close();
    await expect.poll(children).toEqual([]);
  });
});
