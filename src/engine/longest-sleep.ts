import type { StoreCapabilities } from '../store/store.ts';

export interface SleepOptions {
  readonly store: { readonly capabilities: StoreCapabilities };
  readonly pollIntervalMs: number;
  readonly notifiedSleepMs: number;
  readonly unsharedSleepMs: number;
}

/** How long work of other processes may go unseen: notifications may be lost, a store of one process has no others. */
export function longestSleepMs(options: SleepOptions): number {
  const { shared, notifications } = options.store.capabilities;
  if (!shared) return options.unsharedSleepMs;
  return notifications ? options.notifiedSleepMs : options.pollIntervalMs;
}
