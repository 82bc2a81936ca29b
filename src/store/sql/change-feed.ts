import { systemClock, type Timer } from '../../clock.ts';
import type { StoreChange } from '../store.ts';
import type { Signals } from './backend.ts';
import type { NotificationKind } from './notification.ts';
import type { Runner } from './runner.ts';

/** Longest wait between looks while the database does not answer. */
const LONGEST_WAIT_MS = 10_000;

/**
 * Tells watchers of a store what others did: work as a signal says, changes of endpoints and settings from their table, which is looked at whenever a
 * signal comes, and in any case at an interval.
 */
export class ChangeFeed {
  readonly #runner: Runner;
  readonly #intervalMs: number;
  readonly #onChange: (change: StoreChange) => void;
  /** Number of the last change that was read. */
  #after: number | undefined;
  #isReading = false;
  /** Somebody told of changes while we were reading: that may have been too early. */
  #mustReadAgain = false;
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
      if (kind === 'changes') void this.#read();
      else this.#tell({ kind });
    }
  }

  /** Nothing waits for it, so it keeps no process alive. */
  #schedule(): void {
    this.#timer?.cancel();
    if (this.#isClosed) return;
    const waitMs = Math.min(this.#intervalMs * 2 ** this.#failures, LONGEST_WAIT_MS);
    this.#timer = systemClock.setTimer(() => void this.#read(), waitMs);
  }

  async #read(): Promise<void> {
    if (this.#isReading) {
      this.#mustReadAgain = true;
      return;
    }
    if (this.#isClosed) return;
    this.#isReading = true;
    try {
      do {
        this.#mustReadAgain = false;
        await this.#readOnce();
      } while (this.#mustReadAgain);
      this.#failures = 0;
    } catch {
      // The calls of the engine fail in the same way, and report it.
      this.#failures = Math.min(this.#failures + 1, 5);
    } finally {
      this.#isReading = false;
      this.#schedule();
    }
  }

  async #readOnce(): Promise<void> {
    const { last, changes, isMissed } = await this.#runner.call('readChanges', { after: this.#after });
    // A full answer may have more behind it.
    this.#mustReadAgain ||= last !== this.#after && changes.length > 0;
    this.#after = last;
    if (isMissed) this.#tell({ kind: 'endpoint', id: undefined });
    const told = new Set<string>();
    for (const { kind, ref } of changes) {
      if (told.has(`${kind}:${ref}`)) continue;
      told.add(`${kind}:${ref}`);
      this.#tell(kind === 'endpoint' ? { kind, id: ref } : { kind, key: ref });
    }
  }

  #tell(change: StoreChange): void {
    if (!this.#isClosed) this.#onChange(change);
  }
}
