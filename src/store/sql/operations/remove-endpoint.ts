import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { lockChanges, noteChange } from './changes.ts';
import { refreshLanes } from './lanes.ts';

const selectLaneId: TemplateText = ({ names, dialect }) =>
  `select lane_id from ${names.endpoints} where id = :id${dialect.forUpdate}`;

const deleteEndpoint: TemplateText = ({ names }) => `delete from ${names.endpoints} where id = :id`;

const openLane: TemplateText = ({ names }) =>
  `update ${names.lanes}
   set paused = 0, held = null, blocked_until = 0, blocked_reason = null, trips = null, rate_limit = null, rate_interval_ms = null, rate_log = null,
     max_leases = null, leases = null, is_full = null
   where id = :id`;

const deleteUnusedLane: TemplateText = ({ names }) =>
  `delete from ${names.lanes} where id = :id and not exists (select 1 from ${names.deliveries} where endpoint_id = :id)`;

const deleteUnusedTotals: TemplateText = ({ names }) =>
  `delete from ${names.totals} where lane_id = :id and not exists (select 1 from ${names.deliveries} where endpoint_id = :id)`;

/**
 * Removes a record; false when there was none. A lane of its own opens, so that nothing it still holds is stuck, and goes when there
 * is nothing; retention removes it otherwise.
 */
export const removeEndpoint: Operation<{ readonly id: string }, boolean> = {
  isTransaction: true,
  *script(db, { id }) {
    yield* lockChanges(db);
    const now = yield* db.now();
    const [row] = yield* db.query<{ lane_id: string }>(selectLaneId, { id });
    if (row === undefined) return false;
    yield* db.run(deleteEndpoint, { id });
    if (row.lane_id === id) {
      yield* db.run(openLane, { id });
      yield* db.run(deleteUnusedLane, { id });
      yield* refreshLanes(db, now, [id]);
      yield* db.run(deleteUnusedTotals, { id });
      yield* db.notify('work');
    }
    yield* noteChange(db, 'endpoint', id);
    return true;
  },
};
