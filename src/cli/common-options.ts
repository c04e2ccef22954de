import { Option } from 'commander';
import { DEFAULT_DIRECTORIES } from './directories.ts';

export const stateDir = new Option('--state-dir <dir>', 'where the inventory is kept').default(
  DEFAULT_DIRECTORIES.stateDir,
);
export const runtimeDir = new Option(
  '--runtime-dir <dir>',
  "where the daemon's socket is, and what dnsmasq reads",
).default(DEFAULT_DIRECTORIES.runtimeDir);
export const manifests = new Option('--manifests <dir>', 'the directory of manifests').default(
  DEFAULT_DIRECTORIES.manifests,
);
export const namespace = new Option('-n, --namespace <namespace>', 'the namespace');

export interface Directories {
  readonly manifests: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
}
