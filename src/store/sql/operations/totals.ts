import type { Database, TemplateText } from '../database.ts';
import type { Script } from '../script.ts';
import type { LaneChange } from './lane-changes.ts';
import { deleteBy } from './delete-by.ts';

const addByIds: TemplateText = ({ names, dialect }) =>
  `insert into ${names.totals} (lane_id, succeeded, failed, last_triggered_at, consecutive_failures, failing_since)
   select lane_id, succeeded, failed, last_triggered_at, consecutive_failures, failing_since
   from ${dialect.each('added', {
     lane_id: 'text',
     succeeded: 'int',
     failed: 'int',
     last_triggered_at: 'int',
     consecutive_failures: 'int',
     failing_since: 'int',
   })} where 1 = 1${dialect.inOrderOf('added')}
   ${onTotalsConflict({ names, dialect })}`;

const removeByIds = deleteBy('totals', 'lane_id', { isPrimaryKey: true, type: 'text' });

/** Ends an insert of totals: adds to those that are there. Failures in a row are those since the last success, if there is one among what is added. */
export function onTotalsConflict({ names, dialect }: Pick<Database, 'names' | 'dialect'>): string {
  const { totals } = names;
  return dialect.onConflict(['lane_id'], {
    succeeded: `${totals}.succeeded + :new(succeeded)`,
    failed: `${totals}.failed + :new(failed)`,
    last_triggered_at: `case when :new(last_triggered_at) is null then ${totals}.last_triggered_at
      else ${dialect.greatest(':new(last_triggered_at)', `coalesce(${totals}.last_triggered_at, 0)`)} end`,
    consecutive_failures: `case when :new(succeeded) > 0 then 0 else ${totals}.consecutive_failures end + :new(consecutive_failures)`,
    failing_since: `case when :new(succeeded) > 0 then :new(failing_since) else coalesce(${totals}.failing_since, :new(failing_since)) end`,
  });
}

/** Adds to the totals of lanes, which need not be locked. The last thing that a transaction locks. */
export function* addTotals(db: Database, changes: readonly LaneChange[]): Script<void> {
  const added = changes
    .filter(({ succeeded, failed, triggeredAt }) => succeeded + failed > 0 || triggeredAt !== null)
    .map(
      ({ laneId, succeeded, failed, triggeredAt, failures, failingSince }) =>
        [laneId, succeeded, failed, triggeredAt, failures, failingSince] as const,
    );
  if (added.length > 0) yield* db.run(addByIds, { added });
}

/** Forgets the totals of lanes that are gone. */
export function* removeTotals(db: Database, laneIds: readonly string[]): Script<void> {
  if (laneIds.length > 0) yield* db.run(removeByIds, { removed: laneIds.map((id) => [id]) });
}
