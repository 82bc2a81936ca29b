import { sql } from 'kysely';
import type { Listable, ListParams } from '../../store.ts';
import type { Database } from '../database.ts';
import { selectDeliveryPage } from '../delivery-pages.ts';
import type { Operation } from '../operation.ts';
import { type AttemptRow, toAttempt } from '../rows/attempt-row.ts';
import { type DeliveryRow, toDelivery } from '../rows/delivery-row.ts';
import { type MessageRow, toStoredMessage } from '../rows/message-row.ts';
import type { Script } from '../script.ts';
import { type SeqPage, toSeqPage } from '../seq-page.ts';
import { queryBuilder, tableAs } from '../query-builder.ts';
import { allOf, attemptConditions, type Condition, messageListConditions } from '../where.ts';

/** A page to list: `after` is the number of the last row of the page before. */
export type ListOperation = Omit<ListParams<keyof Listable>, 'cursor'> & {
  readonly after: number | undefined;
};

/** A page of messages, deliveries or attempts. Its order is that of their numbers, so rows that come and go do not move it. */
export const listRecords: Operation<ListOperation, SeqPage<Listable[keyof Listable]>> = {
  isTransaction: false,
  *script(db, params) {
    return yield* LISTINGS[params.of](db, params);
  },
};

type Listing = (db: Database, params: ListOperation) => Script<SeqPage<Listable[keyof Listable]>>;

const LISTINGS: Readonly<Record<keyof Listable, Listing>> = {
  messages: listMessages,
  deliveries: listDeliveries,
  attempts: listAttempts,
};

function* listMessages(db: Database, params: ListOperation): Script<SeqPage<Listable['messages']>> {
  const query = queryBuilder(db)
    .selectFrom(tableAs(db.names, 'messages', 'm'))
    .selectAll('m')
    .where(allOf([...messageListConditions(db, params.where), ...behind('m', params)]))
    .orderBy('m.seq', direction(params))
    .limit(oneMore(params));
  return toSeqPage((yield* db.select(query)) as readonly MessageRow[], params.limit, toStoredMessage);
}

function* listDeliveries(db: Database, params: ListOperation): Script<SeqPage<Listable['deliveries']>> {
  const { where, order = 'newest', limit } = params;
  const build = (conditions: readonly Condition[]) =>
    queryBuilder(db)
      .selectFrom(tableAs(db.names, 'deliveries', 'd'))
      .innerJoin(tableAs(db.names, 'messages', 'm'), 'm.seq', 'd.message_seq')
      .selectAll('d')
      .select('m.id as message_id')
      .where(allOf([...conditions, ...behind('d', params)]))
      .orderBy('d.seq', direction(params))
      .limit(oneMore(params));
  const rows = yield* selectDeliveryPage(db, { where, order, count: limit + 1, build });
  return toSeqPage(rows as readonly (DeliveryRow & { message_id: string })[], limit, toDelivery);
}

function* listAttempts(db: Database, params: ListOperation): Script<SeqPage<Listable['attempts']>> {
  const query = queryBuilder(db)
    .selectFrom(tableAs(db.names, 'attempts', 'a'))
    .innerJoin(tableAs(db.names, 'deliveries', 'd'), 'd.seq', 'a.delivery_seq')
    .innerJoin(tableAs(db.names, 'messages', 'm'), 'm.seq', 'd.message_seq')
    .selectAll('a')
    .select(['d.id as delivery_id', 'm.id as message_id'])
    .where(allOf([...attemptConditions(db, params.where), ...behind('a', params)]))
    .orderBy('a.seq', direction(params))
    .limit(oneMore(params));
  return toSeqPage((yield* db.select(query)) as readonly AttemptRow[], params.limit, toAttempt);
}

function direction({ order }: ListOperation): 'asc' | 'desc' {
  return order === 'oldest' ? 'asc' : 'desc';
}

function behind(alias: string, { after, order }: ListOperation): Condition[] {
  if (after === undefined) return [];
  const seq = sql.ref(`${alias}.seq`);
  return [order === 'oldest' ? sql`${seq} > ${after}` : sql`${seq} < ${after}`];
}

/** Not as a parameter: MySQL takes no number with a fraction there, and drivers send all numbers as if they had one. */
function oneMore({ limit }: ListOperation): ReturnType<typeof sql.lit<number>> {
  return sql.lit(limit + 1);
}
