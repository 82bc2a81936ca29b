import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const ambient =
  'Take it from the injected clock: time, timers and randomness enter only through src/clock.ts.';
const host = 'A library leaves the console, the environment and the exit code to its host.';
const sleep = 'Tests never sleep: advance the manual clock, or wait for a recorded event.';

const timers = ['setTimeout', 'setInterval', 'setImmediate'];
const randomFunctions = ['randomBytes', 'randomUUID', 'randomInt', 'randomFill', 'randomFillSync'];

/** Modules that hand out what the globals below would: the same rule under another name. */
const ambientModules = {
  paths: [
    ...['node:timers', 'node:timers/promises', 'timers', 'timers/promises', 'node:perf_hooks'].map(
      (name) => ({
        name,
        message: ambient,
      }),
    ),
    ...['node:crypto', 'crypto'].map((name) => ({
      name,
      importNames: [...randomFunctions, 'getRandomValues', 'webcrypto'],
      message: ambient,
    })),
    ...['node:process', 'process', 'node:console', 'console'].map((name) => ({ name, message: host })),
  ],
};

const pureSource = {
  'no-restricted-globals': [
    'error',
    ...[...timers, 'performance'].map((name) => ({ name, message: ambient })),
    { name: 'console', message: host },
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: ambient },
    { object: 'Math', property: 'random', message: ambient },
    { object: 'AbortSignal', property: 'timeout', message: ambient },
    { object: 'process', property: 'hrtime', message: ambient },
    { object: 'process', property: 'env', message: host },
    { object: 'process', property: 'exit', message: host },
    { object: 'process', property: 'exitCode', message: host },
    ...['globalThis', 'global'].flatMap((object) => [
      ...[...timers, 'performance', 'crypto'].map((property) => ({ object, property, message: ambient })),
      { object, property: 'console', message: host },
    ]),
  ],
  'no-restricted-syntax': [
    'error',
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: ambient },
    { selector: "CallExpression[callee.name='Date']", message: ambient },
    {
      selector: `MemberExpression[property.name=/^(${randomFunctions.join('|')}|getRandomValues)$/]`,
      message: ambient,
    },
  ],
  'no-restricted-imports': ['error', ambientModules],
};

const sleeplessTests = {
  'no-restricted-globals': [
    'error',
    ...['setTimeout', 'setInterval'].map((name) => ({ name, message: sleep })),
  ],
  'no-restricted-properties': [
    'error',
    ...['globalThis', 'global'].flatMap((object) =>
      ['setTimeout', 'setInterval'].map((property) => ({ object, property, message: sleep })),
    ),
    { object: 'Atomics', property: 'wait', message: sleep },
  ],
  'no-restricted-imports': [
    'error',
    {
      paths: ['node:timers', 'node:timers/promises', 'timers', 'timers/promises'].map((name) => ({
        name,
        importNames: ['setTimeout', 'setInterval', 'scheduler', 'default'],
        message: sleep,
      })),
    },
  ],
};

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'node_modules/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // `typeof import('…')` is how a package that is loaded when first used gets its type.
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // verbatimModuleSyntax keeps `import { type A } from './a.ts'` as an import at run time.
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      // A port method may be asynchronous by contract and have nothing to wait for in one adapter.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true },
      ],
      eqeqeq: ['error', 'always'],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/clock.ts', 'src/cli/**', 'src/listener/**', 'src/testing/**'],
    rules: pureSource,
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Replies and caught errors are asserted, not trusted: the assertion is the check.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    ignores: ['test/stress/**', 'test/crash/**'],
    rules: sleeplessTests,
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parser: tseslint.parser },
  },
);
