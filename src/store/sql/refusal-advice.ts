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

/** What to do about an error of a database that lets nobody in, as one more sentence; undefined for any other. */
export function adviceOnRefusal(error: unknown): string | undefined {
  return ADVICE.get((error as { readonly code?: unknown } | null | undefined)?.code);
}
