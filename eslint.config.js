import { builtinModules } from 'node:module';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/*
 * Besides the usual rules, this file holds the layers: arrows go one way, and what decides has no effects.
 */

/** Packages that one file may import, so that a change of version or library has one place. */
const ONE_PLACE = {
  chokidar: 'src/source/watch.ts',
  'js-yaml': 'src/source/yaml.ts',
  execa: 'src/kernel/programs.ts',
  'prom-client': 'src/telemetry/metrics.ts',
};

const ROOMS = [
  'api',
  'cli',
  'controllers',
  'engine',
  'import',
  'kernel',
  'netfilter',
  'nftables',
  'resolver',
  'rtnetlink',
  'server',
  'source',
  'telemetry',
];
const except = (...names) => ROOMS.filter((name) => !names.includes(name));

/** What a pure room may not import: every module of Node but these, and every package with effects. */
const HARMLESS = ['crypto', 'net'];
const EFFECTS = [
  ...builtinModules.filter((name) => !HARMLESS.includes(name)).flatMap((name) => [name, `node:${name}`]),
  ...['fastify', 'pino', 'rxjs', 'commander', ...Object.keys(ONE_PLACE)].flatMap((name) => [
    name,
    `${name}/**`,
  ]),
];

/** The import rule of some files; `forbiddenRooms` are folders, `open` files in them that may be imported all the same. */
function importRule(onePlaceFile, { forbiddenRooms = [], open = [], pure = false }) {
  const group = [...forbiddenRooms.map((name) => `**/${name}/*`), ...open.map((file) => `!**/${file}`)];
  const message = 'Arrows go one way: see "How it works" in README.md.';
  return {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          ...(group.length === 0 ? [] : [{ group, message }]),
          ...(pure ? [{ group: EFFECTS, message: 'What decides has no effects.' }] : []),
        ],
        paths: [
          ...Object.entries(ONE_PLACE)
            .filter(([, file]) => file !== onePlaceFile)
            .map(([name, file]) => ({ name, message: `Only ${file} imports ${name}.` })),
          ...(pure
            ? [
                {
                  name: 'node:net',
                  allowImportNames: ['isIP', 'isIPv4', 'isIPv6'],
                  message: 'What decides has no effects.',
                },
              ]
            : []),
        ],
      },
    ],
  };
}

/** The rules of a room, and of those of its files that are the one place of a package. */
function room(folder, layers) {
  const files = [`${folder}/**/*.ts`];
  const timers = ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'process'];
  return [
    { files, rules: importRule(undefined, layers) },
    ...Object.values(ONE_PLACE)
      .filter((file) => file.startsWith(`${folder}/`))
      .map((file) => ({ files: [file], rules: importRule(file, layers) })),
    ...(layers.pure ? [{ files, rules: { 'no-restricted-globals': ['error', ...timers] } }] : []),
  ];
}

const PURE_OF_SOURCE = ['source/yaml.ts', 'source/cross-check.ts'];
const PURE_OF_KERNEL = [
  'kernel/observed.ts',
  'kernel/command.ts',
  'kernel/resolver-files.ts',
  'kernel/surroundings.ts',
];

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
  { rules: importRule(undefined, {}) },
  ...room('src/api', { forbiddenRooms: except('api'), pure: true }),
  ...room('src/netfilter', {
    forbiddenRooms: except('api', 'netfilter'),
    open: PURE_OF_KERNEL,
    pure: true,
  }),
  ...room('src/resolver', {
    forbiddenRooms: except('api', 'resolver'),
    open: PURE_OF_KERNEL,
    pure: true,
  }),
  ...room('controllers', {
    forbiddenRooms: except('api', 'controllers', 'netfilter', 'resolver'),
    open: PURE_OF_KERNEL,
    pure: true,
  }),
  ...room('src/rtnetlink', {
    forbiddenRooms: except('api', 'rtnetlink'),
    open: PURE_OF_KERNEL,
    pure: true,
  }),
  ...room('src/nftables', {
    forbiddenRooms: except('api', 'nftables', 'rtnetlink'),
    open: PURE_OF_KERNEL,
    pure: true,
  }),
  ...room('src/kernel', { forbiddenRooms: except('api', 'kernel', 'nftables', 'rtnetlink') }),
  ...room('src/source', { forbiddenRooms: except('api', 'source') }),
  ...room('src/import', { forbiddenRooms: except('api', 'import'), open: PURE_OF_SOURCE, pure: true }),
  ...room('src/telemetry', { forbiddenRooms: except('api', 'telemetry') }),
  ...room('src/server', {
    forbiddenRooms: except('api', 'server', 'telemetry'),
    open: ['engine/ports.ts'],
  }),
  ...room('src/engine', { forbiddenRooms: ['cli', 'server'] }),
  {
    files: ['test/**/*.ts', 'deploy/**/*.ts', 'rolldown.config.ts', 'vitest.config.ts', 'eslint.config.js'],
    rules: { 'no-restricted-exports': 'off', 'no-console': 'off' },
  },
  { files: ['eslint.config.js'], ...tseslint.configs.disableTypeChecked },
);
