import type { DeliveryReason, DeliveryState } from '../../../core/delivery.ts';
import { toAttemptColumns } from '../../codec/attempt-codec.ts';
import type { Settlement, SettleResult } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { latencyBucketOf, onCountConflict } from './attempts.ts';
import { earlierReadyAt, freedReadyAt } from './lanes.ts';
import { onTotalsConflict } from './totals.ts';

const HELD = { id: 'text', lease: 'text' } as const;

const SETTLED = {
  ...HELD,
  state: 'text',
  reason: 'text',
  attempts: 'int',
  attempts_before_run: 'int',
  rescues: 'int',
  faults: 'int',
  delay_ms: 'int',
  attempt: 'int',
  outcome: 'text',
  outcome_reason: 'text',
  duration_ms: 'int',
  extra: 'text',
  bucket: 'int',
} as const;

/** The lanes in which something becomes ready. Whether a lease is counted only its row tells: it may be since its lane has a limit, after it was taken. */
const lockLanesOf: TemplateText = ({ names, dialect }) => `
insert into ${names.lanes} (id, paused, blocked_until, turns)
select lane_id, 0, 0, 0 from (
  select distinct d.lane_id from ${dialect.rows('held', { ...HELD, is_again: 'int' })}
  join ${names.deliveries} d on ${dialect.is('d.id', 'held.id')} and d.lease = held.lease where is_again = 1 or d.counted = 1) l
order by lane_id ${dialect.onConflictLock(['id'])}`;

/** A lane was full, and is no more. */
const IS_OPENED = `(woken.freed > 0 and t.is_full = 1)`;

/** It waits for another attempt. */
const IS_AGAIN = `(settled.state = 'scheduled' and t.cancelled is null)`;
const IS_CANCELLED = `(settled.state = 'scheduled' and t.cancelled is not null)`;

/** Only an answer, or the lack of one, tells that the endpoint was called. */
const IS_TRIED = `outcome in ('delivered', 'endpoint_failed')`;

/**
 * Deliveries without ordering keys, their attempts, the counts, the totals and the lanes, in one statement of Postgres. As the long way does: locked by
 * id, fenced, and discarded instead of scheduled again when they were cancelled. The totals ask for the counts, so that these are locked first.
 */
const settleAll: TemplateText = ({ names, dialect }) => `
with clock as materialized (select coalesce(:now::bigint, ${dialect.now}) as now),
u as (
  update ${names.deliveries} t set
    state = case when ${IS_CANCELLED} then 'discarded' else settled.state end,
    reason = case when ${IS_CANCELLED} then t.cancelled else settled.reason end,
    attempts = settled.attempts, attempts_before_run = settled.attempts_before_run, rescues = settled.rescues, faults = settled.faults,
    due_at = case when ${IS_AGAIN} then now + delay_ms else t.due_at end,
    ready_at = case when ${IS_AGAIN} then now + delay_ms end,
    finished_at = case when ${IS_AGAIN} then null else now end,
    lease = null, lease_until = null, leased_at = null, owner = null, cancelled = null
  from (select * from ${dialect.rows('given', SETTLED)} order by id collate "C") settled cross join clock
  where ${dialect.is('t.id', 'settled.id')} and t.lease = settled.lease and t.ordering_key is null
  returning ord, t.seq, t.endpoint_id, t.lane_id, t.tenant, t.test, t.state, t.reason, t.ready_at, t.counted,
    attempt, outcome, outcome_reason, now - duration_ms as started_at, duration_ms, extra, bucket),
a as (
  insert into ${names.attempts} (delivery_seq, endpoint_id, tenant, attempt, outcome, reason, started_at, duration_ms, extra)
  select seq, endpoint_id, tenant, attempt, outcome, outcome_reason, started_at, duration_ms, extra
  from u where outcome is not null order by ord),
c as (
  insert into ${names.counts} (endpoint_id, tenant, minute_at, outcome, bucket, attempts, longest_ms, last_at)
  select endpoint_id, min(tenant), started_at / 60000 * 60000, outcome, bucket, count(*), max(duration_ms), max(started_at)
  from u where ${IS_TRIED} and test = 0 group by 1, 3, 4, 5 order by 1, 3, 4, 5
  ${onCountConflict({ names, dialect })} returning 1),
o as (
  insert into ${names.totals} (lane_id, succeeded, failed, last_triggered_at, consecutive_failures, failing_since)
  select lane_id,
    count(*) filter (where test = 0 and state = 'succeeded'),
    count(*) filter (where test = 0 and state in ('exhausted', 'failed')),
    max(started_at) filter (where ${IS_TRIED}),
    count(*) filter (where test = 0 and outcome = 'endpoint_failed' and ord > coalesce(last_delivered, 0)),
    min(started_at) filter (where test = 0 and outcome = 'endpoint_failed' and ord > coalesce(last_delivered, 0))
  from (select *, max(case when outcome = 'delivered' and test = 0 then ord end) over (partition by lane_id) as last_delivered from u) l
  where (select count(*) from c) >= 0 group by lane_id order by lane_id
  ${onTotalsConflict({ names, dialect })}),
n as (
  update ${names.lanes} t set leases = t.leases - woken.freed,
    ready_at = case when ${IS_OPENED} then ${freedReadyAt(dialect, 't', 'now')} else ${earlierReadyAt(dialect, 't', 'woken.ready_at')} end
  from (select lane_id, min(ready_at) as ready_at, count(*) filter (where counted = 1) as freed
    from u where ready_at is not null or counted = 1 group by lane_id) woken cross join clock
  where ${dialect.is('t.id', 'woken.lane_id')} and (woken.ready_at is not null or t.leases is not null) returning case when ${IS_OPENED} then 1 end as is_opened)
select ord, state, reason, (select max(is_opened) from n) as is_opened from u`;

interface SettledRow {
  readonly ord: NumberColumn;
  readonly state: DeliveryState;
  readonly reason: DeliveryReason | null;
  readonly is_opened: NumberColumn | null;
}

/** Whether {@link settleAtOnce} can write them: on Postgres, when none has an ordering key. All or none: together both ways would break the order of locks. */
export function fitsOneStatement({ dialect }: Database, settlements: readonly Settlement[]): boolean {
  return dialect.name === 'postgres' && !settlements.some(({ ordered }) => ordered);
}

/** Settles what is held in one statement, without reading it first. */
export function* settleAtOnce(
  db: Database,
  settlements: readonly Settlement[],
): Script<readonly SettleResult[]> {
  const results = new Array<SettleResult>(settlements.length).fill({ kind: 'lost' });
  const places = findFirst(settlements);
  const held = settlements.map(
    ({ deliveryId, lease, transition }) =>
      [deliveryId, lease, transition.state === 'scheduled' ? 1 : 0] as const,
  );
  yield* db.send(lockLanesOf, { held });
  const given = places.map((place) => toRow(settlements[place]!));
  const rows = yield* db.queryLast<SettledRow>(settleAll, { now: db.givenNow, given });
  for (const { ord, state, reason } of rows)
    results[places[Number(ord) - 1]!] = { kind: 'settled', state, reason: reason ?? undefined };
  if (rows.some(({ state, is_opened }) => state === 'scheduled' || is_opened !== null))
    yield* db.notify('work');
  return results;
}

/** Where the first settlement of each lease stands. */
function findFirst(settlements: readonly Settlement[]): readonly number[] {
  const seen = new Set<string>();
  return [...settlements.keys()].filter((place) => {
    const { deliveryId, lease } = settlements[place]!;
    const key = `${deliveryId} ${lease}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function toRow({ deliveryId, lease, transition, attempt }: Settlement): readonly (string | number | null)[] {
  const { state, reason = null, attempts, attemptsBeforeRun, rescues, faults, delayMs } = transition;
  const moved = [deliveryId, lease, state, reason, attempts, attemptsBeforeRun, rescues, faults, delayMs];
  if (attempt === undefined) return [...moved, null, null, null, null, null, null];
  const columns = toAttemptColumns(attempt);
  return [
    ...moved,
    columns.attempt,
    columns.outcome,
    columns.reason,
    columns.durationMs,
    columns.extra,
    latencyBucketOf(attempt),
  ];
}
