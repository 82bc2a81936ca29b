/** Where a command works: a store, or an application over its REST API. */
import { resolve } from 'node:path';
import { CliError, EXIT_CODE } from './exit-code.ts';

/** What the options of every command say. */
export interface PlaceFlags {
  readonly store?: string | undefined;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly tenant?: string | undefined;
  readonly config?: string | undefined;
  readonly allowPrivate?: readonly string[] | undefined;
}

/** A store by its name. `text` is shown to people and holds no password. */
export type StorePlace =
  | { readonly kind: 'folder'; readonly path: string; readonly text: string }
  | { readonly kind: 'sqlite'; readonly path: string; readonly text: string }
  | { readonly kind: 'server'; readonly url: string; readonly text: string };

export type Place =
  | { readonly kind: 'api'; readonly url: string; readonly token: string | undefined; readonly text: string }
  /** Undefined: the store of the configuration, or else the default. */
  | { readonly kind: 'store'; readonly store: StorePlace | undefined };

/** Where everything is when nothing says otherwise. */
export const DEFAULT_STORE = './webhooks';

/** Options come before the environment. @throws CliError */
export function readPlace(
  flags: PlaceFlags,
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): Place {
  const { store, url } = flags;
  if (store !== undefined && url !== undefined)
    throw wrongUse('--store and --url exclude each other: one names a store, the other an application.');
  if (url !== undefined) return readApi(url, flags.token ?? env['POSTHORN_TOKEN']);
  if (store !== undefined) return { kind: 'store', store: readStorePlace(store, folder) };
  const { POSTHORN_URL: urlOfEnv, POSTHORN_STORE: storeOfEnv } = env;
  if (isGiven(urlOfEnv) && isGiven(storeOfEnv))
    throw wrongUse(
      'POSTHORN_URL and POSTHORN_STORE exclude each other. Unset one, or give --store or --url.',
    );
  if (isGiven(urlOfEnv)) return readApi(urlOfEnv, flags.token ?? env['POSTHORN_TOKEN']);
  return { kind: 'store', store: isGiven(storeOfEnv) ? readStorePlace(storeOfEnv, folder) : undefined };
}

/** @throws CliError */
export function readStorePlace(text: string, folder: string): StorePlace {
  if (text === '')
    throw wrongUse(
      `--store: expected a folder, sqlite:FILE, or a postgres:// or mysql:// URL; got nothing. Default: ${DEFAULT_STORE}.`,
    );
  if (/^sqlite:/i.test(text)) {
    const path = text.slice('sqlite:'.length).replace(/^\/\//, '');
    if (path === '' || path === ':memory:')
      throw wrongUse('--store: expected the path of a file after sqlite:, as in sqlite:./webhooks.db.');
    return { kind: 'sqlite', path: resolve(folder, path), text: `sqlite:${path}` };
  }
  if (/^(postgres(ql)?|mysql|mariadb):\/\//i.test(text))
    return { kind: 'server', url: text, text: withoutPassword(text) };
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1];
  if (scheme !== undefined)
    throw wrongUse(
      `--store: expected a folder, sqlite:FILE, or a postgres:// or mysql:// URL; got one of the scheme ${scheme}.` +
        (/^https?$/i.test(scheme) ? ' An application is reached with --url.' : ''),
    );
  return { kind: 'folder', path: resolve(folder, text), text };
}

function readApi(url: string, token: string | undefined): Place {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw wrongUse('--url: expected the http: or https: URL of the API, as in https://app.example.com/api.');
  const { username, password } = new URL(url);
  if (username !== '' || password !== '')
    throw wrongUse('--url: a URL with a user and a password is not supported. Give the key with --token.');
  return { kind: 'api', url, token: isGiven(token) ? token : undefined, text: url };
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url.replace(/:\/\/.*@/, '://***@');
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  for (const name of shown.searchParams.keys()) if (/pass/i.test(name)) shown.searchParams.set(name, '***');
  return shown.href;
}

function wrongUse(message: string): CliError {
  return new CliError(EXIT_CODE.wrongUse, message);
}
