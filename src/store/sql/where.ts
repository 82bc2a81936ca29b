import { type RawBuilder, sql, type SqlBool } from 'kysely';
import { DEFAULT_TENANT } from '../../core/message.ts';
import type { ListWhere } from '../store.ts';
import type { Database } from './database.ts';

/** A condition of a query. */
export type Condition = RawBuilder<SqlBool>;

/** What deliveries are found by. */
export type DeliveryWhere = ListWhere & { readonly deliveryIds?: readonly string[] | undefined };

/** Conditions on deliveries, alias `d`: all members, the instants by creation. */
export function deliveryConditions(db: Database, where: DeliveryWhere): Condition[] {
  const { deliveryIds } = where;
  return [
    ...(deliveryIds === undefined ? [] : [oneOfMany(db, 'd.id', deliveryIds)]),
    ...tenantConditions('d', where.tenant),
    ...timeConditions('d.created_at', where),
    ...messageConditions(db, 'd.message_seq', where),
    ...owedConditions(where),
    ...typeConditions('d', where),
  ];
}

/** Conditions on messages, alias `m`. Some delivery has to meet what is asked of deliveries, all of it at once. */
export function messageListConditions(db: Database, where: ListWhere): Condition[] {
  const { messageId, messageIds, deliveryId, endpointId, states, finishedBefore } = where;
  const conditions = [
    ...tenantConditions('m', where.tenant),
    ...timeConditions('m.created_at', where),
    ...typeConditions('m', where),
  ];
  if (messageId !== undefined) conditions.push(sql`m.id = ${messageId}`);
  if (messageIds !== undefined) conditions.push(oneOfMany(db, 'm.id', messageIds));
  if (
    deliveryId === undefined &&
    endpointId === undefined &&
    states === undefined &&
    finishedBefore === undefined
  )
    return conditions;
  const deliveries = sql.raw(db.names.deliveries);
  const owed = sql.join(owedConditions(where), sql` and `);
  // One delivery names its message; the others are looked up message by message, in the order of the page.
  conditions.push(
    deliveryId === undefined
      ? sql`exists (select 1 from ${deliveries} d where d.message_seq = m.seq and ${owed})`
      : sql`m.seq = (select d.message_seq from ${deliveries} d where ${owed})`,
  );
  return conditions;
}

/** Conditions on attempts, alias `a`, with their deliveries, alias `d`, as they are now; the instants by their start. */
export function attemptConditions(db: Database, where: ListWhere): Condition[] {
  const { deliveryId, endpointId, messageId, messageIds } = where;
  const conditions = [
    ...tenantConditions('a', where.tenant),
    ...timeConditions('a.started_at', where),
    ...typeConditions('d', where),
    ...stateConditions(where),
  ];
  const deliveries = sql.raw(db.names.deliveries);
  if (endpointId !== undefined) conditions.push(sql`a.endpoint_id = ${endpointId}`);
  if (deliveryId !== undefined)
    conditions.push(sql`a.delivery_seq = (select x.seq from ${deliveries} x where x.id = ${deliveryId})`);
  if (messageId === undefined && messageIds === undefined) return conditions;
  const ofMessages = sql.join(messageConditions(db, 'x.message_seq', where), sql` and `);
  conditions.push(sql`a.delivery_seq in (select x.seq from ${deliveries} x where ${ofMessages})`);
  return conditions;
}

/** One of very many values, handed over as one parameter. */
function oneOfMany(db: Database, column: string, values: readonly string[]): Condition {
  if (values.length === 0) return sql`1 = 0`;
  return sql`${sql.raw(column)} in (select v.value from ${manyTexts(db, values)})`;
}

/** All conditions together. */
export function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`1 = 1` : sql.join(conditions, sql` and `);
}

/** What is asked of a delivery, whatever it is listed for. */
function owedConditions(where: ListWhere): Condition[] {
  const conditions = stateConditions(where);
  if (where.endpointId !== undefined) conditions.push(sql`d.endpoint_id = ${where.endpointId}`);
  if (where.deliveryId !== undefined) conditions.push(sql`d.id = ${where.deliveryId}`);
  return conditions;
}

function stateConditions({ states, finishedBefore }: ListWhere): Condition[] {
  const conditions: Condition[] = [];
  if (states !== undefined) conditions.push(oneOf('d.state', states));
  if (finishedBefore !== undefined)
    conditions.push(sql`(d.finished_at is null or d.finished_at < ${finishedBefore})`);
  return conditions;
}

function messageConditions(db: Database, column: string, { messageId, messageIds }: ListWhere): Condition[] {
  const seq = sql.raw(column);
  const messages = sql.raw(db.names.messages);
  const conditions: Condition[] = [];
  if (messageId !== undefined)
    conditions.push(sql`${seq} = (select n.seq from ${messages} n where n.id = ${messageId})`);
  if (messageIds !== undefined)
    conditions.push(
      sql`${seq} in (select n.seq from ${messages} n where ${oneOfMany(db, 'n.id', messageIds)})`,
    );
  return conditions;
}

/** Conditions on the tenant of a table that has an index of those with a name. */
export function tenantConditions(alias: string, tenant: string | undefined): Condition[] {
  if (tenant === undefined) return [];
  const column = sql.raw(`${alias}.tenant`);
  const conditions: Condition[] = [sql`${column} = ${tenant}`];
  // The index holds tenants with a name only, and is used where the query says so.
  if (tenant !== DEFAULT_TENANT) conditions.push(sql`${column} <> ${sql.lit(DEFAULT_TENANT)}`);
  return conditions;
}

function typeConditions(alias: string, { types }: ListWhere): Condition[] {
  return types === undefined ? [] : [oneOf(`${alias}.type`, types)];
}

/** Conditions on an instant. */
export function timeConditions(column: string, { since, until }: ListWhere): Condition[] {
  const conditions: Condition[] = [];
  if (since !== undefined) conditions.push(sql`${sql.raw(column)} >= ${since}`);
  if (until !== undefined) conditions.push(sql`${sql.raw(column)} < ${until}`);
  return conditions;
}

/** One of a few values, each a parameter: planners know how many rows a list means, and go through pages in order. */
function oneOf(column: string, values: readonly string[]): Condition {
  return values.length === 0 ? sql`1 = 0` : sql`${sql.raw(column)} in (${sql.join([...new Set(values)])})`;
}

/** A table expression `v(value)` of texts. */
function manyTexts({ dialect }: Database, values: readonly string[]): RawBuilder<unknown> {
  const rows = values.map((value) => [value]);
  const text = dialect.rows('v', { value: 'text' });
  return sql.join(
    text
      .split(/(:v\$\w*)/)
      .map((piece) =>
        piece.startsWith(':v$') ? sql`${dialect.rowsParameter(rows, piece.slice(3))}` : sql.raw(piece),
      ),
    sql``,
  );
}
