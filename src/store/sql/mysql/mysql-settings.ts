import { StoreError } from '../../../errors.ts';
import type { Script } from '../script.ts';

/** What the store needs to know of the server. */
export interface MysqlSettings {
  /** Most bytes of a statement with its values. */
  readonly maxPacketBytes: number;
}

/** How the store sends values. */
export interface SendingStyle {
  /** They may come as part of the text, escaped by the driver. */
  readonly isEscaped: boolean;
}

/** Compared by the server: drivers give so large a number in different ways. */
const ALL_ROWS = '18446744073709551615';

const SELECT = `select @@character_set_client as client, @@character_set_connection as connection, @@character_set_results as results,
  @@autocommit as autocommit, @@sql_select_limit < ${ALL_ROWS} as is_limited, @@sql_mode as sql_mode, @@max_allowed_packet as max_packet`;

/** Makes a connection of the store's own what {@link checkMysqlSettings} asks for, whatever the server gives to new ones. */
export const OWN_SETTINGS = `set session autocommit = 1, sql_select_limit = ${ALL_ROWS}`;

/**
 * Looks at the settings of a connection, which the application may have made otherwise than the store needs them. All of a pool are made alike.
 *
 * @throws StoreError that says what to write
 */
export function* checkMysqlSettings({ isEscaped }: SendingStyle): Script<MysqlSettings> {
  const { rows } = yield { sql: SELECT, parameters: [], isFixed: false };
  const row = rows[0]!;
  for (const name of ['client', 'connection', 'results'])
    if (!isUtf8mb4(row[name])) throw wrongCharacterSet(name, row[name]);
  if (Number(row['autocommit']) !== 1)
    throw new StoreError(
      'The connections to the database have autocommit = 0: changes would wait for a commit that never comes. Leave autocommit on, or give the store a pool of its own.',
    );
  if (Number(row['is_limited']) !== 0)
    throw new StoreError(
      'The connections to the database have an sql_select_limit: rows would be missing from what the store reads. Leave it at its default, or give the store a pool of its own.',
    );
  if (isEscaped && /\bNO_BACKSLASH_ESCAPES\b/i.test(String(row['sql_mode'])))
    throw new StoreError(
      'The connections to the database have the sql_mode NO_BACKSLASH_ESCAPES, and Kysely escapes values with backslashes: they could become part of a statement. Leave that mode out, or give the store a pool of mysql2, or a mysql:// URL.',
    );
  return { maxPacketBytes: Number(row['max_packet']) };
}

/** Null: what is read comes as it is stored. */
function isUtf8mb4(name: unknown): boolean {
  return name === null || name === 'utf8mb4';
}

function wrongCharacterSet(name: string, found: unknown): StoreError {
  return new StoreError(
    `The connections to the database have character_set_${name} = ${String(found)}: characters of messages would be lost. Make the pool with charset: 'utf8mb4', and do not change it afterwards.`,
  );
}
