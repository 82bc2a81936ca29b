import type { Store } from '../../store/store.ts';
import type { ManualClock } from '../manual-clock.ts';

/** A fresh, empty store for one case, and what a case may do with it. */
export interface StoreHandle {
  /** Not opened yet: the suite opens it, with the clock that `create` was given. */
  readonly store: Store;
  /**
   * Another handle on the same data, as a second process would have it, not opened yet. Left out: the cases of two callers
   * use one handle.
   */
  second?(): Promise<Store>;
  /**
   * Moves the time of the store forward. Left out: the store reads the clock that `create` was given, and the suite moves
   * that.
   */
  advance?(ms: number): Promise<void>;
  /**
   * Makes the next `append` throw, as late in its work as can be arranged (a full disk, a lost connection, a row the
   * database refuses). Left out: the case that a failed batch leaves nothing behind is skipped.
   */
  failNextAppend?(): Promise<void>;
  /** Ends what the handle holds, after the suite closed the stores. Left out: it holds nothing else. */
  close?(): Promise<void>;
}

/** Builds the handle of one case. */
export type CreateStore = (context: { readonly clock: ManualClock }) => Promise<StoreHandle>;
