import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { crossCheck } from '../source/cross-check.ts';
import { type FieldError, byPlace, formatFieldError } from '../source/field-error.ts';
import { atFields } from '../source/field-position.ts';
import { type FileContent, readManifestFile, reasonOf } from '../source/manifest-file.ts';
import { parseManifests } from '../source/parse.ts';
import { scanDirectory } from '../source/scan.ts';
import type { CommandIo } from './io.ts';
import { printable } from './printable.ts';

/**
 * Checks manifests, files or directories, without root and without a kernel; also what only shows across them.
 *
 * @returns 0 where all are valid, 1 otherwise.
 */
export async function validatePaths(paths: readonly string[], io: CommandIo): Promise<number> {
  const files = await readAll(paths, io);
  const texts = new Map<string, string>();
  const errors: FieldError[] = [];
  for (const [file, content] of files) {
    if ('text' in content) texts.set(file, content.text);
    else errors.push({ file, line: 1, column: 1, message: content.unreadable });
  }
  const parsed = [...texts].map(([file, text]) => parseManifests(file, text));
  const { accepted, errors: contradictions } = crossCheck(parsed.flatMap(({ manifests }) => manifests));
  errors.push(...parsed.flatMap((file) => file.errors));
  errors.push(...atFields(contradictions, (file) => texts.get(file) ?? ''));
  for (const error of errors.sort(byPlace)) io.stderr(formatFieldError(error));
  const total = counted(files.length, 'file');
  if (errors.length > 0) {
    io.stdout(`${total}: ${counted(errors.length, 'error')}`);
    return 1;
  }
  io.stdout(`${total}, ${counted(accepted.length, 'resource')} valid`);
  return 0;
}

/** The files that the paths name or contain, each once, in the order in which they take precedence. */
async function readAll(paths: readonly string[], io: CommandIo): Promise<[string, FileContent][]> {
  const found = new Map<string, [string, FileContent]>();
  for (const path of paths) {
    for (const file of await readOne(path, io)) found.set(resolve(file[0]), file);
  }
  return [...found.values()].sort(([one], [other]) => (one < other ? -1 : 1));
}

async function readOne(path: string, io: CommandIo): Promise<[string, FileContent][]> {
  try {
    if (!(await stat(path)).isDirectory()) {
      return [[path, (await readManifestFile(path)) ?? { unreadable: 'it has just gone' }]];
    }
  } catch (error) {
    return [[path, { unreadable: reasonOf(error) }]];
  }
  const scan = await scanDirectory(path);
  if (scan.state === 'unreadable') return [[path, { unreadable: scan.reason }]];
  if (scan.files.size === 0) io.stderr(`${printable(path)}: no *.yaml, *.yml or *.json files`);
  return [...scan.files].map(([name, content]) => [join(path, name), content]);
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
