import type { Retention } from '../../store.ts';
import type { TemplateText } from '../database.ts';
import {
  DELIVERY_ENDS_COLUMNS,
  type DeliveryEndsRow,
  expiresAt,
  MESSAGE_END_COLUMNS,
  type MessageEndRow,
  withEnds,
} from '../message-ends.ts';
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

const selectMessages: TemplateText = ({ names }) =>
  `select ${MESSAGE_END_COLUMNS} from ${names.messages} m where m.seq > :after order by m.seq limit ${BATCH}`;

/** By the range of the numbers: whatever planners think of a thousand lookups, they read no others. */
const selectEnds: TemplateText = ({ names }) =>
  `select ${DELIVERY_ENDS_COLUMNS} from ${names.deliveries} d where d.message_seq > :after and d.message_seq <= :last
   group by d.message_seq`;

/** Looks for messages that can be removed, without locks. */
export const findExpired: Operation<FindExpiredOperation, FindExpiredResult> = {
  isTransaction: false,
  *script(db, { retention, after }) {
    const now = yield* db.now();
    const youngest = now - Math.min(retention.succeededMs, retention.unsuccessfulMs);
    const rows = yield* db.query<MessageEndRow>(selectMessages, { after });
    const firstYoung = rows.findIndex(({ created_at }) => Number(created_at) > youngest);
    const old = firstYoung === -1 ? rows : rows.slice(0, firstYoung);
    if (old.length === 0) return { seqs: [], after, isLast: true };
    const last = Number(old.at(-1)!.seq);
    const ends = yield* db.query<DeliveryEndsRow>(selectEnds, { after, last });
    const expired = takeBatch(
      withEnds(old, ends).filter(([message, of]) => expiresAt(message, of, retention) <= now),
    );
    const isLast = expired.isAll && old.length < BATCH;
    return { seqs: expired.seqs, after: expired.isAll ? last : expired.seqs.at(-1)!, isLast };
  },
};

/** As many as have few enough deliveries together, and one at least. */
function takeBatch(expired: readonly (readonly [MessageEndRow, DeliveryEndsRow | undefined])[]): {
  readonly seqs: readonly number[];
  readonly isAll: boolean;
} {
  const seqs: number[] = [];
  let deliveries = 0;
  for (const [message, ends] of expired) {
    if (deliveries >= DELIVERIES) return { seqs, isAll: false };
    seqs.push(Number(message.seq));
    deliveries += Number(ends?.deliveries ?? 0);
  }
  return { seqs, isAll: true };
}
