import { type Clock, createSystemRandom, type Random, systemClock } from '../../../clock.ts';
import type { Delivery } from '../../../core/delivery.ts';
import type { KeyFingerprints } from '../../codec/key-fingerprints.ts';
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
} from '../../store.ts';
import { FolderAccess } from './folder-access.ts';
import type { LocalStore } from './local-store.ts';
import type { StoreCall } from './store-calls.ts';

const DEFAULT_ANSWER_LIMIT_MS = 30_000;
const DEFAULT_UNREAD_LIMIT_MS = 30_000;

/** Options of `SharedStore`. */
export interface SharedStoreOptions {
  /** The folder that is locked and shared. Created if need be. */
  readonly dir: string;
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  /**
   * What may be known of the keys of this process. Processes that share a folder have each other's current key, or none has
   * any; otherwise `open` fails. Default: it has none.
   */
  readonly keys?: KeyFingerprints | undefined;
  /** Opens the store of the folder. Called only while this process holds the lock; what it throws, callers get. */
  readonly openLocal: (params: OpenParams) => Promise<LocalStore>;
  /** One line about a client that was dropped, or a lock that was lost. Default: nobody is told. */
  readonly log?: (message: string) => void;
  /**
   * How long a call waits for an owner that lives but does not answer, before it fails with a `StoreError`. The calls of
   * the owner itself are not limited. Default: 30 s.
   */
  readonly answerLimitMs?: number;
  /** How long a client may leave its answers unread before it is dropped. Default: 30 s. */
  readonly unreadLimitMs?: number;
  /** For limits only; the time of the store is that of `open`. Default: the real one. */
  readonly clock?: Clock;
  /** For names of sockets. Default: the operating system's. */
  readonly random?: Random;
}

/**
 * A store that many processes share through one folder: one of them owns it and has the store open, the others are its
 * clients. Whoever is first becomes the owner; when it ends, one of the clients does, at once.
 *
 * While a call runs the process stays alive; an idle client or owner does not keep it alive.
 */
export class SharedStore implements Store {
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  readonly endpoints: EndpointStore;
  readonly settings: SettingsStore;
  readonly #access: FolderAccess;

  constructor(options: SharedStoreOptions) {
    this.name = options.name;
    this.capabilities = options.capabilities;
    this.#access = new FolderAccess({
      dir: options.dir,
      keys: options.keys,
      openLocal: options.openLocal,
      log: options.log ?? (() => undefined),
      clock: options.clock ?? systemClock,
      random: options.random ?? createSystemRandom(),
      answerLimitMs: options.answerLimitMs ?? DEFAULT_ANSWER_LIMIT_MS,
      unreadLimitMs: options.unreadLimitMs ?? DEFAULT_UNREAD_LIMIT_MS,
    });
    this.endpoints = {
      put: (params) => this.#call('endpoints.put', params),
      get: (params) => this.#call('endpoints.get', params),
      list: (params) => this.#call('endpoints.list', params),
      remove: (params) => this.#call('endpoints.remove', params),
    };
    this.settings = {
      get: (params) => this.#call('settings.get', params),
      put: (params) => this.#call('settings.put', params),
    };
  }

  open(params: OpenParams): Promise<void> {
    return this.#access.open(params);
  }

  now(): Promise<number> {
    return this.#call('now', undefined);
  }

  append(params: AppendParams): Promise<readonly AppendResult[]> {
    return this.#call('append', params);
  }

  claimFanOut(params: ClaimFanOutParams): Promise<ClaimFanOutResult> {
    return this.#call('claimFanOut', params);
  }

  completeFanOut(params: CompleteFanOutParams): Promise<readonly CompleteFanOutResult[]> {
    return this.#call('completeFanOut', params);
  }

  claimDue(params: ClaimParams): Promise<ClaimResult> {
    return this.#call('claimDue', params);
  }

  settle(params: SettleParams): Promise<readonly SettleResult[]> {
    return this.#call('settle', params);
  }

  renew(params: RenewParams): Promise<readonly Lease[]> {
    return this.#call('renew', params);
  }

  release(params: ReleaseParams): Promise<readonly SettleResult[]> {
    return this.#call('release', params);
  }

  getLane(params: { laneId: string }): Promise<Lane> {
    return this.#call('getLane', params);
  }

  putLane(params: PutLaneParams): Promise<void> {
    return this.#call('putLane', params);
  }

  getMessage(params: { id: string }): Promise<StoredMessage | undefined> {
    return this.#call('getMessage', params);
  }

  getDelivery(params: { id: string }): Promise<Delivery | undefined> {
    return this.#call('getDelivery', params);
  }

  list<K extends keyof Listable>(params: ListParams<K>): Promise<Page<Listable[K]>> {
    return this.#call('list', params);
  }

  reschedule(params: RescheduleParams): Promise<RescheduleResult> {
    return this.#call('reschedule', params);
  }

  stats(params: StatsParams): Promise<StoreStats> {
    return this.#call('stats', params);
  }

  prune(params: PruneParams): Promise<PruneResult> {
    return this.#call('prune', params);
  }

  watch(listener: (change: StoreChange) => void): () => void {
    return this.#access.watch(listener);
  }

  close(): Promise<void> {
    return this.#access.close();
  }

  async #call<T>(call: StoreCall, params: unknown): Promise<T> {
    return (await this.#access.call(call, params)) as T;
  }
}
