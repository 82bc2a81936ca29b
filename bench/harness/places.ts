import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from './bundle.ts';
import { DatabaseServers, SERVER_NAMES, type ServerName } from './database-servers.ts';
import type { StoreName, StorePlace } from './store-place.ts';

/** Where better-sqlite3 is, once somebody has installed it: it is compiled for a minute or two. */
const BETTER_SQLITE3 = join(import.meta.dirname, '../../test/drivers/node_modules/better-sqlite3');

/** A place of a store. Disposing of it, or of all places, deletes it. */
export type OwnPlace = StorePlace & AsyncDisposable;

/** Makes places for the stores that can be measured here, and starts the server that they need. */
export class Places implements AsyncDisposable {
  readonly #bundle: Bundle;
  readonly #servers = new DatabaseServers();
  readonly #missing = new Set<StoreName>();
  readonly #removals = new Set<() => Promise<void>>();

  private constructor(bundle: Bundle) {
    this.#bundle = bundle;
  }

  /** Looks which of the stores can be measured, and says which cannot. */
  static async open<Store extends StoreName>(
    bundle: Bundle,
    stores: readonly Store[],
    skip: (store: Store, reason: string) => void,
  ): Promise<Places> {
    const places = new Places(bundle);
    let isLinked = false;
    for (const store of stores)
      try {
        if (isOnServer(store)) await places.#servers.find(store);
        if (!store.startsWith('better-sqlite3') || isLinked) continue;
        await linkBetterSqlite(bundle);
        isLinked = true;
      } catch (error) {
        places.#missing.add(store);
        skip(store, error instanceof Error ? error.message : String(error));
      }
    return places;
  }

  /** Whether a store can be measured. */
  has(store: StoreName): boolean {
    return !this.#missing.has(store);
  }

  /** A new place, empty. */
  async create(store: StoreName): Promise<OwnPlace> {
    const folder = await this.#bundle.createFolder();
    const database = isOnServer(store) ? await this.#servers.create(store) : undefined;
    const remove = async (): Promise<void> => {
      if (!this.#removals.delete(remove)) return;
      await rm(folder, { recursive: true, force: true });
      await database?.drop();
    };
    this.#removals.add(remove);
    return { store, folder, databaseUrl: database?.url, [Symbol.asyncDispose]: remove };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const remove of this.#removals) await remove();
    await this.#servers[Symbol.asyncDispose]();
  }
}

function isOnServer(store: StoreName): store is ServerName {
  return SERVER_NAMES.some((name) => name === store);
}

async function linkBetterSqlite(bundle: Bundle): Promise<void> {
  if (!existsSync(BETTER_SQLITE3)) throw new Error('it is not installed; npm ci in test/drivers does that');
  await bundle.linkPackage('better-sqlite3', BETTER_SQLITE3);
}
