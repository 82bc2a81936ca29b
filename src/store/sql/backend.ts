import type { Dialect } from './dialect.ts';
import type { NotificationKind } from './notification.ts';
import type { Runner } from './runner.ts';
import type { TablePlace } from './schema/schema.ts';

/** A database that the store was given, not connected yet. */
export interface Backend {
  /** Name of the store, for logs: `postgres`. */
  readonly name: string;
  readonly dialect: Dialect;
  /** What was stored survives the process. */
  readonly isDurable: boolean;
  /** Other processes can work on it, too. */
  readonly isShared: boolean;
  /** Its connections hear of work of others. */
  readonly isNotified: boolean;
  /**
   * Looks whether transactions of the application can work beside the store. Left out: nothing is known of them.
   *
   * @throws OptionsError
   */
  readonly requireTransactions?: (() => void) | undefined;
  /** Loads the driver, connects, makes the tables. When it throws, nothing is left open. */
  connect(params: ConnectParams): Promise<Connection>;
}

/** How a backend is to connect. */
export interface ConnectParams {
  readonly place: TablePlace;
  readonly autoMigrate: boolean;
  /** The clock instead of that of the database. */
  readonly now: (() => number) | undefined;
  /** Longest time that a call of a server may take. */
  readonly timeoutMs: number;
}

/** A database that can be worked with. */
export interface Connection {
  readonly runner: Runner;
  /** How it is heard of what others did; left out, only the table of changes says so. */
  readonly signals?: Signals | undefined;
  /** Ends everything that was opened. Idempotent. */
  close(): Promise<void>;
}

/** Hints that others did something. */
export interface Signals {
  /** Calls back with what was, or may have been, done. To be called once; ends with the connection. */
  listen(heard: (kinds: readonly NotificationKind[]) => void): void;
}
