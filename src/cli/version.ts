import { readFileSync } from 'node:fs';

/** The version in package.json, which lies above both src and dist/src. */
export function programVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<
        string,
        unknown
      >;
      if (name === 'lxcnet') return String(version);
    } catch {
      // not there: the other layout
    }
  }
  return '0.0.0';
}
