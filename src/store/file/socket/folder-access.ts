import type { Clock, Random } from '../../../clock.ts';
import { describeError, StoreError } from '../../../errors.ts';
import type { KeyFingerprints } from '../../codec/key-fingerprints.ts';
import type { OpenParams, StoreChange } from '../../store.ts';
import { ChangeListeners } from '../../tables/change-listeners.ts';
import { arrive, FOLLOWED, type Station } from './arrive.ts';
import { LinkEnded } from './link-ended.ts';
import type { LocalStore } from './local-store.ts';
import { lateError } from './pending-calls.ts';
import { AFTER_OWNER_LOST, callStore, holderOf, type StoreCall } from './store-calls.ts';

/** What `FolderAccess` needs. */
export interface FolderAccessOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly answerLimitMs: number;
  readonly unreadLimitMs: number;
  readonly keys: KeyFingerprints | undefined;
  readonly openLocal: (params: OpenParams) => Promise<LocalStore>;
  readonly log: (message: string) => void;
}

/**
 * The way to the store of a folder, whoever owns it: through the local store while this process does, else through the
 * owner. When the owner ends, the way to the next one is found at once, whether or not there are calls.
 */
export class FolderAccess {
  readonly #options: FolderAccessOptions;
  readonly #listeners = new ChangeListeners();
  /** Owners of leases that were named in calls. */
  readonly #holders = new Set<string>();
  #openers = 0;
  #params: OpenParams | undefined;
  #abort = new AbortController();
  #station: Station | undefined;
  #arriving: Promise<Station> | undefined;
  #closing: Promise<void> | undefined;
  #lastEpoch = 0;

  constructor(options: FolderAccessOptions) {
    this.#options = options;
  }

  /** Each call counts: the access is open until as many calls of `close` were made. */
  async open(params: OpenParams): Promise<void> {
    await this.#closing?.catch(() => undefined);
    if (this.#openers === 0) {
      this.#params = params;
      this.#abort = new AbortController();
    }
    this.#openers += 1;
    try {
      await (this.#station ?? this.#arrival());
    } catch (error) {
      this.#openers = Math.max(0, this.#openers - 1);
      throw error;
    }
  }

  /** Idempotent. As a client, ends only that. As the owner, answers what runs, closes the local store, and lets another one own the folder. */
  async close(): Promise<void> {
    if (this.#openers === 0) return this.#closing;
    this.#openers -= 1;
    if (this.#openers > 0) return;
    this.#closing = this.#leave().finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  /** Returns the function that ends it. */
  watch(listener: (change: StoreChange) => void): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * Makes a call. See `AFTER_OWNER_LOST` for what happens when the owner ends before it answered.
   *
   * @throws StoreError (rejects) when the store is not open, or a living owner does not answer in time
   */
  async call(call: StoreCall, params: unknown): Promise<unknown> {
    this.#note(call, params);
    const { clock, answerLimitMs } = this.#options;
    const deadline = clock.elapsed() + answerLimitMs;
    for (;;) {
      const leftMs = Math.max(0, deadline - clock.elapsed());
      const station = this.#station ?? (await this.#arrivalWithin(leftMs));
      try {
        if (station.kind === 'owner') return await this.#callLocal(station.local, call, params);
        return await station.link.call(call, params, leftMs);
      } catch (error) {
        if (!(error instanceof LinkEnded)) throw error;
        // It may have ended in the moment in which it was found.
        if (this.#station === station) this.#arriveAgain();
        if (!error.isUnmade && AFTER_OWNER_LOST[call] === 'reject') {
          throw ownerLost(call, this.#openers > 0 ? 'the process that owned it ended' : 'it was closed');
        }
      }
    }
  }

  async #leave(): Promise<void> {
    this.#abort.abort(new StoreError('The file store was closed before it was open.'));
    const station = this.#station ?? (await this.#arriving?.catch(() => undefined));
    this.#station = undefined;
    this.#listeners.endProblem();
    if (station?.kind === 'owner') await station.server.close();
    else await station?.link.close();
  }

  /** The arrival that is under way, or a new one. */
  #arrival(after: Promise<unknown> = Promise.resolve()): Promise<Station> {
    if (this.#openers === 0) {
      return Promise.reject(new StoreError('The file store is not open: call open({ clock }) first.'));
    }
    this.#arriving ??= this.#arrive(after);
    return this.#arriving;
  }

  async #arrive(after: Promise<unknown>): Promise<Station> {
    try {
      await after;
      const station = await this.#find();
      const isFirst = this.#lastEpoch === 0;
      this.#lastEpoch = station.kind === 'owner' ? station.local.epoch : station.link.epoch;
      // Left open for `close`, which waits for it.
      if (!this.#abort.signal.aborted) this.#station = station;
      if (!isFirst) this.#tellOfAll();
      return station;
    } finally {
      this.#arriving = undefined;
    }
  }

  #find(): Promise<Station> {
    const { openLocal } = this.#options;
    return arrive({
      ...this.#options,
      signal: this.#abort.signal,
      lastEpoch: this.#lastEpoch,
      openLocal: () => openLocal(this.#params!),
      callLocal: (local, call, params) => this.#callLocal(local, call, params),
      holders: this.#holders,
      onChange: (change) => this.#listeners.tell(change),
      lasting: () => this.#listeners.lasting,
      onLost: (link) => {
        if (this.#station?.kind === 'client' && this.#station.link === link) this.#arriveAgain();
      },
    });
  }

  async #callLocal(local: LocalStore, call: StoreCall, params: unknown): Promise<unknown> {
    // An owner that has nothing to write would never notice.
    if (local.isFollowed?.() === true) {
      this.#abdicate(local);
      throw new LinkEnded(true);
    }
    try {
      return await callStore(local.store, call, params);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'store_owner_lost') this.#abdicate(local);
      // Another call found that meanwhile, and this one met a store that was closed.
      else if (this.#isLeft(local) && error instanceof StoreError) throw new LinkEnded(false);
      throw error;
    }
  }

  /** The folder is used still, but not by this local store. */
  #isLeft(local: LocalStore): boolean {
    const station = this.#station;
    return this.#openers > 0 && !(station?.kind === 'owner' && station.local === local);
  }

  /** The local store found that the folder has another owner. */
  #abdicate(local: LocalStore): void {
    const station = this.#station;
    if (station?.kind !== 'owner' || station.local !== local) return;
    this.#options.log(FOLLOWED);
    this.#arriveAgain(station.server.abandon());
  }

  #arriveAgain(after?: Promise<unknown>): void {
    this.#station = undefined;
    // The next owner found none, or tells of it.
    this.#listeners.endProblem();
    const { signal } = this.#abort;
    // The next call tries again.
    this.#arrival(after).catch((error: unknown) => {
      if (!signal.aborted) this.#options.log(`Could not open the file store again: ${describeError(error)}`);
    });
  }

  async #arrivalWithin(limitMs: number): Promise<Station> {
    const { clock, answerLimitMs } = this.#options;
    return new Promise((resolve, reject) => {
      const late = (): void => reject(lateError('opened it', answerLimitMs));
      const timer = clock.setTimer(late, limitMs, true);
      this.#arrival()
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }

  #note(call: StoreCall, params: unknown): void {
    const holder = holderOf(call, params);
    if (holder !== undefined) this.#holders.add(holder);
  }

  /** Changes may have been missed between two owners. */
  #tellOfAll(): void {
    this.#listeners.tell({ kind: 'setting', key: undefined });
    this.#listeners.tell({ kind: 'endpoint', id: undefined });
    this.#listeners.tell({ kind: 'fan_out' });
    this.#listeners.tell({ kind: 'work' });
  }
}

function ownerLost(call: StoreCall, what: string): StoreError {
  return new StoreError(
    `The file store did not answer a call of ${call}, which it may have made or not: ${what} meanwhile.`,
    { code: 'store_owner_lost' },
  );
}
