import type { Retention } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import {
  DELIVERY_ENDS_COLUMNS,
  type DeliveryEndsRow,
  expiresAt,
  MESSAGE_END_COLUMNS,
  type MessageEndRow,
  withEnds,
} from '../message-ends.ts';
import type { Operation } from '../operation.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';

type Seqs = readonly (readonly [seq: number])[];

const lockMessages: TemplateText = ({ names, dialect }) =>
  `select ${MESSAGE_END_COLUMNS} from ${dialect.rows('wanted', { seq: 'int' })} ${dialect.lookup} ${names.messages} m on m.seq = wanted.seq
   order by wanted.ord${dialect.forUpdate}`;

const lockDeliveries: TemplateText = ({ names, dialect }) =>
  `select d.seq from ${dialect.rows('wanted', { seq: 'int' })} ${dialect.lookup} ${names.deliveries} d on d.message_seq = wanted.seq
   order by d.id${dialect.forUpdate}`;

const selectEnds: TemplateText = ({ names, dialect }) =>
  `select ${DELIVERY_ENDS_COLUMNS} from ${dialect.rows('wanted', { seq: 'int' })} ${dialect.lookup} ${names.deliveries} d on d.message_seq = wanted.seq
   group by d.message_seq`;

const selectDeliveries: TemplateText = ({ names, dialect }) =>
  `select d.seq from ${dialect.rows('wanted', { seq: 'int' })} ${dialect.lookup} ${names.deliveries} d on d.message_seq = wanted.seq`;

const deleteAttempts: TemplateText = ({ names, dialect }) =>
  dialect.deleteFrom({
    table: names.attempts,
    column: 'delivery_seq',
    rows: dialect.rows('removed', { seq: 'int' }),
    value: 'removed.seq',
  });

const deleteDeliveries: TemplateText = ({ names, dialect }) =>
  dialect.deleteFrom({
    table: names.deliveries,
    column: 'message_seq',
    rows: dialect.rows('removed', { seq: 'int' }),
    value: 'removed.seq',
  });

const deleteMessages: TemplateText = ({ names, dialect }) =>
  dialect.deleteFrom({
    table: names.messages,
    column: 'seq',
    rows: dialect.rows('removed', { seq: 'int' }),
    value: 'removed.seq',
  });

/**
 * Removes messages with their deliveries and attempts, those that retention still does not keep; how many. Whoever adds a delivery
 * to a message locks it first, and whoever retries one changes its row: with both locked, what is read then holds until the end.
 */
export const removeMessages: Operation<
  { readonly retention: Retention; readonly seqs: readonly number[] },
  number
> = {
  isTransaction: true,
  *script(db, { retention, seqs }) {
    const now = yield* db.now();
    const wanted = seqs.map((seq) => [seq] as const);
    const messages = yield* db.query<MessageEndRow>(lockMessages, { wanted });
    if (db.dialect.forUpdate !== '') yield* db.query(lockDeliveries, { wanted });
    const ends = yield* db.query<DeliveryEndsRow>(selectEnds, { wanted });
    const expired = withEnds(messages, ends).filter(
      ([message, of]) => expiresAt(message, of, retention) <= now,
    );
    yield* remove(
      db,
      expired.map(([{ seq }]) => [Number(seq)]),
    );
    return expired.length;
  },
};

function* remove(db: Database, messages: Seqs): Script<void> {
  if (messages.length === 0) return;
  const deliveries = yield* db.query<{ seq: NumberColumn }>(selectDeliveries, { wanted: messages });
  if (deliveries.length > 0) {
    yield* db.run(deleteAttempts, { removed: deliveries.map(({ seq }) => [Number(seq)]) });
    yield* db.run(deleteDeliveries, { removed: messages });
  }
  yield* db.run(deleteMessages, { removed: messages });
}
