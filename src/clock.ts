/**
 * Time and randomness, as ports. This is the only file of the engine's side that touches the real ones, so a test can
 * run a 27-hour retry schedule in milliseconds and repeat every jittered delay. It imports nothing of Node.js: receivers on
 * other runtimes need the time, too.
 */

/** A timer that can be called off. */
export interface Timer {
  cancel(): void;
}

/** Where the dispatcher takes its time from. Instants are epoch milliseconds. */
export interface Clock {
  /** The current time of day, epoch ms. May jump, when somebody sets the clock. */
  now(): number;
  /** Milliseconds since some fixed moment; never jumps, never goes back. For durations and deadlines. */
  elapsed(): number;
  /**
   * Calls back once after `delayMs`. Keeps the process alive only when `keepAlive` is true (default false). Delays above
   * 2^31-1 ms fire early, at that limit: callers look at the clock again when woken.
   */
  setTimer(callback: () => void, delayMs: number, keepAlive?: boolean): Timer;
  /** Calls back after the current turn of the event loop, so that work of one turn can be committed together. */
  defer(callback: () => void): void;
}

/** Where the dispatcher takes its randomness from. */
export interface Random {
  /** A number in [0, 1), for jitter. */
  fraction(): number;
  /** Unpredictable bytes, for ids, lease tokens and secrets. */
  bytes(size: number): Uint8Array;
}

/** Longest delay that a Node.js timer can hold; a longer one fires at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  setTimer(callback, delayMs, keepAlive = false) {
    const handle = setTimeout(callback, Math.min(Math.max(0, delayMs), MAX_TIMER_MS));
    if (!keepAlive) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  defer(callback) {
    setImmediate(callback);
  },
};

/** One call into the kernel fills this many bytes; ids take them a few at a time. */
const POOL_BYTES = 4096;

/** The operating system's randomness, read in blocks. */
export function createSystemRandom(): Random {
  let pool = new Uint8Array(0);
  let used = 0;
  return {
    fraction: () => Math.random(),
    bytes(size) {
      if (size > POOL_BYTES) return fillWithRandom(new Uint8Array(size));
      if (used + size > pool.length) {
        // A fresh block, never the old one again: bytes that were handed out stay what they were.
        pool = fillWithRandom(new Uint8Array(POOL_BYTES));
        used = 0;
      }
      used += size;
      return pool.subarray(used - size, used);
    },
  };
}

/** What Web Crypto fills in one call. */
const FILLED_BYTES = 65_536;

function fillWithRandom(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let start = 0; start < bytes.length; start += FILLED_BYTES)
    crypto.getRandomValues(bytes.subarray(start, start + FILLED_BYTES));
  return bytes;
}

/**
 * The time of day that does not jump: somebody who sets the clock of the machine must neither end leases nor bring
 * retries forward. Starts at the clock's time and goes on with what has elapsed.
 */
export function steadyClock(clock: Clock): { now(): number } {
  const origin = clock.now() - clock.elapsed();
  return { now: () => Math.floor(origin + clock.elapsed()) };
}
