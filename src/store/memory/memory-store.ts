import type { Delivery } from '../../core/delivery.ts';
import { expectKnownKeys } from '../../core/expect-value.ts';
import type {
  AppendParams,
  AppendResult,
  ClaimFanOutParams,
  ClaimFanOutResult,
  ClaimParams,
  ClaimResult,
  CompleteFanOutParams,
  CompleteFanOutResult,
  EndpointStore,
  Lane,
  Lease,
  Listable,
  ListParams,
  OpenParams,
  Page,
  PruneParams,
  PruneResult,
  PutLaneParams,
  ReleaseParams,
  RenewParams,
  RescheduleParams,
  RescheduleResult,
  SettingsStore,
  SettleParams,
  SettleResult,
  StatsParams,
  Store,
  StoreCapabilities,
  StoreChange,
  StoredMessage,
  StoreStats,
} from '../store.ts';
import { append } from '../tables/append.ts';
import { claimDue } from '../tables/claim.ts';
import { toDelivery } from '../tables/delivery-rows.ts';
import {
  getEndpoint,
  getLane,
  listEndpoints,
  putEndpoint,
  putLane,
  removeEndpoint,
} from '../tables/endpoints.ts';
import { claimFanOut, completeFanOut } from '../tables/fan-out.ts';
import { release, renew, settle } from '../tables/leases.ts';
import { list } from '../tables/listing.ts';
import { toStoredMessage } from '../tables/message-rows.ts';
import { readMaxMessages } from '../tables/max-messages.ts';
import { reschedule } from '../tables/reschedule.ts';
import { prune } from '../tables/retention.ts';
import { stats } from '../tables/stats.ts';
import { Tables } from '../tables/tables.ts';

/** Options of `memoryStore`. */
export interface MemoryStoreOptions {
  /**
   * Most messages held at once, finished ones included; at least 1. When a new one needs room, the oldest finished
   * messages go, before retention would take them; when too few are finished, `append` fails with a `StoreError` of
   * code `store_full`. `Infinity`: only retention bounds it. Default: 100,000.
   */
  readonly maxMessages?: number;
}

/**
 * A store that keeps everything in this process: nothing survives it. The default, for development, tests and
 * webhooks that may be lost with the process.
 *
 * Several dispatchers of one process may use the same store at once. `close` ends nothing: what is stored stays as
 * long as the store is referenced, so a test can stop a dispatcher and start another one on the same store, as after a
 * restart. The clock is that of the first dispatcher that opens it while no other has it open.
 *
 * @throws OptionsError when `maxMessages` is not a whole number of at least 1, or `Infinity`
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  expectKnownKeys(options, 'memoryStore', ['maxMessages']);
  return new MemoryStore(readMaxMessages(options.maxMessages));
}

class MemoryStore implements Store {
  readonly name = 'memory';
  readonly capabilities: StoreCapabilities = {
    durable: false,
    shared: false,
    transactions: false,
    notifications: true,
    encrypted: false,
  };
  readonly endpoints: EndpointStore;
  readonly settings: SettingsStore;
  readonly #maxMessages: number;
  readonly #tables: Tables = new Tables('memory');
  #openers = 0;

  constructor(maxMessages: number) {
    const tables = this.#tables;
    this.#maxMessages = maxMessages;
    this.endpoints = {
      put: async (params) => putEndpoint(tables, params),
      get: async ({ id }) => getEndpoint(tables, id),
      list: async (params) => listEndpoints(tables, params),
      remove: async ({ id }) => removeEndpoint(tables, id),
    };
    this.settings = {
      get: async ({ key }) => tables.settings.get(key),
      put: async ({ key, value }) => tables.putSetting(key, value),
    };
  }

  async open({ clock }: OpenParams): Promise<void> {
    if (this.#openers === 0) this.#tables.clock = clock;
    this.#openers += 1;
  }

  async now(): Promise<number> {
    return this.#tables.now();
  }

  async append(params: AppendParams): Promise<readonly AppendResult[]> {
    return append(this.#tables, params, this.#maxMessages);
  }

  async claimFanOut(params: ClaimFanOutParams): Promise<ClaimFanOutResult> {
    return claimFanOut(this.#tables, params);
  }

  async completeFanOut(params: CompleteFanOutParams): Promise<readonly CompleteFanOutResult[]> {
    return completeFanOut(this.#tables, params);
  }

  async claimDue(params: ClaimParams): Promise<ClaimResult> {
    return claimDue(this.#tables, params);
  }

  async settle(params: SettleParams): Promise<readonly SettleResult[]> {
    return settle(this.#tables, params);
  }

  async renew(params: RenewParams): Promise<readonly Lease[]> {
    return renew(this.#tables, params);
  }

  async release(params: ReleaseParams): Promise<readonly SettleResult[]> {
    return release(this.#tables, params);
  }

  async getLane({ laneId }: { laneId: string }): Promise<Lane> {
    return getLane(this.#tables, laneId);
  }

  async putLane(params: PutLaneParams): Promise<void> {
    putLane(this.#tables, params);
  }

  async getMessage({ id }: { id: string }): Promise<StoredMessage | undefined> {
    const row = this.#tables.messages.get(id);
    return row === undefined ? undefined : toStoredMessage(row);
  }

  async getDelivery({ id }: { id: string }): Promise<Delivery | undefined> {
    const row = this.#tables.deliveries.get(id);
    return row === undefined ? undefined : toDelivery(row);
  }

  async list<K extends keyof Listable>(params: ListParams<K>): Promise<Page<Listable[K]>> {
    return list(this.#tables, params);
  }

  async reschedule(params: RescheduleParams): Promise<RescheduleResult> {
    return reschedule(this.#tables, params);
  }

  async stats(params: StatsParams): Promise<StoreStats> {
    return stats(this.#tables, params);
  }

  async prune(params: PruneParams): Promise<PruneResult> {
    return prune(this.#tables, params);
  }

  watch(listener: (change: StoreChange) => void): () => void {
    return this.#tables.watchers.add(listener);
  }

  async close(): Promise<void> {
    this.#openers = Math.max(0, this.#openers - 1);
  }
}
