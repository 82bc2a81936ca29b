import type { Listable, ListParams, ListWhere, Page } from '../store.ts';
import { toAttempt } from './attempt-rows.ts';
import type { CursorKind } from './cursor.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { toDelivery } from './delivery-rows.ts';
import { toStoredMessage } from './message-rows.ts';
import type { OrderedRow } from './ordered-rows.ts';
import { OrderedRows } from './ordered-rows.ts';
import type { AttemptRow, DeliveryRow, MessageRow } from './rows.ts';
import type { Tables } from './tables.ts';
import { matchesAttempt, matchesDelivery, matchesMessage } from './where.ts';

/** Something whose rows can be read from the newest to the oldest. */
interface Source<Row> {
  scanDown(before: number, visit: (row: Row) => boolean): void;
}

interface Listing<Row, Item> {
  readonly kind: CursorKind;
  readonly source: (tables: Tables, where: ListWhere) => Source<Row>;
  readonly matches: (where: ListWhere, row: Row) => boolean;
  readonly copy: (row: Row) => Item;
}

const MESSAGES: Listing<MessageRow, Listable['messages']> = {
  kind: 'm',
  source: (tables, where) => {
    if (where.messageId !== undefined) return only([tables.messages.get(where.messageId)]);
    if (where.deliveryId !== undefined) return only([tables.deliveries.get(where.deliveryId)?.message]);
    return tables.messageOrder;
  },
  matches: matchesMessage,
  copy: toStoredMessage,
};

const DELIVERIES: Listing<DeliveryRow, Listable['deliveries']> = {
  kind: 'd',
  source: deliverySource,
  matches: matchesDelivery,
  copy: toDelivery,
};

const ATTEMPTS: Listing<AttemptRow, Listable['attempts']> = {
  kind: 'a',
  source: (tables, where) => {
    if (where.deliveryId !== undefined)
      return only(tables.deliveries.get(where.deliveryId)?.attemptLog ?? []);
    if (where.messageId === undefined) return tables.attemptOrder;
    const attempts =
      tables.messages.get(where.messageId)?.deliveries.flatMap((row) => row.attemptLog ?? []) ?? [];
    return only(attempts.sort((a, b) => a.sequence - b.sequence));
  },
  matches: matchesAttempt,
  copy: toAttempt,
};

const LISTINGS: {
  readonly [K in keyof Listable]: (tables: Tables, params: ListParams<K>) => Page<Listable[K]>;
} = {
  messages: (tables, params) => readPage(MESSAGES, tables, params),
  deliveries: (tables, params) => readPage(DELIVERIES, tables, params),
  attempts: (tables, params) => readPage(ATTEMPTS, tables, params),
};

/** A page, newest first. Ids in `where` are looked up; anything else is found by reading the rows in order. */
export function list<K extends keyof Listable>(tables: Tables, params: ListParams<K>): Page<Listable[K]> {
  return LISTINGS[params.of](tables, params);
}

/** The smallest set of rows that holds all deliveries `where` can mean. */
export function deliverySource(tables: Tables, where: ListWhere): OrderedRows<DeliveryRow> {
  if (where.deliveryId !== undefined) return only([tables.deliveries.get(where.deliveryId)]);
  if (where.messageId !== undefined) return only(tables.messages.get(where.messageId)?.deliveries ?? []);
  if (where.endpointId !== undefined) return tables.ledgers.get(where.endpointId)?.deliveries ?? only([]);
  return tables.deliveryOrder;
}

/** Some rows, in the order of their sequence. */
export function only<Row extends OrderedRow>(rows: readonly (Row | undefined)[]): OrderedRows<Row> {
  const ordered = new OrderedRows<Row>();
  for (const row of rows) if (row !== undefined) ordered.push(row);
  return ordered;
}

function readPage<Row extends OrderedRow, Item, K extends keyof Listable>(
  listing: Listing<Row, Item>,
  tables: Tables,
  params: ListParams<K>,
): Page<Item> {
  const items: Item[] = [];
  let last = 0;
  let nextCursor: string | undefined;
  const before = decodeCursor(listing.kind, params.cursor) ?? Infinity;
  listing.source(tables, params.where).scanDown(before, (row) => {
    if (!listing.matches(params.where, row)) return true;
    if (items.length >= params.limit) {
      nextCursor = encodeCursor(listing.kind, last);
      return false;
    }
    items.push(listing.copy(row));
    last = row.sequence;
    return true;
  });
  return { items, nextCursor };
}
