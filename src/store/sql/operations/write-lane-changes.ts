import type { Database } from '../database.ts';
import type { Script } from '../script.ts';
import type { LaneChanges } from './lane-changes.ts';
import { freeLeases } from './lane-leases.ts';
import { wakeLanes } from './lanes.ts';
import { addTotals } from './totals.ts';

/** Writes what a transaction did to lanes, and tells other processes when there is work for them. */
export function* writeLaneChanges(db: Database, lanes: LaneChanges): Script<void> {
  yield* wakeLanes(db, lanes.wakes());
  const isOpened = yield* freeLeases(db, lanes.freed());
  yield* addTotals(db, lanes.list());
  if (lanes.hasWork || isOpened) yield* db.notify('work');
}
