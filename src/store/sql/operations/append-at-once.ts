import type { AppendEntry } from '../../store.ts';
import type { AppendOperation, AppendOutcome } from '../append-results.ts';
import type { Database, TemplateText } from '../database.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { earlierReadyAt } from './lanes.ts';
import { type PlannedDelivery, planDeliveries } from './plan-deliveries.ts';
import { MESSAGE_COLUMNS, toMessageColumnRow } from './store-messages.ts';

/** Characters of data that go into one statement. */
const MAX_SIZE = 2_000_000;

/**
 * Messages, deliveries and lanes in one statement of Postgres, for batches without keys and hidden endpoints, which is nearly all of them. A lane that a claim
 * empties meanwhile is waited for, and woken afterwards. Messages get their numbers in the order of the batch; when one of them conflicts, no delivery is stored.
 */
const appendAll: TemplateText = ({ names, dialect }) => `
with clock as materialized (select coalesce(:given::bigint, ${dialect.now}) as now),
m as (
  insert into ${names.messages} (id, tenant, type, data, happened_at, idempotency_key, ordering_key, fingerprint, addressed, test,
    extra, unmatched, created_at)
  select id, tenant, type, data, happened_at, idempotency_key, ordering_key, fingerprint, addressed, test, extra, unmatched, now
  from ${dialect.rows('stored', MESSAGE_COLUMNS)} cross join clock order by ord
  on conflict (id) do nothing returning seq),
numbers as materialized (select array_agg(seq order by seq) as seqs, count(*) as stored from m),
closed as materialized (
  select coalesce(array_agg(l.id), '{}') as ids from ${dialect.rows('asked', { id: 'text' })} join ${names.lanes} l on ${dialect.is('l.id', 'asked.id')} cross join clock
  where l.paused = 1 or l.held = 1 or l.blocked_until > now or l.rate_limit is not null or l.max_leases is not null or l.trips is not null),
x as materialized (
  select added.*, numbers.seqs[message] as message_seq,
    case when is_leased = 2 or (is_leased = 1 and lane_id <> all(closed.ids)) then lease end as token
  from ${dialect.rows('added', ADDED_COLUMNS)} cross join numbers cross join closed where numbers.stored = :messages),
d as (
  insert into ${names.deliveries} (id, message_seq, endpoint_id, lane_id, tenant, type, test, state, reason, lease, ready_at, attempts,
    attempts_before_run, rescues, faults, due_at, created_at, lease_until, leased_at, owner, first_attempt_at, finished_at)
  select id, message_seq, endpoint_id, lane_id, tenant, type, test, case when token is null then state else 'sending' end, reason, token,
    case when token is null and state = 'scheduled' then now end, case when token is null then 0 else 1 end,
    0, 0, 0, now, now, case when token is not null then now + :leaseMs::bigint end, case when token is not null then now end,
    case when token is not null then :owner::text end, case when token is not null then now end,
    case when state <> 'scheduled' then now end
  from x cross join clock order by ord),
w as (
  insert into ${names.lanes} (id, paused, blocked_until, ready_at, turns)
  select lane_id, 0, 0, min(now), 0 from x cross join clock
  where token is null and state = 'scheduled' group by lane_id order by lane_id collate "C"
  ${dialect.onConflict(['id'], { ready_at: earlierReadyAt(dialect, names.lanes, ':new(ready_at)') })})
select clock.now, case when numbers.stored = :messages then null else coalesce(numbers.seqs, '{}')::text end as refused,
  (select string_agg(id, ',') from x where token is null and state = 'scheduled') as waiting
from clock cross join numbers`;

const ADDED_COLUMNS = {
  message: 'int',
  id: 'text',
  endpoint_id: 'text',
  lane_id: 'text',
  tenant: 'text',
  type: 'text',
  test: 'int',
  state: 'text',
  reason: 'text',
  lease: 'text',
  is_leased: 'int',
} as const;

const removeMessages: TemplateText = ({ names }) =>
  `delete from ${names.messages} where seq = any(:seqs::bigint[])`;

interface AppendedRow {
  readonly now: NumberColumn;
  /** Null when all messages were stored, else an array of those that were. */
  readonly refused: string | null;
  /** Ids of deliveries that are not leased. */
  readonly waiting: string | null;
}

/** True when the batch can go the short way. */
export function fitsOneStatement(db: Database, { entries, hiddenEndpoints }: AppendOperation): boolean {
  if (db.dialect.name !== 'postgres' || hiddenEndpoints.length > 0) return false;
  const ids = new Set(entries.map(({ message }) => message.id));
  const size = entries.reduce((sum, { message }) => sum + message.dataJson.length, 0);
  return ids.size === entries.length && size <= MAX_SIZE && entries.every(isPlain);
}

function isPlain({ message, deliveries }: AppendEntry): boolean {
  if (message.idempotencyKey !== undefined) return false;
  return message.test || deliveries.every(({ orderingKey }) => orderingKey === undefined);
}

/** Stores a batch that {@link fitsOneStatement}; `undefined` when some of it conflicts with what is there, and nothing was stored. */
export function* appendAtOnce(db: Database, params: AppendOperation): Script<AppendOutcome | undefined> {
  const { entries, leaseMs, owner } = params;
  const planned = entries.map(planDeliveries);
  const asked = planned.flat().filter(({ leased }) => leased === 'if_open');
  const [row] = yield* db.query<AppendedRow>(appendAll, {
    given: db.givenNow,
    stored: entries.map(toMessageColumnRow),
    asked: [...new Set(asked.map(({ delivery }) => delivery.laneId))].map((id) => [id]),
    added: entries.flatMap((entry, index) => planned[index]!.map((one) => toRow(entry, index, one))),
    leaseMs,
    owner,
    messages: entries.length,
  });
  const { now, refused, waiting } = row!;
  if (refused !== null) {
    yield* db.run(removeMessages, { seqs: refused });
    return undefined;
  }
  const waitingIds = new Set(waiting?.split(','));
  if (waitingIds.size > 0) yield* db.notify('work');
  if (entries.some(({ fannedOut }) => !fannedOut)) yield* db.notify('fan_out');
  const isLeased = ({ leased, delivery }: PlannedDelivery): boolean =>
    leased !== 'never' && !waitingIds.has(delivery.id);
  const leasedOf = (all: readonly PlannedDelivery[]): number[] =>
    all.filter(isLeased).map(({ index }) => index);
  return { now: Number(now), entries: planned.map((all) => ({ kind: 'stored', leased: leasedOf(all) })) };
}

const IS_LEASED = { never: 0, if_open: 1, always: 2 } as const;

function toRow(
  { message }: AppendEntry,
  index: number,
  { delivery, leased }: PlannedDelivery,
): readonly (string | number | null)[] {
  const { id, endpointId, laneId, state, reason = null, lease = null } = delivery;
  const { tenant, type, test } = message;
  return [
    index + 1,
    id,
    endpointId,
    laneId,
    tenant,
    type,
    test ? 1 : 0,
    state,
    reason,
    lease,
    IS_LEASED[leased],
  ];
}
