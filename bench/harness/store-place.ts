import { join } from 'node:path';

/** Stores that are measured, by the name of the contender. */
export const STORE_NAMES = ['memory', 'file', 'sqlite', 'better-sqlite3', 'postgres'] as const;
export type StoreName = (typeof STORE_NAMES)[number];

/** Which store a contender opens, and where. */
export interface StorePlace {
  readonly store: StoreName;
  /** Of its own, on the disk of the project. */
  readonly folder: string;
  /** A PostgreSQL database of its own; `undefined` for other stores. */
  readonly postgresUrl: string | undefined;
}

/** The file of a SQLite store. */
export function sqliteFileOf({ folder }: Pick<StorePlace, 'folder'>): string {
  return join(folder, 'webhooks.db');
}
