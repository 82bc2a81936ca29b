import TinyQueue from 'tinyqueue';
import type { Clock, Timer } from '../clock.ts';
import { MAX_TIMER_MS } from '../clock.ts';
import { expectKnownKeys } from '../core/expect-value.ts';
import { OptionsError } from '../errors.ts';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Moves time forward by `ms` and fires the timers that fall due, in order of their time (equal times: in order of
   * creation), timers set by other timers included. Inside a timer `now()` is the time of that timer. Between two
   * timers, and once before the first, promise callbacks and `setImmediate` turns run, so that the work started by one
   * timer sees its own time. Nothing really waits; real I/O (a socket) is not waited for.
   *
   * `advance(0)` fires what is due already and lets pending callbacks run. Calls made while one runs are queued.
   * Rejects with what a timer throws; the timers after it stay.
   *
   * @throws OptionsError when `ms` is negative or not a number; `Infinity` is refused, a repeating timer would never end
   */
  advance(ms: number): Promise<void>;
  /**
   * Sets the time of day, forwards or backwards, as an administrator or NTP would: timers keep what was left of their
   * delay, none fires.
   *
   * @param instant epoch ms
   */
  set(instant: number): void;
  /** When the next timer fires, epoch ms; `undefined` when none is set. */
  readonly nextTimerAt: number | undefined;
  /** Timers that are set and were neither fired nor cancelled. 0 after a clean stop. */
  readonly pendingTimers: number;
}

/** Options of `createManualClock`. */
export interface ManualClockOptions {
  /** First value of `now()`, epoch ms. Default: 2026-01-01T00:00:00Z. */
  readonly startAt?: number;
}

/**
 * Creates a clock for tests: a retry schedule of 27 hours runs in milliseconds.
 *
 * @throws OptionsError for an unknown option, and a `startAt` that is no instant
 * @example
 * const clock = createManualClock();
 * clock.setTimer(() => console.log('a minute has passed'), 60_000);
 * await clock.advance(60_000);
 */
export function createManualClock(options: ManualClockOptions = {}): ManualClock {
  expectKnownKeys(options, '', ['startAt']);
  return new SteppedClock(requireInstant('startAt', options.startAt ?? DEFAULT_START_AT));
}

const DEFAULT_START_AT = Date.UTC(2026, 0, 1);

/** Turns of the event loop without deferred work before time may go on. */
const QUIET_TURNS = 2;

/** Work that defers itself for ever must not keep time from moving. */
const MAX_TURNS = 1_000;

interface PendingTimer {
  /** By the steady clock, which `set` does not touch. */
  readonly fireAt: number;
  readonly sequence: number;
  callback: (() => void) | undefined;
}

class SteppedClock implements ManualClock {
  #elapsed = 0;
  #origin: number;
  #created = 0;
  #pending = 0;
  #deferred = 0;
  readonly #timers = new TinyQueue<PendingTimer>(
    [],
    (a, b) => a.fireAt - b.fireAt || a.sequence - b.sequence,
  );
  #running: Promise<void> = Promise.resolve();

  constructor(startAt: number) {
    this.#origin = startAt;
  }

  now(): number {
    return this.#origin + this.#elapsed;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  set(instant: number): void {
    this.#origin = requireInstant('instant', instant) - this.#elapsed;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    // Whole milliseconds, as real timers have: sums of fractions would miss the very instant that nextTimerAt names.
    const delay = delayMs > 0 ? Math.ceil(Math.min(delayMs, MAX_TIMER_MS)) : 0;
    const timer: PendingTimer = { fireAt: this.#elapsed + delay, sequence: this.#created, callback };
    this.#created += 1;
    this.#pending += 1;
    this.#timers.push(timer);
    return { cancel: () => void this.#take(timer) };
  }

  defer(callback: () => void): void {
    this.#deferred += 1;
    setImmediate(() => {
      this.#deferred -= 1;
      callback();
    });
  }

  get pendingTimers(): number {
    return this.#pending;
  }

  get nextTimerAt(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : this.#origin + next.fireAt;
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity))
      throw new OptionsError('ms', `ms: expected a finite number of at least 0, got ${String(ms)}`);
    const run = this.#running.then(() => this.#runUntil(this.#elapsed + ms));
    // A timer that threw fails the call that fired it, not the calls queued behind it.
    this.#running = run.catch(() => undefined);
    await run;
  }

  async #runUntil(end: number): Promise<void> {
    await this.#quiet();
    for (let next = this.#next(); next !== undefined && next.fireAt <= end; next = this.#next()) {
      this.#elapsed = Math.max(this.#elapsed, next.fireAt);
      this.#take(next)?.();
      await this.#quiet();
    }
    this.#elapsed = Math.max(this.#elapsed, end);
  }

  /** Lets promise callbacks and deferred work run until nothing more is deferred. */
  async #quiet(): Promise<void> {
    let quiet = 0;
    for (let turn = 0; quiet < QUIET_TURNS && turn < MAX_TURNS; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.#deferred === 0 ? quiet + 1 : 0;
    }
  }

  #next(): PendingTimer | undefined {
    for (;;) {
      const next = this.#timers.peek();
      if (next === undefined || next.callback !== undefined) return next;
      this.#timers.pop();
    }
  }

  #take(timer: PendingTimer): (() => void) | undefined {
    const { callback } = timer;
    if (callback !== undefined) this.#pending -= 1;
    timer.callback = undefined;
    return callback;
  }
}

function requireInstant(path: string, instant: number): number {
  if (Number.isFinite(instant)) return instant;
  throw new OptionsError(path, `${path}: expected an instant in epoch ms, got ${String(instant)}`);
}
