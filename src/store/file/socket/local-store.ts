import type { Store } from '../../store.ts';

/** The store of a folder whose lock this process holds. */
export interface LocalStore {
  /**
   * Open already; closed by who asked for it. A call that throws a `StoreError` of code `store_owner_lost` says that the
   * folder has another owner after all: the lock is given up, and contended for again.
   */
  readonly store: Store;
  /** Counts the owners of the folder: greater than that of any owner before. */
  readonly epoch: number;
  /** Whether the folder has another owner after all. Asked before each call, so it must not take long. Default: it has none. */
  isFollowed?(): boolean;
  /**
   * The process that named this `owner` in `append` or `claimDue` has ended, so its leases can be rescued at once. Told
   * once more if a call of that process was still running then. A throw is logged.
   */
  onHolderGone(holder: string): void;
  /**
   * Told once, some seconds after the store was opened: the owners named by all processes that are here, this one
   * included. Leases of others are those of processes that died before this one became the owner. A throw is logged.
   */
  onHoldersKnown?(present: ReadonlySet<string>): void;
}
