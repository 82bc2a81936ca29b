import type { Retention } from '../../store.ts';
import type { TemplateText } from '../database.ts';
import { expiresAt, type MessageEndRow } from '../message-expiry.ts';
import type { Operation } from '../operation.ts';

/** Messages that are looked at in one go. */
const BATCH = 1_000;
/** Deliveries after which a batch ends, so that a removal does not hold others up. */
const DELIVERIES = 5_000;

/** Where a walk over messages, oldest first, goes on: behind the one numbered `after`. */
export interface FindExpiredOperation {
  readonly retention: Retention;
  readonly after: number;
}

/** What a step of the walk found. */
export interface FindExpiredResult {
  /** Numbers of messages that retention does not keep. */
  readonly seqs: readonly number[];
  /** Number of the last message that was looked at. */
  readonly after: number;
  /** No message behind `after` can be removed now: all are too young, or there are none. */
  readonly isLast: boolean;
}

const selectEnds: TemplateText = ({ names }) =>
  `select m.seq, m.created_at, m.unmatched, m.fan_out_until, count(d.seq) as deliveries,
     sum(case when d.seq is not null and d.finished_at is null then 1 else 0 end) as unfinished,
     sum(case when d.state <> 'succeeded' then 1 else 0 end) as unsuccessful, max(d.finished_at) as finished_at
   from (select seq, created_at, unmatched, fan_out_until from ${names.messages} where seq > :after order by seq limit ${BATCH}) m
   left join ${names.deliveries} d on d.message_seq = m.seq
   group by m.seq, m.created_at, m.unmatched, m.fan_out_until order by m.seq`;

/** Looks for messages that can be removed, without locks. */
export const findExpired: Operation<FindExpiredOperation, FindExpiredResult> = {
  isTransaction: false,
  *script(db, { retention, after }) {
    const now = yield* db.now();
    const rows = yield* db.query<MessageEndRow>(selectEnds, { after });
    const shortestMs = Math.min(retention.succeededMs, retention.unsuccessfulMs);
    const seqs: number[] = [];
    let last = after;
    let deliveries = 0;
    for (const row of rows) {
      if (deliveries > DELIVERIES) return { seqs, after: last, isLast: false };
      if (Number(row.created_at) + shortestMs > now) return { seqs, after: last, isLast: true };
      last = Number(row.seq);
      if ((expiresAt(row, retention) ?? Infinity) > now) continue;
      seqs.push(last);
      deliveries += Number(row.deliveries);
    }
    return { seqs, after: last, isLast: rows.length < BATCH };
  },
};
