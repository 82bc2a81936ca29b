/**
 * What kind of trouble an error of a driver is. Codes are those of SQLite, of SQLSTATE, of MySQL and of Node.js; where a driver has only a
 * message, that.
 */

/**
 * - `busy`: somebody else was in the way; the same again, a moment later, is likely to work.
 * - `unavailable`: the database cannot be reached, or does not answer.
 */
export type Trouble = 'busy' | 'unavailable';

const BUSY: ReadonlySet<string> = new Set([
  '40001', // serialization failure
  '40P01', // deadlock
  '55P03', // lock not available
  '23505', // somebody stored the same between our look and our insert
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_AUTOINC_READ_FAILED', // the lock of the numbers of a table was not to be had, or not in time
  'ER_CHECKREAD', // MariaDB: the row was changed since it was read
  'ER_DUP_ENTRY', // as 23505
]);

const UNAVAILABLE: ReadonlySet<string> = new Set([
  ...['57P01', '57P02', '57P03', '57014', '53300', '25006'],
  ...['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_SEQUENCE_TIMEOUT', 'ER_SERVER_SHUTDOWN', 'ER_CON_COUNT_ERROR'],
  ...['ER_TOO_MANY_USER_CONNECTIONS', 'ER_QUERY_INTERRUPTED', 'ER_NORMAL_SHUTDOWN', 'ER_CONNECTION_KILLED'],
  ...['ER_OPTION_PREVENTS_STATEMENT', 'ER_READ_ONLY_MODE', 'ER_USER_LIMIT_REACHED'],
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'POSTHORN_TIMEOUT'],
]);

/** Of drivers that give no code to a lost connection. */
const LOST_CONNECTION =
  /connection (terminated|timeout|lost|ended)|connection error|not queryable|timeout exceeded when trying to connect|query read timeout|connection is in closed state/i;

/** Of mysql2, which gives these no code: all connections of a pool are taken, and its options say not to wait for one. */
const BUSY_POOL = /^(Queue limit reached|No connections available)\.$/;

/** Statement, values and all, that the server does not take: of MySQL, and our own. */
const TOO_LARGE = 'ER_NET_PACKET_TOO_LARGE';

/** The kind of trouble; `undefined` for errors that would come again. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  // node:sqlite has numbers: 5 is SQLITE_BUSY, 6 SQLITE_LOCKED, in the lowest byte of extended ones.
  if (typeof errcode === 'number' && [5, 6].includes(errcode & 0xff)) return 'busy';
  if (typeof code === 'string') {
    if (BUSY.has(code) || /^SQLITE_(BUSY|LOCKED)/.test(code)) return 'busy';
    if (UNAVAILABLE.has(code) || /^08\w{3}$/.test(code)) return 'unavailable';
  }
  if (typeof message !== 'string') return undefined;
  if (BUSY_POOL.test(message)) return 'busy';
  return LOST_CONNECTION.test(message) ? 'unavailable' : undefined;
}

/** Whether a statement was larger than the server takes. */
export function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === TOO_LARGE;
}

/** A statement that was not sent: the server would end the connection. */
export class PacketTooLargeError extends Error {
  readonly code = TOO_LARGE;

  constructor(bytes: number, maxPacketBytes: number) {
    super(`a statement of ${bytes} bytes; the server takes ${maxPacketBytes} (max_allowed_packet)`);
    this.name = 'PacketTooLargeError';
  }
}

/** A call that took too long: the connection may be half open. */
export class CallTimeoutError extends Error {
  readonly code = 'POSTHORN_TIMEOUT';

  constructor(what: string, timeoutMs: number) {
    super(`${what} did not end within ${timeoutMs} ms`);
    this.name = 'CallTimeoutError';
  }
}
