import { unexpectedWord } from '../../core/expect-value.ts';
import { OptionsError } from '../../errors.ts';
import type { DialectName } from './dialect.ts';

const DIALECT_NAMES: readonly DialectName[] = ['sqlite', 'postgres', 'mysql'];

/** What people call them, too: databases that speak the same, and drivers. */
const OTHER_NAMES: Readonly<Record<string, DialectName>> = {
  mariadb: 'mysql',
  mysql2: 'mysql',
  pg: 'postgres',
  pglite: 'postgres',
  postgresql: 'postgres',
  'better-sqlite3': 'sqlite',
  libsql: 'sqlite',
  'node:sqlite': 'sqlite',
  sqlite3: 'sqlite',
};

/** The dialect that a name contains, as those of classes do: `PostgresAdapter`. */
export function findDialectName(text: string): DialectName | undefined {
  return DIALECT_NAMES.find((name) => text.toLowerCase().includes(name));
}

/** @throws OptionsError with the name that was meant */
export function expectDialectName(value: unknown, path: string): DialectName {
  const known = DIALECT_NAMES.find((name) => name === value);
  if (known !== undefined) return known;
  const other = typeof value === 'string' ? value.toLowerCase() : '';
  if (Object.hasOwn(OTHER_NAMES, other))
    throw new OptionsError(
      path,
      `${path}: expected a dialect, got ${JSON.stringify(value)}. Its dialect is ${JSON.stringify(OTHER_NAMES[other])}.`,
    );
  throw unexpectedWord(path, 'a dialect', DIALECT_NAMES, value);
}
