import type { Delivery } from '../../../core/delivery.ts';
import { transition } from '../../../core/transition.ts';
import type { NewAttempt } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, toMovedDelivery, toSnapshot } from '../rows/delivery-row.ts';
import { toTraceparent } from '../rows/leased-row.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { type LoggedAttempt, logAttempts } from './attempts.ts';
import { LaneChanges } from './lane-changes.ts';
import { lockFreeLanes } from './lanes.ts';
import { afterCancel, type Move, writeTransitions } from './transitions.ts';
import { writeLaneChanges } from './write-lane-changes.ts';

/** Most expired leases taken back by one claim, so that no transaction holds its locks for long. */
const MAX_RESCUES = 1_000;

const selectExpired: TemplateText = ({ names }) =>
  `select d.seq, d.lane_id from ${names.deliveries} d where d.lease_until <= :now
   order by d.lease_until limit ${MAX_RESCUES}`;

type ExpiredRow = DeliveryRow & { readonly message_id: string; readonly extra: string | null };

const lockExpired: TemplateText = ({ names, dialect }) =>
  `select ${DELIVERY_COLUMNS}, m.id as message_id, m.extra from ${dialect.rows('expired', { seq: 'int' })}
   ${dialect.lookup} ${names.deliveries} d${dialect.byPrimaryKey} on ${dialect.is('d.seq', 'expired.seq')}
   ${dialect.lookup} ${names.messages} m${dialect.byPrimaryKey} on ${dialect.is('m.seq', 'd.message_seq')}
   where ${dialect.value('d.lease_until')} <= :now order by expired.ord${dialect.skipLocked}`;

/**
 * Takes back leases that have expired: the attempt is given back and logged as `interrupted`. Passes over lanes and deliveries that others
 * have locked: the next claim finds them. Answers the deliveries in their new state.
 */
export function* rescueExpired(db: Database, now: number, maxRescues: number): Script<readonly Delivery[]> {
  const expired = yield* db.query<{ seq: NumberColumn; lane_id: string }>(selectExpired, { now });
  if (expired.length === 0) return [];
  const locked = yield* lockFreeLanes(
    db,
    expired.map(({ lane_id }) => lane_id),
  );
  const ours = expired.filter(({ lane_id }) => locked.has(lane_id)).map(({ seq }) => [Number(seq)] as const);
  const rows = yield* db.query<ExpiredRow>(lockExpired, { expired: ours, now });
  const limits = { maxRescues, maxFaults: Infinity, faultDelayMs: 0 };
  const moves: (Move & { readonly row: ExpiredRow })[] = rows.flatMap((row) => {
    const next = transition(toSnapshot(row), { kind: 'lease_expired' }, limits);
    return next === undefined ? [] : [{ row, next: afterCancel(row, next) }];
  });
  const lanes = new LaneChanges();
  yield* writeTransitions(db, now, moves, lanes);
  yield* logAttempts(
    db,
    moves.map(({ row }) => toInterrupted(row, now)),
  );
  yield* writeLaneChanges(db, lanes);
  return moves.map(({ row, next }) => toMovedDelivery(row, next, now));
}

function toInterrupted(row: ExpiredRow, now: number): LoggedAttempt {
  const startedAt = Number(row.leased_at ?? now);
  const attempt: NewAttempt = {
    outcome: 'interrupted',
    reason: undefined,
    detail: 'The lease ran out before an outcome was written.',
    attempt: Number(row.attempts),
    durationMs: now - startedAt,
    response: undefined,
    traceparent: toTraceparent(row.extra),
  };
  return { row, attempt, startedAt };
}
