import type { Lane } from '../../store.ts';
import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { joinLane, LANE_VIEW_COLUMNS, type LaneViewRow, toLane } from '../rows/lane-row.ts';

const selectLane: TemplateText = (db) =>
  `select ${LANE_VIEW_COLUMNS} from (select 1 as one) asked ${joinLane(db, ':id')}`;

/** Reads a lane; that of one that was never written has the default values. */
export const getLane: Operation<{ readonly laneId: string }, Lane> = {
  isTransaction: false,
  *script(db, { laneId }) {
    const now = yield* db.now();
    const [row] = yield* db.query<LaneViewRow>(selectLane, { id: laneId });
    return toLane(row!, now);
  },
};
