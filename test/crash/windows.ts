import type { Hold } from './hold.ts';

/** The moments in which a process is killed. */
export const WINDOWS = [
  { name: 'idle', kills: 'nothing is under way' },
  { name: 'before-send', kills: 'deliveries are leased, none of them is sent' },
  { name: 'mid-request', kills: 'requests are on the wire, unanswered' },
  { name: 'before-settle', kills: 'receivers answered 2xx, nothing of it is written' },
  { name: 'append', kills: 'messages are being written; in the journal of files: half of them are' },
  {
    name: 'retention',
    kills:
      'finished messages are being removed: inside the transaction that deletes them; in files: while rows of the oldest segment are written ' +
      'again, before it is removed, after it',
  },
  {
    name: 'lost-lease',
    kills:
      'frozen until others have taken over its deliveries (SIGSTOP), then let go on: while they send them, and in every other round when they ' +
      'have; in files: a process that another one owns the folder of',
  },
  {
    name: 'open',
    kills:
      'the store is being opened, between two statements of the migration, or while files are made; in every other round over data that ' +
      'is there: the journal is read, the migration runs again',
  },
] as const;

export type WindowName = (typeof WINDOWS)[number]['name'];

/** What a child is told to do; travels as JSON. */
export interface ChildOrder {
  readonly store: StoreOrder;
  readonly receiverUrl: string;
  /** Where it writes what it did, line by line. */
  readonly logFile: string;
  /** Distinguishes the messages of its run. */
  readonly run: string;
  /**
   * The window to open. `recover`: emit nothing, deliver what is there. `take-over`: the same, and wait before the first outcome is written. `own`: hold
   * the folder, and deliver nothing.
   */
  readonly task: WindowName | 'recover' | 'take-over' | 'own';
  /** Where in the store it stops to be killed. */
  readonly hold: Hold | undefined;
  /** Sabotage of the store, to see that the matrix notices. */
  readonly sabotage: SabotageName | undefined;
}

/** A store, and where it keeps its data. */
export interface StoreOrder {
  readonly kind: StoreKind;
  /** A folder, a file or the URL of a database. */
  readonly location: string;
  /** Postgres: the schema; MariaDB: the prefix of the tables. */
  readonly name: string;
}

export const STORE_KINDS = ['file', 'sqlite', 'postgres', 'mariadb'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

/**
 * - `resolves-early`: `append` answers before anything is written
 * - `no-fence`: an outcome is written by whoever comes, lease or not
 * - `keeps-torn-tail`: what a torn write left behind counts
 */
export type SabotageName = 'resolves-early' | 'no-fence' | 'keeps-torn-tail';

/** Length of leases: short, so that a round does not wait for them long, and longer than a busy machine stands still. At least 1000. */
export const LEASE_MS = 2_000;
