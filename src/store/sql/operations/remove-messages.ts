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
import { deleteBy, deleteMessages } from './delete-by.ts';

type Seqs = readonly (readonly [seq: number])[];

const lockMessages: TemplateText = ({ names, dialect }) =>
  `select ${MESSAGE_END_COLUMNS} from ${dialect.rows('wanted', { seq: 'int' })}
   ${dialect.lookup} ${names.messages} m${dialect.byPrimaryKey} on ${dialect.is('m.seq', 'wanted.seq')} order by wanted.ord${dialect.forUpdate}`;

const selectDeliveries: TemplateText = ({ names, dialect }) =>
  `select d.seq, d.id, d.message_seq from ${dialect.rows('wanted', { seq: 'int' })}
   ${dialect.lookup} ${names.deliveries} d on ${dialect.is('d.message_seq', 'wanted.seq')}`;

const lockDeliveries: TemplateText = ({ names, dialect }) =>
  `select d.seq from ${dialect.rows('wanted', { seq: 'int' })}
   ${dialect.lookup} ${names.deliveries} d${dialect.byPrimaryKey} on ${dialect.is('d.seq', 'wanted.seq')} order by wanted.ord${dialect.forUpdate}`;

const selectEnds: TemplateText = ({ names, dialect }) =>
  `select ${DELIVERY_ENDS_COLUMNS} from ${dialect.rows('wanted', { seq: 'int' })}
   ${dialect.lookup} ${names.deliveries} d on ${dialect.is('d.message_seq', 'wanted.seq')} group by d.message_seq`;

const deleteAttempts = deleteBy('attempts', 'delivery_seq', { isPrimaryKey: false, type: 'int' });

const deleteDeliveries = deleteBy('deliveries', 'seq', { isPrimaryKey: true, type: 'int' });

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
    const deliveries = yield* lockDeliveriesOf(db, wanted);
    const ends = yield* db.query<DeliveryEndsRow>(selectEnds, { wanted });
    const expired = withEnds(messages, ends)
      .filter(([message, of]) => expiresAt(message, of, retention) <= now)
      .map(([{ seq }]) => Number(seq));
    const isExpired = new Set(expired);
    const removed = deliveries.filter(({ message_seq }) => isExpired.has(Number(message_seq)));
    yield* remove(db, expired, removed);
    return expired.length;
  },
};

interface DeliveryRow {
  readonly seq: NumberColumn;
  readonly id: string;
  readonly message_seq: NumberColumn;
}

/** The deliveries of messages that are locked, locked in the order of their ids. */
function* lockDeliveriesOf(db: Database, messages: Seqs): Script<readonly DeliveryRow[]> {
  const rows = yield* db.query<DeliveryRow>(selectDeliveries, { wanted: messages });
  const inOrder = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  if (db.dialect.forUpdate !== '' && rows.length > 0)
    yield* db.query(lockDeliveries, { wanted: toSeqs(inOrder) });
  return rows;
}

function* remove(
  db: Database,
  messages: readonly number[],
  deliveries: readonly DeliveryRow[],
): Script<void> {
  if (messages.length === 0) return;
  if (deliveries.length > 0) {
    yield* db.run(deleteAttempts, { removed: toSeqs(deliveries) });
    yield* db.run(deleteDeliveries, { removed: toSeqs(deliveries) });
  }
  yield* db.run(deleteMessages, { removed: messages.map((seq) => [seq]) });
}

function toSeqs(rows: readonly Pick<DeliveryRow, 'seq'>[]): Seqs {
  return rows.map(({ seq }) => [Number(seq)]);
}
