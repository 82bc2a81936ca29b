import { checkEndpoint, requireKeys } from '../codec/endpoint-codec.ts';
import type { Keyring } from '../codec/keyring.ts';
import { parseStoredJson } from '../codec/read-stored.ts';
import type { StoreChange } from '../store.ts';
import type { Backend, Connection, ConnectParams } from './backend.ts';
import { ChangeFeed } from './change-feed.ts';
import type { Runner } from './runner.ts';
import { SqlRetention } from './sql-retention.ts';

/** Endpoints that are looked at in one go. */
const PAGE = 500;

/** What a store is made of. */
export interface SqlStoreParts {
  readonly backend: Backend;
  readonly connect: ConnectParams;
  readonly keyring: Keyring | undefined;
  readonly pollIntervalMs: number;
}

/** What a store has while it is open. */
export class OpenStore {
  readonly runner: Runner;
  readonly retention: SqlRetention;
  readonly feed: ChangeFeed;
  readonly #connection: Connection;

  private constructor(connection: Connection, params: OpenStoreParams) {
    this.#connection = connection;
    this.runner = connection.runner;
    this.retention = new SqlRetention(this.runner, params.clock);
    this.feed = new ChangeFeed(this.runner, params.pollIntervalMs, params.tell);
  }

  /** Connects, and checks that all endpoints can be decrypted. */
  static async open(params: OpenStoreParams): Promise<OpenStore> {
    const connection = await params.backend.connect(params.connect);
    const open = new OpenStore(connection, params);
    try {
      await requireAllKeys(open.runner, params.keyring);
      await open.feed.open(connection.signals);
      return open;
    } catch (error) {
      await open.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.feed.close();
    await this.#connection.close();
  }
}

export interface OpenStoreParams extends SqlStoreParts {
  /** Measures the time that retention takes. */
  readonly clock: { now(): number };
  /** Takes changes that others made. */
  readonly tell: (change: StoreChange) => void;
}

/** A missing key is found here, not when the first delivery of the endpoint fails. */
async function requireAllKeys(runner: Runner, keyring: Keyring | undefined): Promise<void> {
  let after: number | undefined;
  do {
    const page = await runner.call('listEndpoints', { tenant: undefined, after, limit: PAGE });
    for (const { id, record } of page.items) {
      const stored = parseStoredJson(record, `endpoint ${JSON.stringify(id)}`, 'endpoint');
      requireKeys(checkEndpoint(stored, id), keyring);
    }
    after = page.next;
  } while (after !== undefined);
}
