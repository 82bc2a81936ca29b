import { describeError, StoreError } from '../../errors.ts';

/**
 * Loads a package that the user installs when a store needs it. Its name is not written where a bundler would look: it would want the package, or
 * refuse to build without it.
 *
 * @param specifier - a package, a path in one (`mysql2/promise`), or a module of Node.js that not every version has (`node:sqlite`)
 * @throws StoreError of code `driver_missing` that says what to install
 */
export async function loadPackage(specifier: string): Promise<unknown> {
  try {
    const loaded = (await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)) as {
      default?: unknown;
    };
    return loaded.default ?? loaded;
  } catch (error) {
    throw new StoreError(adviceFor(specifier, error), { code: 'driver_missing', cause: error });
  }
}

function adviceFor(specifier: string, error: unknown): string {
  if (specifier === 'node:sqlite')
    return `This store needs node:sqlite, which comes with Node.js 22.13 and newer; this is Node.js ${process.versions.node}. Update it, or install a driver: npm install better-sqlite3, or npm install libsql`;
  const name = packageOf(specifier);
  return isMissing(name, error)
    ? `This store needs the package ${name}, which is not installed. Install it: npm install ${name}`
    : `The package ${name} is installed, but cannot be loaded: ${describeError(error)}`;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The package itself is missing, not something that it needs. */
export function isMissing(name: string, error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return false;
  const named = /'([^']+)'/.exec(describeError(error))?.[1];
  return named === undefined || packageOf(named) === name;
}
