import { memoryStore, type Store } from 'posthorn';
import { fileStore } from 'posthorn/file';
import { sqlStore } from 'posthorn/sql';
import { sqliteFileOf, type StoreName, type StorePlace } from '../harness/store-place.ts';

/** Opens each store with the settings that users get. */
const STORES: Readonly<Record<StoreName, (place: StorePlace) => Store>> = {
  memory: () => memoryStore(),
  file: ({ folder }) => fileStore(folder),
  sqlite: (place) => sqlStore(sqliteFileOf(place), { driver: 'libsql' }),
  'better-sqlite3': (place) => sqlStore(sqliteFileOf(place), { driver: 'better-sqlite3' }),
  postgres: ({ postgresUrl }) => sqlStore(postgresUrl!),
};

/** The store at a place. */
export function openStore(place: StorePlace): Store {
  return STORES[place.store](place);
}
