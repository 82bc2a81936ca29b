import { isFinalState } from '../../../core/delivery.ts';
import { type EndpointRecord, laneIdOf, laneLimitsOf } from '../../../core/endpoint.ts';
import { isHeld } from '../../../core/endpoint-hold.ts';
import { RateWindow } from '../../../core/rate-window.ts';
import { needsSealing, unsealEndpoint } from '../../codec/endpoint-codec.ts';
import { countState, holdLease, requeue } from '../../tables/changes.ts';
import { openForGood } from '../../tables/endpoints.ts';
import { createDeliveryRow } from '../../tables/delivery-rows.ts';
import { createMessageRow } from '../../tables/message-rows.ts';
import type { AttemptRow, DeliveryRow, MessageRow } from '../../tables/rows.ts';
import type { Tables } from '../../tables/tables.ts';
import type { FileRows } from './file-rows.ts';
import type { Replayed, ReplayedRows } from './replayed-rows.ts';
import { type AttemptRecord, type DeliveryRecord, toNewAttempt } from './row-records.ts';

/** Puts rows that were read back into empty tables, with all that hangs on them. */
export function restoreRows(rows: FileRows, replay: ReplayedRows): void {
  const { tables } = rows;
  const now = tables.now();
  for (const { record, place } of replay.endpoints.values()) {
    tables.endpoints.set(unsealEndpoint(record, rows.keyring));
    tables.endpoints.get(record.id)!.place = place;
  }
  restoreLanes(tables, replay);
  for (const [key, { record, place }] of replay.settings) {
    tables.settings.set(key, record.value);
    rows.settingRow(key).place = place;
  }
  const messages = restoreMessages(rows, replay);
  const deliveries = restoreDeliveries(tables, replay, messages);
  restoreAttempts(tables, replay, deliveries);
  restoreEnds(tables, replay, now);
  rows.forgetChanges();
  // From here on, what changes is to be written.
  catchUp(rows, replay);
}

/** What would have happened, had somebody looked: endpoints that were removed meanwhile, other keys. */
function catchUp({ tables, keyring }: FileRows, { lanes, endpoints }: ReplayedRows): void {
  for (const lane of [...tables.lanes.all]) {
    if (tables.endpoints.get(lane.id) !== undefined) continue;
    if (lanes.get(lane.id)?.record.owned === true) openForGood(tables, lane);
    if (lane.ledgers === 0) tables.lanes.retire(lane, tables.now());
  }
  for (const { record } of endpoints.values())
    if (needsSealing(record, keyring)) tables.changes.noteEndpoint(tables.endpoints.get(record.id)!);
}

function restoreLanes(tables: Tables, { lanes }: ReplayedRows): void {
  const owners = new Map<string, EndpointRecord>();
  for (const { record } of tables.endpoints.all) owners.set(laneIdOf(record), record);
  for (const { record, place } of lanes.values()) {
    const lane = tables.lanes.create(record.id);
    const { taken, owned: _owned, ...rest } = record;
    Object.assign(lane, {
      ...rest,
      blockedReason: record.blockedReason,
      lastTriggeredAt: record.lastTriggeredAt,
      place,
    });
    const owner = owners.get(record.id);
    lane.held = owner !== undefined && isHeld(owner);
    const { rate, maxLeases } = laneLimitsOf(owner ?? {});
    lane.rate = rate && new RateWindow(rate, taken);
    lane.maxLeases = maxLeases ?? Infinity;
  }
}

function restoreMessages(rows: FileRows, { messages, fanOuts }: ReplayedRows): Map<number, MessageRow> {
  const { tables } = rows;
  const restored = new Map<number, MessageRow>();
  for (const { record, place } of inOrder(messages)) {
    const { sequence, createdAt, fannedOut, idempotentUntil = Infinity } = record;
    const idempotencyWindowMs = idempotentUntil - createdAt;
    const row = createMessageRow(record, { sequence, now: createdAt, fannedOut, idempotencyWindowMs });
    row.place = place;
    const fanOut = fanOuts.get(record.sequence);
    if (fanOut !== undefined) {
      row.fannedOut = fanOut.record.fannedOut;
      row.fanOutLease = fanOut.record.lease;
      row.fanOutUntil = fanOut.record.until;
      rows.fanOutRow(row).place = fanOut.place;
    }
    tables.messages.set(row.message.id, row);
    tables.messageOrder.push(row);
    tables.keys.add(row);
    if (!row.fannedOut) tables.unmatched.set(row.message.id, row);
    restored.set(row.sequence, row);
  }
  return restored;
}

function restoreDeliveries(
  tables: Tables,
  { deliveries }: ReplayedRows,
  messages: ReadonlyMap<number, MessageRow>,
): Map<number, DeliveryRow> {
  const restored = new Map<number, DeliveryRow>();
  for (const { record, place } of inOrder(deliveries)) {
    const message = messages.get(record.message)!;
    const row = restoreDelivery(tables, record, message);
    row.place = place;
    tables.deliveries.set(row.id, row);
    tables.deliveryOrder.push(row);
    row.ledger.deliveries.push(row);
    message.deliveries.push(row);
    countState(message, row.state, 1);
    restored.set(row.sequence, row);
  }
  // The list of leases is quick when they come in its order.
  const leased = [...restored.values()].filter(({ state }) => state === 'sending');
  for (const row of leased.sort((a, b) => a.leaseUntil - b.leaseUntil)) holdLease(tables, row);
  // Queues of ordering keys are filled in the order of the deliveries, whatever their state.
  for (const row of restored.values()) if (!isFinalState(row.state)) requeue(tables, row, tables.now());
  return restored;
}

function restoreDelivery(tables: Tables, record: DeliveryRecord, message: MessageRow): DeliveryRow {
  const { sequence, id, endpoint: endpointId, lane: laneId = endpointId, orderingKey, lease } = record;
  const ledger = tables.openLedger(endpointId, laneId);
  const row = createDeliveryRow(
    { id, endpointId, laneId, state: 'scheduled', reason: undefined, lease: undefined, orderingKey },
    { sequence, now: record.createdAt, message, ledger },
  );
  row.state = record.state;
  row.reason = record.reason;
  row.attempts = record.attempts;
  row.attemptsBeforeRun = record.attemptsBeforeRun;
  row.rescues = record.rescues;
  row.faults = record.faults;
  row.dueAt = record.dueAt;
  row.firstAttemptAt = record.firstAttemptAt;
  row.finishedAt = record.finishedAt;
  if (lease !== undefined) {
    row.lease = lease.token;
    row.leasedAt = lease.at;
    row.leaseUntil = lease.until;
    row.holder = lease.holder;
    row.cancelled = lease.cancelled;
  }
  return row;
}

function restoreAttempts(
  tables: Tables,
  { attempts }: ReplayedRows,
  deliveries: ReadonlyMap<number, DeliveryRow>,
): void {
  for (const { record, place } of inOrder(attempts)) {
    const delivery = deliveries.get(record.delivery)!;
    const row = restoreAttempt(record, delivery);
    row.place = place;
    tables.attemptOrder.push(row);
    if (delivery.attemptLog === undefined) delivery.attemptLog = [row];
    else delivery.attemptLog.push(row);
  }
}

function restoreAttempt(record: AttemptRecord, delivery: DeliveryRow): AttemptRow {
  const { sequence, startedAt } = record;
  return { sequence, removed: false, place: undefined, delivery, startedAt, attempt: toNewAttempt(record) };
}

/** Finished messages in the order in which they ended: that of retention. */
function restoreEnds(tables: Tables, { fanOuts }: ReplayedRows, now: number): void {
  const finished: { readonly row: MessageRow; readonly at: number }[] = [];
  for (const row of tables.messages.values()) {
    if (!row.fannedOut || row.unfinished > 0) continue;
    const ends = row.deliveries.map(({ finishedAt }) => finishedAt ?? now);
    const at = Math.max(row.createdAt, fanOuts.get(row.sequence)?.record.finishedAt ?? 0, ...ends);
    finished.push({ row, at });
  }
  finished.sort((a, b) => a.at - b.at || a.row.sequence - b.row.sequence);
  for (const { row, at } of finished) tables.finished.add(row, at);
}

function inOrder<Record extends { readonly sequence: number }>(
  rows: ReadonlyMap<number, Replayed<Record>>,
): Replayed<Record>[] {
  return [...rows.values()].sort((a, b) => a.record.sequence - b.record.sequence);
}
