import { importFiles } from '../import/import.ts';
import { parseManifests } from '../source/parse.ts';
import { type FileContent, readManifestFile } from '../source/manifest-file.ts';
import type { CommandIo } from './io.ts';
import { printable } from './printable.ts';

/**
 * Prints the manifests that LXC configurations, firewall listings and shell scripts come to, together; what is not carried
 * over as comments.
 *
 * @returns 1 where a file cannot be read, or has no line that is recognised; nothing is printed then.
 */
export async function importCommand(paths: readonly string[], io: CommandIo): Promise<number> {
  const names = [...new Set(paths)];
  const contents = await Promise.all(names.map((path) => readManifestFile(path)));
  const files: { name: string; text: string }[] = [];
  names.forEach((name, index) => {
    const content: FileContent = contents[index] ?? { unreadable: 'there is no such file or directory' };
    if ('text' in content) files.push({ name, text: content.text });
    else io.stderr(printable(`${name}: ${content.unreadable}`));
  });
  const { yaml, resources, unrecognised, carried, comments } = importFiles(files);
  for (const name of unrecognised)
    io.stderr(
      printable(
        `${name}: no line of it is an LXC configuration, a firewall rule or a command that sets up networks`,
      ),
    );
  if (files.length < names.length || unrecognised.length > 0) return 1;
  const [error] = parseManifests('the result', yaml).errors;
  if (error) {
    io.stderr(printable(`${error.message}: import fewer files, or fewer lines, at a time`));
    return 1;
  }
  for (const line of yaml.replace(/\n$/, '').split('\n')) io.stdout(line);
  io.stderr(
    `${counted(names.length, 'file')}: ${counted(resources, 'resource')} from ${counted(carried.length, 'line')}; ` +
      `${counted(comments.length, 'line')} commented, each with its reason`,
  );
  return 0;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
