import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crossCheck } from '../source/cross-check.ts';
import { type FieldError, formatFieldError } from '../source/field-error.ts';
import { parseManifests } from '../source/parse.ts';
import { type FileContent, scanDirectory } from '../source/scan.ts';
import type { CommandIo } from './io.ts';

/** Checks manifests without root and without a kernel. @returns 0 where all are valid, 1 otherwise. */
export async function validatePaths(paths: readonly string[], io: CommandIo): Promise<number> {
  const files = new Map<string, FileContent>();
  const errors: FieldError[] = [];
  for (const path of paths) {
    for (const [name, content] of await read(path, io, errors)) files.set(name, content);
  }
  const parsed = [...files].map(([file, content]) => {
    if ('unreadable' in content) {
      errors.push({ file, line: 1, column: 1, message: content.unreadable });
      return [];
    }
    const { manifests, errors: found } = parseManifests(file, content.text);
    errors.push(...found);
    return manifests;
  });
  const { accepted, errors: crossErrors } = crossCheck(parsed.flat());
  errors.push(...crossErrors);
  errors.sort((one, other) =>
    one.file === other.file
      ? one.line - other.line || one.column - other.column
      : one.file < other.file
        ? -1
        : 1,
  );
  errors.forEach((error) => io.stderr(formatFieldError(error)));
  const verdict =
    errors.length === 0 ? `${count(accepted.length, 'resource')} valid` : count(errors.length, 'error');
  io.stdout(`${count(files.size, 'file')}, ${verdict}`);
  return errors.length === 0 ? 0 : 1;
}

async function read(
  path: string,
  io: CommandIo,
  errors: FieldError[],
): Promise<Iterable<readonly [string, FileContent]>> {
  try {
    if (!(await stat(path)).isDirectory()) return [[path, { text: await readFile(path, 'utf8') }]];
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    errors.push({
      file: path,
      line: 1,
      column: 1,
      message: missing ? 'there is no such file or directory' : String(error),
    });
    return [];
  }
  const scan = await scanDirectory(path);
  if (scan.state === 'unreadable') {
    errors.push({ file: path, line: 1, column: 1, message: scan.reason });
    return [];
  }
  if (scan.files.size === 0) io.stderr(`${path}: no *.yaml, *.yml or *.json files`);
  return [...scan.files].map(([name, content]) => [join(path, name), content] as const);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
