import { systemClock } from '../clock.ts';
import { expectInteger, expectKnownKeys, unexpected } from '../core/expect-value.ts';
import type { SeenStore } from './seen-store.ts';

/** Options of `memorySeenStore`. */
export interface MemorySeenStoreOptions {
  /**
   * How many ids are remembered, from 1. Default 100000, about 20 MB. Beyond it the oldest is forgotten, and a repetition of
   * that message is handled again.
   */
  readonly maxIds?: number;
  /** The time, epoch ms. Default: that of the machine. Tests with a manual clock pass its `now`. */
  readonly now?: () => number;
}

const DEFAULT_MAX_IDS = 100_000;

/**
 * Remembers ids in this process: for receivers that are one process, and can bear to handle a message again after a restart.
 *
 * @throws OptionsError
 */
export function memorySeenStore(options: MemorySeenStoreOptions = {}): SeenStore {
  expectKnownKeys(options, '', ['maxIds', 'now']);
  const { maxIds = DEFAULT_MAX_IDS, now = () => systemClock.now() } = options;
  expectInteger(maxIds, 'maxIds', 1, Number.MAX_SAFE_INTEGER);
  if (typeof now !== 'function') throw unexpected('now', 'a function', now);
  /** The oldest first: an id that is put again goes to the end. */
  const entries = new Map<string, { readonly state: 'running' | 'done'; readonly until: number }>();

  const put = (id: string, state: 'running' | 'done', forMs: number): void => {
    entries.delete(id);
    entries.set(id, { state, until: now() + forMs });
    if (entries.size > maxIds) entries.delete(entries.keys().next().value!);
  };
  return {
    begin(id, holdMs) {
      const entry = entries.get(id);
      if (entry !== undefined && entry.until > now()) return entry.state;
      put(id, 'running', holdMs);
      return 'new';
    },
    finish: (id, keepMs) => put(id, 'done', keepMs),
    forget: (id) => void entries.delete(id),
  };
}
