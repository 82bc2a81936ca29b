import { laneIdOf, laneLimitsOf } from '../../core/endpoint.ts';
import type { Delivery } from '../../core/delivery.ts';
import { StoreError } from '../../errors.ts';
import { encodeEndpoint } from '../codec/endpoint-codec.ts';
import type * as port from '../store.ts';
import { toAppendError, toAppendResults } from './append-results.ts';
import { Database } from './database.ts';
import { formatNotification } from './notification.ts';
import { channelOf } from './postgres/channel.ts';
import { OpenStore, type SqlStoreParts } from './open-store.ts';
import { createOutbox } from './outbox.ts';
import type { OperationName, ParamsOf, ResultOf } from './operations.ts';
import { toStoreError } from './retrying-runner.ts';
import { createSqlEndpoints } from './sql-endpoints.ts';
import { listRecords, rescheduleBatch } from './sql-records.ts';

/** A store in a SQL database. Each method is an operation of the database; keys, cursors and watchers stay here. */
export class SqlStore implements port.Store {
  readonly name: string;
  readonly capabilities: port.StoreCapabilities;
  readonly endpoints: port.EndpointStore;
  readonly settings: port.SettingsStore;
  readonly outbox: port.OutboxStore;
  readonly #parts: SqlStoreParts;
  readonly #listeners = new Set<(change: port.StoreChange) => void>();
  #open: OpenStore | undefined;
  #opening: Promise<OpenStore> | undefined;

  constructor(parts: SqlStoreParts) {
    const { backend, keyring } = parts;
    this.#parts = parts;
    this.name = backend.name;
    this.capabilities = {
      durable: backend.isDurable,
      shared: backend.isShared,
      transactions: true,
      notifications: backend.isNotified,
      encrypted: keyring !== undefined,
    };
    this.endpoints = createSqlEndpoints(this, keyring);
    this.outbox = createStoreOutbox(parts);
    this.settings = {
      get: ({ key }) => this.call('getSetting', { key }),
      put: async ({ key, value }) => void (await this.call('putSetting', { key, value })),
    };
  }

  async open({ clock }: port.OpenParams): Promise<void> {
    if (this.#opening !== undefined)
      throw new StoreError(
        `The ${this.name} store is open already: give each dispatcher a store of its own.`,
      );
    this.#opening = OpenStore.open({ ...this.#parts, clock, tell: (change) => this.#tell(change) });
    try {
      this.#open = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw toStoreError(error);
    }
  }

  /** Runs an operation of the database. */
  async call<N extends OperationName>(name: N, params: ParamsOf<N>): Promise<ResultOf<N>> {
    const opened = this.#opened;
    try {
      return await opened.runner.call(name, params);
    } catch (error) {
      if (this.#open === opened) throw error;
      // What the driver says of that would pass for trouble of the database.
      throw new StoreError(`The ${this.name} store was closed before it had answered.`, {
        code: 'store_unavailable',
        cause: error,
      });
    }
  }

  now(): Promise<number> {
    return this.call('readNow', {});
  }

  async append(params: port.AppendParams): Promise<readonly port.AppendResult[]> {
    const hiddenEndpoints = params.hiddenEndpoints.map((record) => ({
      id: record.id,
      tenant: record.tenant,
      laneId: laneIdOf(record),
      limits: laneLimitsOf(record),
      record: encodeEndpoint(record, this.#parts.keyring),
    }));
    try {
      return toAppendResults(params.entries, await this.call('append', { ...params, hiddenEndpoints }));
    } catch (error) {
      throw toAppendError(error);
    }
  }

  async claimFanOut(params: port.ClaimFanOutParams): Promise<port.ClaimFanOutResult> {
    const { feed } = this.#opened;
    // Nothing found means that there is nothing left; what a step has removed is committed.
    for (;;) {
      const { isUnfinished, ...result } = await this.call('claimFanOut', params);
      if (isUnfinished) continue;
      if (result.claims.length > 0) await feed.catchUp();
      return result;
    }
  }

  completeFanOut(params: port.CompleteFanOutParams): Promise<readonly port.CompleteFanOutResult[]> {
    return this.call('completeFanOut', params);
  }

  claimDue(params: port.ClaimParams): Promise<port.ClaimResult> {
    return this.call('claimDue', params);
  }

  settle(params: port.SettleParams): Promise<readonly port.SettleResult[]> {
    return this.call('settle', params);
  }

  renew(params: port.RenewParams): Promise<readonly port.Lease[]> {
    return this.call('renew', params);
  }

  release(params: port.ReleaseParams): Promise<readonly port.SettleResult[]> {
    return this.call('release', params);
  }

  getLane(params: { laneId: string }): Promise<port.Lane> {
    return this.call('getLane', params);
  }

  async putLane(params: port.PutLaneParams): Promise<void> {
    await this.call('putLane', params);
  }

  getMessage(params: { id: string }): Promise<port.StoredMessage | undefined> {
    return this.call('getMessage', params);
  }

  getDelivery(params: { id: string }): Promise<Delivery | undefined> {
    return this.call('getDelivery', params);
  }

  list<K extends keyof port.Listable>(params: port.ListParams<K>): Promise<port.Page<port.Listable[K]>> {
    return listRecords(this, params);
  }

  reschedule(params: port.RescheduleParams): Promise<port.RescheduleResult> {
    return rescheduleBatch(this, params);
  }

  stats(params: port.StatsParams): Promise<port.StoreStats> {
    return this.call('readStats', params);
  }

  async prune(params: port.PruneParams): Promise<port.PruneResult> {
    return this.#opened.retention.prune(params);
  }

  watch(listener: (change: port.StoreChange) => void): () => void {
    // One of its own: the same function may watch twice.
    const own = (change: port.StoreChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    this.#open = undefined;
    const open = await opening?.catch(() => undefined);
    try {
      await open?.close();
    } catch (error) {
      throw toStoreError(error);
    }
  }

  get #opened(): OpenStore {
    if (this.#open !== undefined) return this.#open;
    throw new StoreError(
      `The ${this.name} store is not open. A dispatcher opens it; on its own, call open({ clock }) first.`,
    );
  }

  #tell(change: port.StoreChange): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(change);
      } catch {
        // A listener that throws disturbs nobody.
      }
    }
  }
}

/** Statements for transactions of the application need no connection of ours. */
function createStoreOutbox({ backend, connect }: SqlStoreParts): port.OutboxStore {
  const { dialect } = backend;
  const { place, now } = connect;
  return createOutbox(new Database({ dialect, prefix: place.prefix, schema: place.schema }), {
    now: () => now?.(),
    // Without a sender: this process, too, is to hear of it at the commit.
    notification:
      dialect.name === 'postgres'
        ? { channel: channelOf(place), payload: formatNotification('fan_out') }
        : undefined,
    requireTransactions: backend.requireTransactions,
  });
}
