const NO_DATABASE =
  'There is no such database: the store makes its tables, not the database. Create the database first.';
const NO_ENTRY =
  'The store makes no users: is there one of this name, with this password, and may it use this database?';

/** By SQLSTATE, and by the codes of MySQL. */
const ADVICE: ReadonlyMap<unknown, string> = new Map([
  ['3D000', NO_DATABASE],
  ['ER_BAD_DB_ERROR', NO_DATABASE],
  ['ER_NO_DB_ERROR', 'The pool names no database: give it one, { database: … }.'],
  ['28000', NO_ENTRY],
  ['28P01', NO_ENTRY],
  ['ER_ACCESS_DENIED_ERROR', NO_ENTRY],
  ['ER_ACCESS_DENIED_NO_PASSWORD_ERROR', NO_ENTRY],
  ['ER_DBACCESS_DENIED_ERROR', NO_ENTRY],
]);

const OTHER_PROTOCOL =
  'What answers at this address does not speak the protocol of PostgreSQL: is the port right?';
const SILENT =
  'What listens at this address, if anything does, did not greet as MySQL and MariaDB do: is the port right?';
/** Of pg, which gives no code to what it cannot read. */
const IS_UNREADABLE = /^Received unexpected \w+ message from backend|^received invalid response/i;
/** Of mysql2, which waits for the greeting, too; that of the system has the address in it. */
const NO_GREETING = 'connect ETIMEDOUT';

/** What to do about an error of a database that lets nobody in, as one more sentence; undefined for any other. */
export function adviceOnRefusal(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof message === 'string' && IS_UNREADABLE.test(message)) return OTHER_PROTOCOL;
  if (message === NO_GREETING) return SILENT;
  return ADVICE.get(code);
}
