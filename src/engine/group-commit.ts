/**
 * Group commit: what arrives in one turn of the event loop, and what arrives while a write is on its way, is written
 * together. One write is in flight, so a batch grows by itself when the store is slow.
 *
 * A write that throws is tried again with backoff, in ever smaller batches: an item that the store will not take ends
 * up alone, goes to the back of the queue, and the others are written. Items stay in memory meanwhile.
 */
import type { Clock, Random, Timer } from '../clock.ts';
import { backoffMs } from './backoff.ts';

export interface GroupCommitOptions<Item> {
  readonly clock: Clock;
  readonly random: Random;
  /** Most items in one write. */
  readonly maxBatch: number;
  readonly write: (batch: readonly Item[]) => Promise<void>;
  /** Called when a write threw. Items it returns are tried again; it has concluded the others. */
  readonly onFailure: (batch: readonly Item[], error: unknown) => readonly Item[];
  /** Called after a write, when its items count no more. */
  readonly onWritten?: (() => void) | undefined;
}

export class GroupCommit<Item> {
  readonly #options: GroupCommitOptions<Item>;
  #queue: Item[] = [];
  #writing: readonly Item[] = [];
  #isBusy = false;
  #isClosed = false;
  #failures = 0;
  /** Shrinks with each failure, grows with each success. */
  #batchLimit: number;
  #retry: Timer | undefined;

  constructor(options: GroupCommitOptions<Item>) {
    this.#options = options;
    this.#batchLimit = options.maxBatch;
  }

  /** Items not written yet. */
  get size(): number {
    return this.#queue.length + this.#writing.length;
  }

  /** What waits to be written, or is being written. */
  items(): readonly Item[] {
    return [...this.#writing, ...this.#queue];
  }

  /** False when it is closed: the item will not be written. */
  push(item: Item): boolean {
    if (this.#isClosed) return false;
    this.#queue.push(item);
    if (!this.#isBusy) {
      this.#isBusy = true;
      this.#options.clock.defer(this.#flush);
    }
    return true;
  }

  /** Starts no further write; returns what is not written, a batch on its way included. */
  close(): readonly Item[] {
    const items = this.items();
    this.#queue = [];
    this.#isClosed = true;
    this.#retry?.cancel();
    return items;
  }

  readonly #flush = (): void => {
    void this.#writeOnce();
  };

  async #writeOnce(): Promise<void> {
    const batch = this.#takeBatch();
    let retryInMs = 0;
    if (batch.length > 0) {
      this.#writing = batch;
      try {
        await this.#options.write(batch);
        this.#failures = 0;
        this.#batchLimit = Math.min(this.#options.maxBatch, this.#batchLimit * 2);
      } catch (error) {
        retryInMs = this.#onFailure(batch, error);
      }
      this.#writing = [];
      this.#options.onWritten?.();
    }
    if (this.#queue.length === 0) this.#isBusy = false;
    else if (retryInMs > 0) this.#retry = this.#options.clock.setTimer(this.#flush, retryInMs, true);
    else this.#options.clock.defer(this.#flush);
  }

  #takeBatch(): Item[] {
    const queue = this.#queue;
    if (queue.length <= this.#batchLimit) {
      this.#queue = [];
      return queue;
    }
    this.#queue = queue.slice(this.#batchLimit);
    return queue.slice(0, this.#batchLimit);
  }

  /** How long to wait before the next try. */
  #onFailure(batch: readonly Item[], error: unknown): number {
    this.#failures += 1;
    this.#batchLimit = Math.max(1, Math.floor(batch.length / 2));
    const again = this.#options.onFailure(batch, error);
    if (this.#isClosed) return 0;
    this.#queue = batch.length === 1 ? [...this.#queue, ...again] : [...again, ...this.#queue];
    return backoffMs(this.#failures, this.#options.random);
  }
}
