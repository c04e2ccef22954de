import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type LoggerOptions, createLogger } from '../../src/telemetry/log.ts';

function capture(options: LoggerOptions) {
  const lines: string[] = [];
  return { lines, logger: createLogger({ ...options, sink: { write: (line) => lines.push(line) } }) };
}

const TIME = /^\d{2}:\d{2}:\d{2}\.\d{3}/;

describe('text', () => {
  it('is one line of time, level, message and values', () => {
    const { lines, logger } = capture({ json: false });
    logger.info('read the manifests', { files: 3, path: '/etc/lxcnet.d', why: 'a b', list: [1, 2] });
    expect(lines[0]!.replace(TIME, 'TIME')).toBe(
      'TIME INFO  read the manifests files=3 path=/etc/lxcnet.d why="a b" list=[1,2]\n',
    );
    expect(lines[0]).toMatch(TIME);
  });

  it.each(['\n', '\r', '\u0085', '\u2028', '\u001b[2J', '\u202e', '\u0007'])(
    'cannot be forged with %j in a message, a value or a name',
    (character) => {
      const { lines, logger } = capture({ json: false });
      logger.warn(`a${character}b`, {
        value: `c${character}d`,
        [`n${character}`]: 1,
        deep: { x: character },
      });
      expect(lines).toHaveLength(1);
      expect(lines[0]!.slice(0, -1)).not.toContain(character);
      expect(lines[0]).toMatch(/^[\x20-\x7e]*\n$/);
    },
  );

  it('shows the message of an error', () => {
    const { lines, logger } = capture({ json: false });
    logger.error('the pass failed', { error: new Error('no such device') });
    expect(lines[0]!.replace(TIME, '')).toBe(' ERROR the pass failed error="no such device"\n');
  });

  it('takes a percent sign for what it is', () => {
    const { lines, logger } = capture({ json: false });
    logger.info('100%d %s %j');
    expect(lines[0]).toContain('100%d %s %j\n');
  });
});

describe('JSON', () => {
  it('has ISO time, the level in words, and the values', () => {
    const { lines, logger } = capture({ json: true });
    logger.child({ resource: 'Link/vm1' }).warn('refused', { code: 2 });
    const { time, ...rest } = JSON.parse(lines[0]!) as Record<string, unknown>;
    expect(rest).toEqual({ level: 'warn', resource: 'Link/vm1', code: 2, msg: 'refused' });
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('is one line of printable characters whatever a value holds, and loses nothing of it', () => {
    const { lines, logger } = capture({ json: true });
    const hostile = 'a\n{"level":"info"}\r\u001b[2J\u0085\u2028\u009b';
    logger.info('read', { hostile });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[\x20-\x7e]*\n$/);
    expect((JSON.parse(lines[0]!) as { hostile: string }).hostile).toBe(hostile);
  });

  it('keeps message and stack of an error', () => {
    const { lines, logger } = capture({ json: true });
    logger.error('failed', { error: new Error('why') });
    const { error } = JSON.parse(lines[0]!) as { error: { message: string; stack: string } };
    expect(error.message).toBe('why');
    expect(error.stack).toContain('log.test.ts');
  });
});

describe('the level', () => {
  it('leaves out what is less important', () => {
    const { lines, logger } = capture({ json: true, level: 'warn' });
    logger.debug('a');
    logger.info('b');
    logger.warn('c');
    logger.error('d');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['c', 'd']);
  });
});

describe('standard error', () => {
  it('gets every line before the process ends, and JSON where it is no terminal', () => {
    const code = `import { createLogger } from './src/telemetry/log.ts';
      createLogger().info('the last words', { n: 1 }); process.exit(3);`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ msg: 'the last words', n: 1 });
  });
});
