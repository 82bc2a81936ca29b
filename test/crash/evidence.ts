/** What can be seen from outside while a process is held in the window, and will be there when it is killed. */
import { findInFolder } from './evidence-in-folder.ts';
import { findInDatabase } from './evidence-in-database.ts';
import type { Hold } from './hold.ts';
import type { StoreOrder } from './windows.ts';

/** What was found. */
export interface Evidence {
  /** In a few words. */
  readonly found: string;
  /** It is what the middle of the window looks like. */
  readonly isInside: boolean;
}

/** @param said - the file that the process named when it stopped */
export function findEvidence(order: StoreOrder, hold: Hold, said: string): Promise<Evidence> {
  if (hold.kind === 'file') return Promise.resolve(findInFolder(order.location, hold.place, said));
  return findInDatabase(order, hold.words);
}
