import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORIES = ['/usr/share/iproute2', '/usr/lib/iproute2', '/etc/iproute2'];

/**
 * The names that `ip` prints instead of numbers, as it reads them itself: `rt_tables` or `rt_protos`, and what lies in
 * the directory of the same name with `.d`.
 */
export function readNames(what: 'rt_tables' | 'rt_protos'): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  for (const text of DIRECTORIES.flatMap((directory) => textsOf(join(directory, what)))) {
    for (const line of text.split('\n')) {
      const match = /^\s*(?<number>0x[0-9a-f]+|\d+)\s+(?<name>\S+)/i.exec(line);
      if (match?.groups) names.set(match.groups.name!, Number(match.groups.number));
    }
  }
  return names;
}

function textsOf(path: string): string[] {
  const read = (file: string): string[] => {
    try {
      return [readFileSync(file, 'utf8')];
    } catch {
      return [];
    }
  };
  try {
    const more = readdirSync(`${path}.d`).filter((name) => name.endsWith('.conf'));
    return [...read(path), ...more.sort().flatMap((name) => read(join(`${path}.d`, name)))];
  } catch {
    return read(path);
  }
}
