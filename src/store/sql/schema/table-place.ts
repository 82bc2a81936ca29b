import { unexpected } from '../../../core/expect-value.ts';
import type { DialectName } from '../dialect.ts';
import type { TablePlace } from './schema.ts';

/** Prefix of all tables, unless another one is given. */
export const DEFAULT_PREFIX = 'posthorn_';

/** Not quoted in any statement, so nothing that would need it: the same name in every database. */
const IDENTIFIER = /^[a-z_][a-z0-9_]*$/;
/** What Postgres keeps of a name is 63 bytes, MySQL 64; the longest name of ours behind a prefix, that of an index, has 25. */
const MAX_PREFIX_LENGTH = 38;
const MAX_SCHEMA_LENGTH = 63;

/**
 * Checks where the tables are to be.
 *
 * @throws OptionsError naming the field
 */
export function readTablePlace(
  dialect: DialectName,
  options: { readonly prefix?: string | undefined; readonly schema?: string | undefined },
): TablePlace {
  const { prefix = DEFAULT_PREFIX, schema } = options;
  if (typeof prefix !== 'string' || !IDENTIFIER.test(prefix) || prefix.length > MAX_PREFIX_LENGTH)
    throw unexpected(
      'prefix',
      `1 to ${MAX_PREFIX_LENGTH} characters of a-z, 0-9 and _, not beginning with a digit`,
      prefix,
    );
  if (schema === undefined) return { dialect, prefix, schema };
  if (dialect !== 'postgres')
    throw unexpected('schema', 'nothing: only PostgreSQL has schemas within a database; use prefix', schema);
  if (typeof schema !== 'string' || !IDENTIFIER.test(schema) || schema.length > MAX_SCHEMA_LENGTH)
    throw unexpected(
      'schema',
      `1 to ${MAX_SCHEMA_LENGTH} characters of a-z, 0-9 and _, not beginning with a digit`,
      schema,
    );
  return { dialect, prefix, schema };
}
