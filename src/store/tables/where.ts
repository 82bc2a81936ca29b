import type { ListWhere } from '../store.ts';
import type { AttemptRow, DeliveryRow, MessageRow } from './rows.ts';

/** Deliveries: all members, the instants by creation. */
export function matchesDelivery(where: ListWhere, row: DeliveryRow): boolean {
  return isWithin(where, row.createdAt) && matchesTypes(where, row.message) && isOwedAs(where, row);
}

/** Messages: some delivery has to meet what is asked of deliveries, all of it at once. */
export function matchesMessage(where: ListWhere, row: MessageRow): boolean {
  if (!isNamed(where, row) || !isWithin(where, row.createdAt) || !matchesTypes(where, row)) return false;
  const asksForDelivery =
    where.endpointId !== undefined ||
    where.deliveryId !== undefined ||
    where.states !== undefined ||
    where.finishedBefore !== undefined;
  if (!asksForDelivery) return true;
  return row.deliveries.some((delivery) => isOwedAs(where, delivery));
}

/** Messages without deliveries, which are not matched yet. */
export function matchesUnmatched(where: ListWhere, row: MessageRow): boolean {
  return where.endpointId === undefined && isWithin(where, row.createdAt) && matchesTypes(where, row);
}

/** Attempts: by their delivery as it is now, the instants by their start. */
export function matchesAttempt(where: ListWhere, row: AttemptRow): boolean {
  return (
    isWithin(where, row.startedAt) &&
    matchesTypes(where, row.delivery.message) &&
    isOwedAs(where, row.delivery)
  );
}

function isWithin(where: ListWhere, instant: number): boolean {
  return (
    (where.since === undefined || instant >= where.since) &&
    (where.until === undefined || instant < where.until)
  );
}

function matchesTypes(where: ListWhere, { message }: MessageRow): boolean {
  return (
    (where.tenant === undefined || message.tenant === where.tenant) &&
    (where.types === undefined || where.types.includes(message.type))
  );
}

function isOwedAs(where: ListWhere, row: DeliveryRow): boolean {
  return (
    (where.endpointId === undefined || row.ledger.endpointId === where.endpointId) &&
    (where.states === undefined || where.states.includes(row.state)) &&
    (where.deliveryId === undefined || row.id === where.deliveryId) &&
    (where.finishedBefore === undefined || (row.finishedAt ?? -Infinity) < where.finishedBefore) &&
    isNamed(where, row.message)
  );
}

function isNamed(where: ListWhere, { message: { id } }: MessageRow): boolean {
  return (
    (where.messageId === undefined || id === where.messageId) &&
    (where.messageIds === undefined || where.messageIds.includes(id))
  );
}
