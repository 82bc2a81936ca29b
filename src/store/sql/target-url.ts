import { fileURLToPath } from 'node:url';
import { unexpected } from '../../core/expect-value.ts';
import { OptionsError } from '../../errors.ts';

/** What a store can be made of, in words. */
export const EXPECTED_TARGET =
  'a file path, a postgres:// or mysql:// URL, a pool of pg or mysql2, a database of better-sqlite3, libsql or node:sqlite, PGlite, or Kysely';

/** Where a text leads. `path` is `':memory:'` for a database in memory. */
export type TargetPlace =
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'mysql'; readonly url: string }
  | { readonly kind: 'sqlite'; readonly path: string };

/**
 * Reads a URL or a path. Errors show nothing of it: it may hold a password.
 *
 * @throws OptionsError
 */
export function readTargetUrl(text: string): TargetPlace {
  if (/^postgres(ql)?:\/\//i.test(text)) return { kind: 'postgres', url: requireReadable(text) };
  if (/^(mysql|mariadb):\/\//i.test(text))
    return { kind: 'mysql', url: requireDatabase(requireReadable(text)) };
  return { kind: 'sqlite', path: /^(sqlite|file):/i.test(text) ? readFileUrl(text) : requirePath(text) };
}

/** Drivers would fail when they connect, with an error that holds the whole URL. */
function requireReadable(url: string): string {
  // PostgreSQL: without a host, but with a user.
  if (URL.canParse(url) || URL.canParse(url.replace('@/', '@host/'))) return url;
  throw new OptionsError(
    'target',
    'target: this URL cannot be read. In a user name or password, encode what means something in a URL (such as @ : / ? #): encodeURIComponent(password).',
  );
}

/** Without one, MySQL would connect, and refuse every statement. */
function requireDatabase(url: string): string {
  const { pathname, searchParams } = new URL(url.replace('@/', '@host/'));
  if (pathname.length > 1 || searchParams.has('database')) return url;
  throw new OptionsError(
    'target',
    'target: this URL names no database. Write its name behind the server: mysql://user:password@localhost:3306/name. The store makes its tables, not the database.',
  );
}

/** `sqlite:` and `file:` stand before a path as it is; `file://` is a URL, with an absolute path that may be encoded. */
function readFileUrl(url: string): string {
  if (url.includes('?')) throw hasParameters();
  if (!/^file:\/\//i.test(url)) return requirePath(url.replace(/^\w+:(\/\/)?/, ''));
  try {
    return fileURLToPath(url);
  } catch {
    throw new OptionsError(
      'target',
      'target: a file:// URL has three slashes and an absolute path: file:///var/lib/app/webhooks.db. For a relative path leave them out: file:./webhooks.db.',
    );
  }
}

function requirePath(path: string): string {
  if (path.trim() === '' || path.includes('\0')) throw unexpected('target', EXPECTED_TARGET, path);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(path)?.[1];
  // A file can have such a name; somebody who meant one is rarer than somebody who would get one.
  if (scheme === undefined && /\?\w+=/.test(path)) throw hasParameters();
  if (scheme === undefined) return path;
  throw new OptionsError(
    'target',
    `target: expected ${EXPECTED_TARGET}, got a URL of another scheme: ${scheme}.`,
  );
}

function hasParameters(): OptionsError {
  return new OptionsError(
    'target',
    'target: the path or URL of a SQLite file has no parameters. Leave out what begins with "?", and use the options of sqlStore.',
  );
}
