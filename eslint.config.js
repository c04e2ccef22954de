import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/*
 * Besides the usual rules, this file holds the layers: arrows go one way, and what decides has no effects.
 */

const EFFECTS = [
  'node:*',
  'execa',
  'chokidar',
  'rxjs',
  'fastify',
  'pino',
  'prom-client',
  'commander',
  'js-yaml',
];

/** Packages that one file each may import, so that a change of version or library has one place. */
const ONE_PLACE = {
  chokidar: 'src/source/watch.ts',
  'js-yaml': 'src/source/yaml.ts',
  execa: 'src/kernel/programs.ts',
  'prom-client': 'src/telemetry/metrics.ts',
};

/** What the files of a room may not import: other rooms, by a piece of their path, and packages. */
function room(files, forbiddenRooms, forbiddenPackages = []) {
  const group = [...forbiddenRooms.map((name) => `**/${name}/**`), ...forbiddenPackages];
  return {
    files,
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns:
            group.length === 0
              ? []
              : [{ group, message: 'Arrows go one way: see "How it works" in README.md.' }],
          paths: Object.keys(ONE_PLACE)
            .filter((name) => !files.includes(ONE_PLACE[name]) && !forbiddenPackages.includes(name))
            .map((name) => ({ name, message: `Only ${ONE_PLACE[name]} imports ${name}.` })),
        },
      ],
    },
  };
}

const ALL = ['api', 'cli', 'controllers', 'engine', 'kernel', 'netfilter', 'server', 'source', 'telemetry'];
const except = (...names) => ALL.filter((name) => !names.includes(name));
const PURE = EFFECTS.filter((name) => name !== 'node:*');

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNever: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Records of functions are no classes: their members do not use `this`.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } },
      ],
      'no-console': 'error',
      'no-control-regex': 'off',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  room(['src/api/**/*.ts'], except('api'), [
    ...PURE,
    'node:fs',
    'node:fs/*',
    'node:child_process',
    'node:http',
  ]),
  room(
    ['src/netfilter/**/*.ts'],
    ['cli', 'controllers', 'engine', 'server', 'source', 'telemetry'],
    [...PURE, 'node:fs', 'node:fs/*', 'node:child_process', 'node:timers'],
  ),
  room(
    ['controllers/**/*.ts'],
    ['cli', 'engine', 'server', 'source', 'telemetry'],
    [...PURE, 'node:fs', 'node:fs/*', 'node:child_process', 'node:timers'],
  ),
  room(['src/kernel/**/*.ts'], except('api', 'kernel')),
  room(['src/source/**/*.ts'], except('api', 'source')),
  room(['src/telemetry/**/*.ts'], except('api', 'telemetry')),
  room(['src/server/**/*.ts'], ['cli', 'controllers', 'kernel', 'netfilter', 'source']),
  room(['src/engine/**/*.ts'], ['cli', 'server']),
  room(['src/cli/**/*.ts', 'src/main.ts'], []),
  ...Object.entries(ONE_PLACE).map(([name, file]) => ({
    files: [file],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: Object.keys(ONE_PLACE)
            .filter((other) => other !== name)
            .map((other) => ({ name: other })),
        },
      ],
    },
  })),
  {
    files: ['test/**/*.ts', 'deploy/**/*.ts', 'vitest.config.ts', 'eslint.config.js'],
    rules: { 'no-restricted-exports': 'off', 'no-console': 'off' },
  },
  { files: ['eslint.config.js'], ...tseslint.configs.disableTypeChecked },
);
