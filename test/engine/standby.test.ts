import { afterEach, describe, expect, it } from 'vitest';
import { StandbyProgram } from '../../src/kernel/standby.ts';

/** Longer than a test may take. */
const HANGS = 'sleep 100';
const isLine = (printed: string): boolean => printed.endsWith('\n');

describe('a program that stands by', () => {
  let program: StandbyProgram;
  afterEach(() => program.close());
  const run = (script: string, isAnswer?: (printed: string) => boolean) => {
    program = new StandbyProgram('sh', ['-s']);
    return program.run(`${script}\n`, isAnswer);
  };

  it('is not waited for once it has answered', async () => {
    const result = await run(`printf 'grün '; sleep 0.05; echo und rot; exec ${HANGS}`, isLine);
    expect(result).toMatchObject({ stdout: 'grün und rot\n', exitCode: 0 });
    process.kill(-result.pid!, 'SIGKILL');
  });

  it('is not waited for once somebody else tells that it has done its work', async () => {
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    const started: number[] = [];
    program = new StandbyProgram('sh', ['-s'], (pid) => {
      started.push(pid);
      return done;
    });
    const result = program.run(`echo half; exec ${HANGS}\n`);
    expect(await Promise.race([result, new Promise((resolve) => setTimeout(resolve, 100, 'waits'))])).toBe(
      'waits',
    );
    finish();
    expect(await result).toMatchObject({ stdout: '', stderr: '', exitCode: 0, pid: started[0] });
    process.kill(-started[0]!, 'SIGKILL');
  });

  it('is waited for where the answer does not come', async () => {
    expect(await run('printf half; echo no >&2; exit 3', isLine)).toMatchObject({
      stdout: 'half',
      stderr: 'no\n',
      exitCode: 3,
    });
  });

  it('serves the next request by a process of its own', async () => {
    const first = await run('echo $$');
    const second = await program.run('echo $$\n');
    expect(second.exitCode).toBe(0);
    expect(second.stdout).not.toBe(first.stdout);
  });
});
