import { describeError, StoreError } from '../../errors.ts';

/**
 * Loads a package that the user installs when a store needs it. Its name is not written where a bundler would look: it would want the package, or
 * refuse to build without it.
 *
 * @throws StoreError that says what to install
 */
export async function loadPackage(name: string): Promise<unknown> {
  try {
    const loaded = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as { default?: unknown };
    return loaded.default ?? loaded;
  } catch (error) {
    throw new StoreError(
      isMissing(error)
        ? `This store needs the package ${name}, which is not installed. Install it: npm install ${name.split('/')[0]}`
        : `The package ${name} is installed, but cannot be loaded: ${describeError(error)}`,
      { cause: error },
    );
  }
}

/** The package itself is missing, not something that it needs. */
function isMissing(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return (
    code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || code === 'ERR_UNKNOWN_BUILTIN_MODULE'
  );
}
