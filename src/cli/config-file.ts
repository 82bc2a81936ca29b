/** `posthorn.config.*`: the options of the application, so that functions, catalog, keys and network rules are its own. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeError } from '../errors.ts';
import type { DispatcherOptions } from '../options.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';

/** In the order in which they are looked for. The last two need a Node.js that reads TypeScript. */
export const CONFIG_NAMES = ['mjs', 'js', 'cjs', 'mts', 'ts'].map((ending) => `posthorn.config.${ending}`);

export interface Configuration {
  readonly path: string;
  readonly options: DispatcherOptions;
}

/**
 * Loads the file that is named, or the first of {@link CONFIG_NAMES} in the folder; undefined when there is none.
 *
 * @throws CliError when it cannot be loaded, or exports no options
 */
export async function loadConfiguration(
  named: string | undefined,
  folder: string,
): Promise<Configuration | undefined> {
  const path = findFile(named, folder);
  if (path === undefined) return undefined;
  const exported = await load(path);
  const options: unknown = typeof exported === 'function' ? await callIt(exported, path) : exported;
  if (typeof options === 'object' && options !== null && !Array.isArray(options))
    return { path, options: options };
  throw wrong(
    path,
    `expected its default export to be the options of the dispatcher, or a function that gives them, got ${options === null ? 'null' : typeof options}.`,
  );
}

function findFile(named: string | undefined, folder: string): string | undefined {
  if (named === undefined)
    return CONFIG_NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
  const path = resolve(folder, named);
  if (existsSync(path)) return path;
  throw new CliError(EXIT_CODE.wrongUse, `--config: there is no file ${named}.`);
}

async function load(path: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    const isTypeScript = /\.m?ts$/.test(path);
    throw wrong(
      path,
      `it cannot be loaded: ${describeError(error)}${isTypeScript ? '. Node.js 22.18 and newer read TypeScript; for others write posthorn.config.mjs' : ''}`,
      error,
    );
  }
}

async function callIt(exported: unknown, path: string): Promise<unknown> {
  try {
    return await (exported as () => unknown)();
  } catch (error) {
    throw wrong(path, `its function threw: ${describeError(error)}`, error);
  }
}

function wrong(path: string, what: string, cause?: unknown): CliError {
  return new CliError(EXIT_CODE.wrongUse, `${basename(path)}: ${what}`, { cause });
}
