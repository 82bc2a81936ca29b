import { join } from 'node:path';

/** Stores that are measured, by the name of the contender. `sqlite` is opened with libsql; `-inline` works without a thread. */
export const STORE_NAMES = [
  'memory',
  'file',
  'sqlite',
  'sqlite-normal',
  'better-sqlite3',
  'better-sqlite3-inline',
  'better-sqlite3-normal',
  'postgres',
  'mariadb',
] as const;
export type StoreName = (typeof STORE_NAMES)[number];

/** Which store a contender opens, and where. */
export interface StorePlace {
  readonly store: StoreName;
  /** Of its own, on the disk of the project. */
  readonly folder: string;
  /** A database of its own on a server; `undefined` for other stores. */
  readonly databaseUrl: string | undefined;
}

/** The file of a SQLite store. */
export function sqliteFileOf({ folder }: Pick<StorePlace, 'folder'>): string {
  return join(folder, 'webhooks.db');
}
