import { type ChildProcess, spawnSync } from 'node:child_process';

/** Whether a program runs here; where it does not, the reason is printed, so that no test is left out silently. */
export function runsHere(what: string, argv: readonly string[]): boolean {
  const { status, stderr, error } = spawnSync(argv[0]!, argv.slice(1), { encoding: 'utf8', timeout: 60_000 });
  if (status === 0) return true;
  console.log(
    `${what} does not run on this machine: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? ''}`,
  );
  return false;
}

/** What a pattern finds in a program's output, as soon as it does. @throws {Error} Where the program ends before. */
export function printed(program: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    program.stdout!.on('data', (data: Buffer) => {
      text += data.toString();
      const found = pattern.exec(text);
      if (found) resolve(found[1] ?? found[0]);
    });
    program.once('exit', (code) => reject(new Error(`it ended with ${code}: ${text}`)));
  });
}
