import { memoryStore, type Store } from 'posthorn';
import { fileStore } from 'posthorn/file';
import { sqlStore, type SqlStoreOptions } from 'posthorn/sql';
import { sqliteFileOf, type StoreName, type StorePlace } from '../harness/store-place.ts';

type OpenStore = (place: StorePlace) => Store;

/** Opens each store with the settings that users get, but for what its name says. */
const STORES: Readonly<Record<StoreName, OpenStore>> = {
  memory: () => memoryStore(),
  file: ({ folder }) => fileStore(folder),
  sqlite: inFile({ driver: 'libsql' }),
  'sqlite-normal': inFile({ driver: 'libsql', synchronous: 'normal' }),
  'better-sqlite3': inFile({ driver: 'better-sqlite3' }),
  'better-sqlite3-inline': inFile({ driver: 'better-sqlite3', worker: false }),
  'better-sqlite3-normal': inFile({ driver: 'better-sqlite3', synchronous: 'normal' }),
  postgres: ({ databaseUrl }) => sqlStore(databaseUrl!),
  mariadb: ({ databaseUrl }) => sqlStore(databaseUrl!),
};

/** The store at a place. */
export function openStore(place: StorePlace): Store {
  return STORES[place.store](place);
}

function inFile(options: SqlStoreOptions): OpenStore {
  return (place) => sqlStore(sqliteFileOf(place), options);
}
