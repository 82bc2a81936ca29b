import { fileStore } from '../../src/store/file/index.ts';
import { sqlStore, type SqlStoreOptions } from '../../src/store/sql/index.ts';
import type { Store } from '../../src/store/store.ts';

export type StoreKind = 'file' | 'sqlite' | 'postgres' | 'mariadb';
/** Stores on a database of the application. */
export type DatabaseKind = Exclude<StoreKind, 'file'>;

/** Where a store keeps its data; plain data, so that other processes can be told. */
export interface StoreLocation {
  readonly kind: StoreKind;
  /** A folder, a file, or the URL of a database. */
  readonly url: string;
  /** Postgres: the schema of the tables. */
  readonly schema: string | undefined;
}

/** A store on a place, not opened. */
export function openStore({ kind, url, schema }: StoreLocation, options: SqlStoreOptions = {}): Store {
  if (kind === 'file') return fileStore(url);
  return sqlStore(url, schema === undefined ? options : { ...options, schema });
}
