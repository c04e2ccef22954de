import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/*
 * Everything here is read at once: the kernel makes these files up within microseconds, and handing that to another thread
 * takes ten times as long.
 */

/** When a process was started, in the kernel's ticks: process ids are used again. `undefined` where there is none. */
export function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The program's name is in brackets and may hold anything; what counts comes after the last one.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/**
 * Who started a process: its real user id, which a program that is set-user-id keeps. The owner of its directory in /proc
 * does not tell that: it is root for a process that makes itself not dumpable.
 */
export function realUserOf(pid: number): number | undefined {
  const uid = /^Uid:\t(?<real>\d+)\t/m.exec(read(`/proc/${pid}/status`))?.groups?.real;
  return uid === undefined ? undefined : Number(uid);
}

/** The processes that a process has started and not yet waited for; none where it is gone. */
export function childrenOf(pid: number): number[] {
  const lists = list(`/proc/${pid}/task`).map((thread) => read(`/proc/${pid}/task/${thread}/children`));
  return lists.flatMap((text) => text.trim().split(' ').filter(Boolean).map(Number));
}

/** What a descriptor of a process leads to, in the kernel's words; empty where there is none. */
export function targetOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}

/** Whether a process has sockets besides those that may be its standard streams. */
export function hasSockets(pid: number): boolean {
  const names = list(`/proc/${pid}/fd`).filter((name) => Number(name) > 2);
  return names.some((name) => targetOf(pid, name).startsWith('socket:'));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
