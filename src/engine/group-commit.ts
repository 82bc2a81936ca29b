/**
 * Group commit: what arrives in one turn of the event loop, and what arrives while a write is on its way, is written
 * together. One write is in flight, so a batch grows by itself when the store is slow.
 *
 * A write that throws is tried again with backoff, in order, until `giveUp` says that waiting has no point: the items
 * stay in memory meanwhile, and so does their order.
 */
import type { Clock, Random, Timer } from '../clock.ts';
import { backoffMs } from './backoff.ts';

export interface GroupCommitOptions<Item> {
  readonly clock: Clock;
  readonly random: Random;
  /** Most items in one write. */
  readonly maxBatch: number;
  readonly write: (batch: readonly Item[]) => Promise<void>;
  /** Called when a write threw. Items it returns are tried again; it has settled the others. */
  readonly onFailure: (batch: readonly Item[], error: unknown) => readonly Item[];
}

export class GroupCommit<Item> {
  readonly #options: GroupCommitOptions<Item>;
  #queue: Item[] = [];
  /** The batch of the write on its way. */
  #writing: readonly Item[] = [];
  #isBusy = false;
  #failures = 0;
  #isClosed = false;
  #retry: Timer | undefined;

  constructor(options: GroupCommitOptions<Item>) {
    this.#options = options;
  }

  /** Items not written yet. */
  get size(): number {
    return this.#writing.length + this.#queue.length;
  }

  /** The items not written yet, those of a write on its way included. */
  items(): Item[] {
    return this.#writing.concat(this.#queue);
  }

  push(item: Item): void {
    this.#queue.push(item);
    if (!this.#isBusy) {
      this.#isBusy = true;
      this.#options.clock.defer(this.#flush);
    }
  }

  /** Writes nothing any more; returns what was not written. A write on its way is not waited for. */
  close(): readonly Item[] {
    const items = this.#queue;
    this.#queue = [];
    this.#isClosed = true;
    this.#retry?.cancel();
    return items;
  }

  readonly #flush = (): void => {
    void this.#writeOnce();
  };

  async #writeOnce(): Promise<void> {
    const { clock, maxBatch, write, onFailure, random } = this.#options;
    const batch = this.#queue.length <= maxBatch ? this.#queue : this.#queue.slice(0, maxBatch);
    this.#queue = batch === this.#queue ? [] : this.#queue.slice(maxBatch);
    let retryInMs = 0;
    if (batch.length > 0) {
      this.#writing = batch;
      try {
        await write(batch);
        this.#failures = 0;
      } catch (error) {
        this.#failures += 1;
        const again = onFailure(batch, error);
        if (again.length > 0 && !this.#isClosed) this.#queue = again.concat(this.#queue);
        retryInMs = backoffMs(this.#failures, random);
      }
      this.#writing = [];
    }
    if (this.#queue.length === 0) {
      this.#isBusy = false;
    } else if (retryInMs > 0) {
      this.#retry = clock.setTimer(this.#flush, retryInMs, true);
    } else {
      clock.defer(this.#flush);
    }
  }
}
