/** The import rules of CONTRIBUTING.md, checked by `npm run check:layers`. */

/** The store port is several files beside each other; its adapters are the folders below. */
const adapters = '^src/(transport/(?!transport[.]ts$)|store/[^/]+/)';
const buckets = '^src(/|/.+/)(util|utils|helper|helpers|common|types)(/|[.]ts$)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'only-declared-dependencies',
      comment: 'tsup bundles an undeclared import silently; a dev dependency is absent for users.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        // An optional peer of one subpath, and here for its tests.
        pathNot: '(^|/)node_modules/prom-client/',
      },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/', pathNot: '^src/(core/|errors[.]ts$|clock[.]ts$)' },
    },
    {
      name: 'core-packages',
      comment:
        'No I/O, no time, no randomness: of packages zod and tinyqueue, of Node node:net (address parsing).',
      severity: 'error',
      from: { path: '^src/core/' },
      to: {
        pathNot: ['^src/', '(^|/)node_modules/(zod|tinyqueue)/', '^(node:)?net$'],
        couldNotResolve: false,
      },
    },
    {
      name: 'roots-stay-leaves',
      comment: 'errors.ts and clock.ts are imported by everything, so they import nothing but core.',
      severity: 'error',
      from: { path: '^src/(errors|clock)[.]ts$' },
      to: { path: '^src/', pathNot: '^src/(core/|errors[.]ts$|clock[.]ts$)' },
    },
    {
      name: 'engine-sees-ports',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(engine/|core/|errors[.]ts$|clock[.]ts$|lifecycle-events[.]ts$|options[.]ts$|transport/transport[.]ts$|store/store[.]ts$)',
      },
    },
    {
      name: 'engine-takes-resolved-options',
      comment: 'The engine may name option types; the values reach it resolved, from dispatcher.ts.',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: { path: '^src/options[.]ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sources-stand-alone',
      comment: 'They emit through what sources.ts hands them.',
      severity: 'error',
      from: { path: '^src/sources/' },
      to: { path: '^src/', pathNot: '^src/(sources/|core/|engine/|errors[.]ts$)' },
    },
    {
      name: 'sources-name-engine-types',
      severity: 'error',
      from: { path: '^src/sources/' },
      to: { path: '^src/engine/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'engine-no-adapter-packages',
      severity: 'error',
      from: { path: '^src/(engine/|dispatcher[.]ts$|options[.]ts$|resolve-options[.]ts$|index[.]ts$)' },
      to: { path: '(^|/)node_modules/(undici|ky)/' },
    },
    {
      name: 'adapters-see-their-port',
      severity: 'error',
      from: { path: '^src/(transport|store)/' },
      to: { path: '^src/', pathNot: '^src/($1/|core/|errors[.]ts$|clock[.]ts$)' },
    },
    {
      name: 'adapters-are-strangers',
      comment: 'What they share is the port, and store/codec.',
      severity: 'error',
      from: { path: '^src/(transport/(?:undici|ky)|store/(?:memory|file|sql|redis))' },
      to: {
        path: '^src/(transport/(undici|ky)|store/(memory|file|sql|redis))',
        pathNot: '^src/$1',
      },
    },
    {
      name: 'codec-is-shared',
      comment: 'What durable stores have in common knows neither the port nor any of them.',
      severity: 'error',
      from: { path: '^src/store/codec/' },
      to: { path: '^src/', pathNot: '^src/(store/codec/|core/|errors[.]ts$|clock[.]ts$)' },
    },
    {
      name: 'codec-packages',
      severity: 'error',
      from: { path: '^src/store/codec/' },
      to: {
        pathNot: ['^src/', '(^|/)node_modules/zod/', '^(node:)?(crypto|util/types)$'],
        couldNotResolve: false,
      },
    },
    {
      name: 'tables-serve-stores',
      comment: 'What stores that work in memory share; it knows none of them, and nothing else knows it.',
      severity: 'error',
      from: { path: '^src/store/tables/' },
      to: { path: '^src/store/(memory|file|sql|redis)/' },
    },
    {
      name: 'only-stores-see-tables',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/(tables|memory|file)/' },
      to: { path: '^src/store/tables/' },
    },
    {
      name: 'ports-know-no-adapter',
      severity: 'error',
      from: { path: '^src/(transport/transport|store/[^/]+)[.]ts$' },
      to: { path: adapters },
    },
    {
      name: 'dispatcher-picks-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(dispatcher[.]ts$|index[.]ts$|transport/|store/|testing/|cli/)' },
      to: { path: adapters },
    },
    {
      name: 'faces-use-the-dispatcher',
      comment: 'http/ and cli/ use the dispatcher as a user does.',
      severity: 'error',
      from: { path: '^src/(http|cli|prometheus|testing)/' },
      to: { path: '^src/engine/' },
    },
    {
      name: 'only-http-loads-hono',
      comment: 'Importing posthorn loads no package of the REST API.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(http|cli)/' },
      to: { path: ['^src/http/', '(^|/)node_modules/(hono|@hono)/'] },
    },
    {
      name: 'only-prometheus-loads-prom-client',
      comment: 'It is an optional package, for who has it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/prometheus/' },
      to: { path: ['^src/prometheus/', '(^|/)node_modules/prom-client/'] },
    },
    {
      name: 'only-cli-loads-commander',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: ['^src/cli/', '(^|/)node_modules/commander/'] },
    },
    {
      name: 'cli-takes-public-doors',
      comment: 'What others offer, it takes from their index, as a user does.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/(http|store/(file|sql)|receiver)/(?!index[.]ts$)' },
    },
    {
      name: 'listener-stands-alone',
      severity: 'error',
      from: { path: '^src/listener/' },
      to: { path: '^src/', pathNot: '^src/(listener/|core/|clock[.]ts$)' },
    },
    {
      name: 'receiver-stands-alone',
      severity: 'error',
      from: { path: '^src/receiver/' },
      to: { pathNot: '^src/(receiver/|core/|clock[.]ts$|errors[.]ts$)' },
    },
    {
      name: 'nothing-imports-testing',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'no-buckets',
      comment:
        'A file is named after its one main export; a folder is a layer or a family of implementations.',
      severity: 'error',
      from: { path: buckets },
      to: {},
    },
    { name: 'no-buckets-imported', severity: 'error', from: {}, to: { path: buckets } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { path: '^src/', orphan: true, pathNot: '[.]d[.]ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.build.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
    exclude: { path: '^dist/' },
  },
};
