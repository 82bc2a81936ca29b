import type { Delivery } from '../../core/delivery.ts';
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
import { getLane, putLane } from '../tables/endpoints.ts';
import { claimFanOut, completeFanOut } from '../tables/fan-out.ts';
import { expireLeases, release, renew, settle } from '../tables/leases.ts';
import { reschedule } from '../tables/reschedule.ts';
import { prune } from '../tables/retention.ts';
import { stats } from '../tables/stats.ts';
import { failUnreadable, readMessages, withMessages } from './claimed-messages.ts';
import { FolderState, type FolderStateOptions } from './folder-state.ts';
import { ownedEndpoints, ownedSettings } from './owned-endpoints.ts';
import { readPage, readStoredMessage } from './read-page.ts';

/** What an owned store is made with. */
export interface OwnedStoreOptions extends FolderStateOptions {
  readonly capabilities: StoreCapabilities;
  readonly maxMessages: number;
}

/** The store of a folder whose lock this process holds. */
export class OwnedStore implements Store {
  readonly name = 'file';
  readonly capabilities: StoreCapabilities;
  readonly endpoints: EndpointStore;
  readonly settings: SettingsStore;
  readonly #state: FolderState;
  readonly #maxMessages: number;

  private constructor(state: FolderState, options: OwnedStoreOptions) {
    const { capabilities, maxMessages, endpointsFile } = options;
    this.capabilities = capabilities;
    this.#state = state;
    this.#maxMessages = maxMessages;
    this.endpoints = ownedEndpoints(state, endpointsFile);
    this.settings = ownedSettings(state, endpointsFile);
  }

  /** Opens the folder. @throws StoreError */
  static async start(options: OwnedStoreOptions): Promise<OwnedStore> {
    const state = await FolderState.open(options);
    try {
      await state.run((tables) => {
        // Whoever was matching is gone, or will find that somebody else does it.
        for (const row of tables.unmatched.values()) row.fanOutUntil = 0;
      });
    } catch (error) {
      await state.close();
      throw error;
    }
    return new OwnedStore(state, options);
  }

  /** Is open already. */
  async open(): Promise<void> {}

  async now(): Promise<number> {
    return (await this.#state.ready()).rows.tables.now();
  }

  append(params: AppendParams): Promise<readonly AppendResult[]> {
    return this.#state.run((tables) => append(tables, params, this.#maxMessages));
  }

  async claimFanOut(params: ClaimFanOutParams): Promise<ClaimFanOutResult> {
    const { result, texts } = await this.#state.runReading((tables, open) => {
      const claimed = claimFanOut(tables, params);
      return { result: claimed, reading: readMessages(open, claimed.claims) };
    });
    return { ...result, claims: withMessages(result.claims, texts) };
  }

  completeFanOut(params: CompleteFanOutParams): Promise<readonly CompleteFanOutResult[]> {
    return this.#state.run((tables) => completeFanOut(tables, params));
  }

  async claimDue(params: ClaimParams): Promise<ClaimResult> {
    const { result, texts: messages } = await this.#state.runReading((tables, open) => {
      const claimed = claimDue(tables, params);
      return { result: claimed, reading: readMessages(open, claimed.leased) };
    });
    const unreadable = result.leased.filter((_, index) => messages[index] === undefined);
    if (unreadable.length > 0) await this.#state.run((tables) => failUnreadable(tables, unreadable));
    return { ...result, leased: withMessages(result.leased, messages) };
  }

  settle(params: SettleParams): Promise<readonly SettleResult[]> {
    return this.#state.run((tables) => settle(tables, params));
  }

  renew(params: RenewParams): Promise<readonly Lease[]> {
    return this.#state.run((tables) => renew(tables, params));
  }

  release(params: ReleaseParams): Promise<readonly SettleResult[]> {
    return this.#state.run((tables) => release(tables, params));
  }

  getLane({ laneId }: { laneId: string }): Promise<Lane> {
    return this.#state.run((tables) => getLane(tables, laneId));
  }

  putLane(params: PutLaneParams): Promise<void> {
    return this.#state.run((tables) => putLane(tables, params));
  }

  async getMessage({ id }: { id: string }): Promise<StoredMessage | undefined> {
    const { texts } = await this.#state.runReading((_, open) => ({
      result: undefined,
      reading: readStoredMessage(open, id),
    }));
    return texts;
  }

  getDelivery({ id }: { id: string }): Promise<Delivery | undefined> {
    return this.#state.run((tables) => {
      const row = tables.deliveries.get(id);
      return row === undefined ? undefined : toDelivery(row);
    });
  }

  async list<K extends keyof Listable>(params: ListParams<K>): Promise<Page<Listable[K]>> {
    const { texts } = await this.#state.runReading((_, open) => ({
      result: undefined,
      reading: readPage(open, params),
    }));
    return texts;
  }

  reschedule(params: RescheduleParams): Promise<RescheduleResult> {
    return this.#state.run((tables) => reschedule(tables, params));
  }

  stats(params: StatsParams): Promise<StoreStats> {
    return this.#state.run((tables) => stats(tables, params));
  }

  prune(params: PruneParams): Promise<PruneResult> {
    return this.#state.run((tables) => prune(tables, params));
  }

  watch(listener: (change: StoreChange) => void): () => void {
    return this.#state.watchers.add(listener);
  }

  /** Another owner took over. */
  get isFollowed(): boolean {
    return this.#state.isFollowed;
  }

  /** How many owners the folder had, this one included. */
  get epoch(): number {
    return this.#state.epoch;
  }

  /** Ends the time of all leases whose holder is gone. */
  expireLeases(isGone: (holder: string | undefined) => boolean): Promise<void> {
    return this.#state.run((tables) => expireLeases(tables, isGone));
  }

  close(): Promise<void> {
    return this.#state.close();
  }
}
