import { systemClock, type Timer } from '../../clock.ts';
import type { StoreChange } from '../store.ts';
import type { Signals } from './backend.ts';
import type { NotificationKind } from './notification.ts';
import type { ResultOf } from './operations.ts';
import type { Runner } from './runner.ts';

/** Longest wait between looks while the database does not answer, unless the interval is longer. */
const LONGEST_RETRY_MS = 1_000;
/** A look that takes longer than this, and than two intervals, may never be answered: its connection may be dead. */
const LATE_MS = 1_000;

/**
 * Tells watchers of a store what others did: work as a signal says, changes of endpoints and settings from their table, which is looked at whenever a
 * signal comes, and in any case at an interval. While a look stays unanswered, and when it fails, all that is known may be old: that is told, so that it is
 * read again, over other connections if there are any, before it decides for a message.
 */
export class ChangeFeed {
  readonly #runner: Runner;
  readonly #intervalMs: number;
  readonly #onChange: (change: StoreChange) => void;
  /** Number of the last change that was read. */
  #after: number | undefined;
  /** Readings: the one that goes on, or went before, and the one that waits for it. */
  #lastReading: Promise<void> | undefined;
  #nextReading: Promise<void> | undefined;
  #failures = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(runner: Runner, intervalMs: number, onChange: (change: StoreChange) => void) {
    this.#runner = runner;
    this.#intervalMs = intervalMs;
    this.#onChange = onChange;
  }

  /** Begins: what changes from now on is told. */
  async open(signals: Signals | undefined): Promise<void> {
    const { last } = await this.#runner.call('readChanges', { after: undefined });
    this.#after = last;
    signals?.listen((kinds) => this.#onSignal(kinds));
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #onSignal(kinds: readonly NotificationKind[]): void {
    for (const kind of new Set(kinds)) {
      if (kind === 'changes') this.#read();
      else this.#tell({ kind });
    }
  }

  /** Nothing waits for it, so it keeps no process alive. */
  #schedule(): void {
    this.#timer?.cancel();
    if (this.#isClosed) return;
    const retryMs = Math.min(this.#intervalMs * 2 ** this.#failures, LONGEST_RETRY_MS);
    const waitMs = Math.max(this.#intervalMs, retryMs);
    this.#timer = systemClock.setTimer(() => this.#read(), waitMs);
  }

  /** The calls of the engine fail in the same way, and report it. */
  #read(): void {
    this.catchUp().catch(() => undefined);
  }

  /**
   * Resolves when all that was changed before the call has been told. One reading at a time; those asked for while one waits for its turn are that one.
   *
   * @throws what the database says (rejects)
   */
  catchUp(): Promise<void> {
    this.#nextReading ??= this.#readAfter(this.#lastReading);
    return this.#nextReading;
  }

  async #readAfter(earlier: Promise<void> | undefined): Promise<void> {
    await earlier?.catch(() => undefined);
    this.#lastReading = this.#nextReading;
    this.#nextReading = undefined;
    try {
      while (!this.#isClosed && (await this.#readOnce()));
      this.#failures = 0;
    } catch (error) {
      this.#failures = Math.min(this.#failures + 1, 5);
      throw error;
    } finally {
      this.#schedule();
    }
  }

  /** True when there may be more: a full answer may have some behind it. */
  async #readOnce(): Promise<boolean> {
    const { last, changes, isMissed } = await this.#look();
    const hasMoved = last !== this.#after;
    this.#after = last;
    if (isMissed) this.#tellOfAll();
    const told = new Set<string>();
    for (const { kind, ref } of changes) {
      if (told.has(`${kind}:${ref}`)) continue;
      told.add(`${kind}:${ref}`);
      this.#tell(kind === 'endpoint' ? { kind, id: ref } : { kind, key: ref });
    }
    return hasMoved && changes.length > 0;
  }

  async #look(): Promise<ResultOf<'readChanges'>> {
    const lateMs = Math.max(LATE_MS, 2 * this.#intervalMs);
    const tellAndWait = (): Timer => {
      this.#tellOfAll();
      return (timer = systemClock.setTimer(tellAndWait, lateMs));
    };
    let timer = systemClock.setTimer(tellAndWait, lateMs);
    try {
      return await this.#runner.call('readChanges', { after: this.#after });
    } catch (error) {
      this.#tellOfAll();
      throw error;
    } finally {
      timer.cancel();
    }
  }

  #tellOfAll(): void {
    this.#tell({ kind: 'setting', key: undefined });
    this.#tell({ kind: 'endpoint', id: undefined });
  }

  #tell(change: StoreChange): void {
    if (!this.#isClosed) this.#onChange(change);
  }
}
