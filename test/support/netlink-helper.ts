import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from './lab.ts';
import type { OwnPrograms } from './own-programs.ts';

/** Something that only the helper's own arguments contain. */
const ITS_OWN = 'SIOCGIFINDEX';

/** The process by which the daemon speaks rtnetlink. */
function helperOf(lab: Lab): number | undefined {
  const children = readFileSync(`/proc/${lab.pid}/task/${lab.pid}/children`, 'utf8').trim().split(' ');
  const found = children.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('lxcnet-netlink');
    } catch {
      return false; // it has ended meanwhile
    }
  });
  return found === undefined ? undefined : Number(found);
}

/** Puts a shell script in the place of the helper, and ends the one that runs; in it `"$@"` are its arguments. */
export function replaceHelper(lab: Lab, programs: OwnPrograms, script: string): void {
  programs.replace('perl', `case "$*" in *${ITS_OWN}*) ${script};; esac; exec $MACHINE/../bin/perl "$@"`);
  endHelper(lab);
}

/** Ends the one that runs; the next is started by the program that is there now. */
export function endHelper(lab: Lab): void {
  const pid = helperOf(lab);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

/** A script for {@link replaceHelper}: each answer comes so many seconds late. */
export function late(seconds: number): string {
  const pipe = join(import.meta.dirname, 'slow-pipe.py');
  return `python3 -I ${pipe} ${seconds} | $MACHINE/../bin/perl "$@"; exit`;
}
