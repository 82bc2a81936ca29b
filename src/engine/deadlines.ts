import type { Clock, Timer } from '../clock.ts';

/** Something that must end by a time. */
export interface DeadlineEntry {
  /** By the clock's `elapsed`. */
  readonly deadlineAt: number;
  /** Place in the array, kept by {@link Deadlines}. */
  deadlineIndex: number;
  onDeadline(): void;
}

/** How late a deadline may fire. The scan keeps the process alive: an attempt in flight does. */
const SCAN_INTERVAL_MS = 50;

/**
 * Deadlines of all attempts in flight: one array with swap-remove, scanned by one timer that runs only while something
 * is in flight. As cheap as no deadline at all (a timer or AbortSignal per request costs 5 to 30 %), and it keeps no
 * reference to finished attempts.
 */
export class Deadlines<Entry extends DeadlineEntry> {
  readonly #entries: Entry[] = [];
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All that have not ended, in no order; changes as they end. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  add(entry: Entry): void {
    entry.deadlineIndex = this.#entries.length;
    this.#entries.push(entry);
    this.#timer ??= this.#clock.setTimer(this.#scan, SCAN_INTERVAL_MS, true);
  }

  remove(entry: Entry): void {
    const index = entry.deadlineIndex;
    if (index < 0) return;
    entry.deadlineIndex = -1;
    const last = this.#entries.pop()!;
    if (last !== entry) {
      this.#entries[index] = last;
      last.deadlineIndex = index;
    }
  }

  /** Looks no more; nothing is left behind. */
  stop(): void {
    this.#timer?.cancel();
  }

  readonly #scan = (): void => {
    this.#timer = undefined;
    const now = this.#clock.elapsed();
    // Backwards, because an entry that ends is replaced by the last one, which has been looked at already.
    for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
      const entry = this.#entries[index];
      if (entry !== undefined && entry.deadlineAt <= now) entry.onDeadline();
    }
    if (this.#entries.length > 0) this.#timer = this.#clock.setTimer(this.#scan, SCAN_INTERVAL_MS, true);
  };
}
