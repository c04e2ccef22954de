import { resolve } from 'node:path';
import type { Bridge } from '../api/bridge.ts';
import type { Link } from '../api/link.ts';
import { isSameLxcContainer } from '../api/lxc-container.ts';
import { bridgeInterfaceOf, macAddressOf } from '../api/naming.ts';
import { quoted } from '../kernel/shell.ts';
import { closest } from '../source/closest.ts';
import { formatFieldError } from '../source/field-error.ts';
import { scanDirectory } from '../source/scan.ts';
import { ManifestSource } from '../source/snapshot.ts';
import { DEFAULT_DIRECTORIES } from './directories.ts';
import { HOOKS } from './hook-arguments.ts';
import { CommandError, type CommandIo } from './io.ts';
import { printable } from './printable.ts';

export interface LxcConfigOptions {
  /** Of the Link. */
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly manifests: string;
  /** Whether LXC makes the veth pairs; otherwise lxcnet does. */
  readonly veth?: boolean | undefined;
  /** Whether LXC runs lxcnet's hooks. */
  readonly hooks?: boolean | undefined;
}

/**
 * Prints the lines of configuration that a Link's container needs, for all of that container's Links.
 *
 * @throws {CommandError} Where there is no such Link, or it is not one of an LXC container.
 */
export async function lxcConfigCommand(options: LxcConfigOptions, io: CommandIo): Promise<number> {
  const { links, bridges } = await readManifests(options.manifests, io);
  const link = findLink(links, options);
  if (link.spec.container.lxc === undefined) {
    const kind = Object.keys(link.spec.container).join();
    throw new CommandError(`Link/${options.name} is for a container by \`${kind}\`, and not for one of LXC`);
  }
  if (!options.veth) {
    // One is enough for any number of Links: lxcnet puts its veth pairs into the container's namespace.
    io.stdout('lxc.net.0.type = empty');
  } else {
    vethPairs(link, links, bridges).forEach((line) => io.stdout(line));
  }
  if (options.hooks) hookLines(options.manifests).forEach((line) => io.stdout(line));
  return 0;
}

/**
 * The lines that have LXC run lxcnet's hooks with a directory of manifests. LXC takes a value as it is to the end of its
 * line, but for blanks and quotes around it, and hands it to a shell.
 *
 * @throws {CommandError} Where the directory's name is more than a line.
 */
export function hookLines(manifests: string): readonly string[] {
  const directory = resolve(manifests);
  if (!/^[^\p{Cc}]*$/u.test(directory))
    throw new CommandError(`${printable(directory)} cannot stand in a line of LXC's configuration`);
  const plain = /^[\w/.,:@%+-]*$/.test(directory);
  const further =
    directory === DEFAULT_DIRECTORIES.manifests
      ? ''
      : ` --manifests ${plain ? directory : quoted(directory)}`;
  return HOOKS.map((hook) => `lxc.hook.${hook} = /usr/bin/lxcnet hook ${hook}${further}`);
}

/** The lines for all veth pairs of a Link's container. */
function vethPairs(link: Link, links: readonly Link[], bridges: readonly Bridge[]): readonly string[] {
  return links
    .filter(({ spec }) => isSameLxcContainer(spec.container, link.spec.container))
    .sort((one, other) => (inside(one) < inside(other) ? -1 : 1))
    .flatMap((own, index) => vethLines(own, index, bridges));
}

/** What is in force by the manifests of a directory; errors in others are told. */
async function readManifests(
  directory: string,
  io: CommandIo,
): Promise<{ links: Link[]; bridges: Bridge[] }> {
  const scan = await scanDirectory(directory);
  if (scan.state === 'unreadable') throw new CommandError(printable(`${directory}: ${scan.reason}`));
  const { manifests, errors } = new ManifestSource().update(scan);
  for (const error of errors) io.stderr(formatFieldError(error));
  const resources = [...manifests.values()].map(({ resource }) => resource);
  return {
    links: resources.filter((resource) => resource.kind === 'Link'),
    bridges: resources.filter((resource) => resource.kind === 'Bridge'),
  };
}

function findLink(
  links: readonly Link[],
  { name, namespace = 'default', manifests }: LxcConfigOptions,
): Link {
  const own = links.filter(({ metadata }) => metadata.namespace === namespace);
  const found = own.find(({ metadata }) => metadata.name === name);
  if (found) return found;
  const names = own.map(({ metadata }) => metadata.name).sort();
  const near = closest(name, names);
  const some = `${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`;
  const there = names.length === 0 ? 'there is none' : `there ${names.length === 1 ? 'is' : 'are'} ${some}`;
  const guess = near === undefined ? '' : `; did you mean ${near}?`;
  throw new CommandError(
    printable(
      `no Link ${JSON.stringify(name)} in the namespace ${JSON.stringify(namespace)} of ${manifests}: ${there}${guess}`,
    ),
  );
}

function inside({ spec }: Link): string {
  return spec.interface;
}

function vethLines(link: Link, index: number, bridges: readonly Bridge[]): readonly string[] {
  const bridge = bridges.find(({ metadata }) => metadata.name === link.spec.bridge);
  if (!bridge) {
    const names = bridges.map(({ metadata }) => metadata.name).sort();
    const there = names.length === 0 ? 'there is none' : `there are ${names.slice(0, 20).join(', ')}`;
    throw new CommandError(
      `Link/${link.metadata.name} is on the Bridge ${link.spec.bridge}, which is not there: ${there}`,
    );
  }
  // The type comes first: the other keys depend on it.
  const values = {
    type: 'veth',
    link: bridgeInterfaceOf(bridge),
    flags: 'up',
    name: link.spec.interface,
    hwaddr: macAddressOf(link),
    mtu: String(link.spec.mtu ?? bridge.spec.mtu),
  };
  return Object.entries(values).map(([key, value]) => `lxc.net.${index}.${key} = ${value}`);
}
