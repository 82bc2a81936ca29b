import { type CursorKind, decodeCursor, encodeCursor } from '../../core/cursor.ts';
import type { Listable, ListParams, ListWhere, Page } from '../store.ts';
import { toAttempt } from './attempt-rows.ts';
import { toDelivery } from './delivery-rows.ts';
import { toStoredMessage } from './message-rows.ts';
import type { OrderedRow } from './ordered-rows.ts';
import { OrderedRows } from './ordered-rows.ts';
import type { AttemptRow, DeliveryRow, MessageRow } from './rows.ts';
import type { Tables } from './tables.ts';
import { matchesAttempt, matchesDelivery, matchesMessage } from './where.ts';

/** The rows of what can be listed. */
export interface ListedRows {
  messages: MessageRow;
  deliveries: DeliveryRow;
  attempts: AttemptRow;
}

interface Listing<Row extends OrderedRow> {
  readonly kind: CursorKind;
  readonly source: (tables: Tables, where: ListWhere) => OrderedRows<Row>;
  readonly matches: (where: ListWhere, row: Row) => boolean;
}

const MESSAGES: Listing<MessageRow> = {
  kind: 'm',
  source: (tables, where) => {
    if (where.messageId !== undefined) return only([tables.messages.get(where.messageId)]);
    if (where.deliveryId !== undefined) return only([tables.deliveries.get(where.deliveryId)?.message]);
    if (where.messageIds !== undefined) return only(messagesOf(tables, where.messageIds));
    return tables.messageOrder;
  },
  matches: matchesMessage,
};

const DELIVERIES: Listing<DeliveryRow> = {
  kind: 'd',
  source: deliverySource,
  matches: matchesDelivery,
};

const ATTEMPTS: Listing<AttemptRow> = {
  kind: 'a',
  source: (tables, where) => {
    if (where.deliveryId !== undefined)
      return only(tables.deliveries.get(where.deliveryId)?.attemptLog ?? []);
    const messageIds = where.messageId === undefined ? where.messageIds : [where.messageId];
    if (messageIds === undefined) return tables.attemptOrder;
    const deliveries = messagesOf(tables, messageIds).flatMap((row) => row.deliveries);
    return only(inOrder(deliveries.flatMap((row) => row.attemptLog ?? [])));
  },
  matches: matchesAttempt,
};

const LISTINGS: { readonly [K in keyof Listable]: Listing<ListedRows[K]> } = {
  messages: MESSAGES,
  deliveries: DELIVERIES,
  attempts: ATTEMPTS,
};

const COPIES: { readonly [K in keyof Listable]: (row: ListedRows[K]) => Listable[K] } = {
  messages: (row) => toStoredMessage(row),
  deliveries: toDelivery,
  attempts: (row) => toAttempt(row),
};

/** A page of copies. */
export function list<K extends keyof Listable>(tables: Tables, params: ListParams<K>): Page<Listable[K]> {
  const { items, nextCursor } = listRows(tables, params);
  return { items: items.map(COPIES[params.of]), nextCursor };
}

/** The smallest set of rows that holds all deliveries `where` can mean. */
export function deliverySource(tables: Tables, where: ListWhere): OrderedRows<DeliveryRow> {
  if (where.deliveryId !== undefined) return only([tables.deliveries.get(where.deliveryId)]);
  if (where.messageId !== undefined) return only(tables.messages.get(where.messageId)?.deliveries ?? []);
  if (where.messageIds !== undefined)
    return only(inOrder(messagesOf(tables, where.messageIds).flatMap((row) => row.deliveries)));
  if (where.endpointId !== undefined) return tables.ledgers.get(where.endpointId)?.deliveries ?? only([]);
  return tables.deliveryOrder;
}

/** Some rows, in the order of their sequence. */
export function only<Row extends OrderedRow>(rows: readonly (Row | undefined)[]): OrderedRows<Row> {
  const ordered = new OrderedRows<Row>();
  for (const row of rows) if (row !== undefined) ordered.push(row);
  return ordered;
}

/** The messages that there are of these, oldest first, each once. */
function messagesOf(tables: Tables, ids: readonly string[]): MessageRow[] {
  const rows = [...new Set(ids)].map((id) => tables.messages.get(id));
  return inOrder(rows.filter((row) => row !== undefined));
}

function inOrder<Row extends OrderedRow>(rows: Row[]): Row[] {
  return rows.sort((a, b) => a.sequence - b.sequence);
}

/** A page of rows. Ids in `where` are looked up; anything else is found by reading the rows in order. */
export function listRows<K extends keyof Listable>(
  tables: Tables,
  params: ListParams<K>,
): Page<ListedRows[K]> {
  const listing: Listing<ListedRows[K]> = LISTINGS[params.of];
  const items: ListedRows[K][] = [];
  let last = 0;
  let nextCursor: string | undefined;
  const after = decodeCursor(listing.kind, params.cursor);
  const source = listing.source(tables, params.where);
  const visit = (row: ListedRows[K]): boolean => {
    if (!listing.matches(params.where, row)) return true;
    if (items.length >= params.limit) {
      nextCursor = encodeCursor(listing.kind, last);
      return false;
    }
    items.push(row);
    last = row.sequence;
    return true;
  };
  if (params.order === 'oldest') source.scanUp(after ?? 0, visit);
  else source.scanDown(after ?? Infinity, visit);
  return { items, nextCursor };
}
