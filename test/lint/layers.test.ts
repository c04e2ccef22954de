import { join } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import tseslint from 'typescript-eslint';

const RULES = ['@typescript-eslint/no-restricted-imports', 'no-restricted-globals'];
const eslint = new ESLint({
  cwd: join(import.meta.dirname, '../..'),
  // Types are not needed for these rules, and take most of the time.
  overrideConfig: tseslint.configs.disableTypeChecked,
  ruleFilter: ({ ruleId }) => RULES.includes(ruleId),
});

/** Lints a text as if it were this file. @returns the messages of the layer rules. */
async function lint(file: string, text: string): Promise<readonly string[]> {
  const [result] = await eslint.lintText(text, { filePath: file });
  return result!.messages.map(({ message }) => message);
}

const importing = (module: string): string => `import * as it from '${module}';\nvoid it;\n`;

describe('what decides', () => {
  const rooms = [
    'controllers/bridge.ts',
    'src/netfilter/build.ts',
    'src/resolver/files.ts',
    'src/import/import.ts',
    'src/api/key.ts',
  ];
  const effects = ['node:fs', 'fs', 'node:fs/promises', 'node:child_process', 'node:timers', 'node:http'];

  it.each(rooms)('%s imports no effect', async (file) => {
    for (const module of [...effects, 'execa', 'rxjs', 'rxjs/operators', 'pino', 'fastify']) {
      expect(await lint(file, importing(module)), module).not.toEqual([]);
    }
  });

  it.each(rooms)('%s has no timer and makes no connection', async (file) => {
    expect(await lint(file, 'setTimeout(() => undefined, 1);\n')).not.toEqual([]);
    expect(await lint(file, "import { connect } from 'node:net';\nvoid connect;\n")).not.toEqual([]);
    expect(await lint(file, "import { isIPv4 } from 'node:net';\nvoid isIPv4;\n")).toEqual([]);
  });
});

describe('arrows go one way', () => {
  it.each([
    ['src/api/key.ts', '../engine/ports.ts'],
    ['src/netfilter/build.ts', '../../controllers/bridge.ts'],
    ['src/netfilter/build.ts', '../kernel/executor.ts'],
    ['src/resolver/files.ts', '../kernel/resolvers.ts'],
    ['src/resolver/files.ts', '../netfilter/build.ts'],
    ['controllers/bridge.ts', '../src/kernel/executor.ts'],
    ['controllers/bridge.ts', '../src/engine/engine.ts'],
    ['src/kernel/ip.ts', '../engine/ports.ts'],
    ['src/kernel/programs.ts', '../engine/ports.ts'],
    ['src/source/watch.ts', '../kernel/ip.ts'],
    ['src/source/yaml.ts', '../cli/run.ts'],
    ['src/import/import.ts', '../source/manifest-file.ts'],
    ['src/import/import.ts', '../cli/run.ts'],
    ['src/source/parse.ts', '../import/import.ts'],
    ['src/telemetry/metrics.ts', '../engine/ports.ts'],
    ['src/server/age.ts', '../engine/engine.ts'],
    ['src/server/age.ts', '../kernel/ip.ts'],
    ['src/engine/engine.ts', '../cli/run.ts'],
  ])('%s does not import %s', async (file, module) => {
    expect(await lint(file, importing(module))).toEqual([expect.stringContaining('Arrows go one way')]);
  });

  it.each([
    ['src/netfilter/build.ts', '../kernel/observed.ts'],
    ['controllers/bridge.ts', '../src/kernel/command.ts'],
    ['controllers/bridge.ts', '../src/netfilter/build.ts'],
    ['controllers/resolver.ts', '../src/resolver/files.ts'],
    ['src/import/render.ts', '../source/yaml.ts'],
    ['src/server/age.ts', '../engine/ports.ts'],
    ['src/engine/engine.ts', '../kernel/view.ts'],
  ])('%s may import %s', async (file, module) => {
    expect(await lint(file, importing(module))).toEqual([]);
  });
});

describe('a package that has one place', () => {
  it.each([
    ['chokidar', 'src/source/watch.ts'],
    ['js-yaml', 'src/source/yaml.ts'],
    ['execa', 'src/kernel/programs.ts'],
    ['prom-client', 'src/telemetry/metrics.ts'],
  ])('%s is imported by %s and by no other file', async (name, place) => {
    expect(await lint(place, importing(name))).toEqual([]);
    for (const other of [
      join(place, '../other.ts'),
      'src/main.ts',
      'controllers/bridge.ts',
      'test/bench/main.ts',
      'deploy/quickstart/main.ts',
    ]) {
      expect(await lint(other, importing(name)), other).not.toEqual([]);
    }
  });
});
