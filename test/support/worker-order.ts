import type { DispatcherOptions } from '../../src/options.ts';
import type { SqlStoreOptions } from '../../src/store/sql/index.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreLocation } from './open-store.ts';

/** What a worker process is to be; travels as JSON. */
export interface WorkerOrder {
  /** Its `user-agent`. */
  readonly name: string;
  readonly location: StoreLocation;
  readonly dispatcher?: DispatcherOptions;
  readonly store?: SqlStoreOptions;
  /** How far the clock of its dispatcher is ahead of that of the machine. */
  readonly clockAheadMs?: number;
  /** Calls of the store that this process never makes: it says `hangs in` and the name instead, and waits for ever. */
  readonly hangs?: readonly (keyof Store)[];
}

/** A line from the parent. */
export interface WorkerCall {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** A line from the worker: an answer, or something that it says by itself. */
export type WorkerLine =
  | {
      readonly id: number;
      readonly value?: unknown;
      readonly error?: { readonly name: string; readonly code?: string; readonly message: string };
    }
  | { readonly said: string; readonly value?: unknown };
