import type { Keyring } from '../../codec/keyring.ts';
import type { PlacedRow, RowPlace } from '../../tables/placed-row.ts';
import type { RowChanges } from '../../tables/row-changes.ts';
import type { AttemptRow, DeliveryRow, EndpointRow, LaneRow, MessageRow } from '../../tables/rows.ts';
import { Tables } from '../../tables/tables.ts';
import type { Watchers } from '../../tables/watchers.ts';
import type { FlushBuffer } from '../journal/flush-buffer.ts';
import type { JournalSource } from '../journal/journal-source.ts';
import {
  attemptRecord,
  deliveryRecord,
  endpointRecord,
  fanOutRecord,
  type GoneRecord,
  laneRecord,
  messageRecord,
  messageText,
  type RowRecord,
} from './row-records.ts';
import { slimAttempt, slimMessage } from './slim-rows.ts';

/** What the tables of a file store work with. */
export interface FileRowsOptions {
  readonly clock: { now(): number };
  readonly watchers: Watchers;
  readonly keyring: Keyring | undefined;
}

/**
 * The tables of a file store, and what of them is not in the journal yet. A flush writes each changed row once, as it is then.
 * Once a message or an attempt is in the journal, memory lets go of its text.
 */
export class FileRows implements RowChanges, JournalSource {
  readonly tables: Tables;
  readonly keyring: Keyring | undefined;
  readonly #messages = new Set<MessageRow>();
  readonly #fanOuts = new Set<MessageRow>();
  readonly #deliveries = new Set<DeliveryRow>();
  readonly #attempts = new Set<AttemptRow>();
  readonly #lanes = new Set<LaneRow>();
  readonly #endpoints = new Set<EndpointRow>();
  readonly #settings = new Set<string>();
  /** Rows that are gone, and what says so. */
  readonly #gone = new Map<PlacedRow, { readonly record: GoneRecord; readonly rows: Iterable<PlacedRow> }>();
  /** Lines that move, as they stand, from where. */
  readonly #copies = new Map<
    PlacedRow,
    { readonly line: Uint8Array; readonly place: RowPlace | undefined }
  >();
  /** What the last flush wrote, to be slimmed when it is durable. */
  #written:
    { readonly messages: readonly MessageRow[]; readonly attempts: readonly AttemptRow[] } | undefined;
  /** Places of what has no row of its own in the tables. */
  readonly #fanOutRows = new WeakMap<MessageRow, PlacedRow>();
  readonly #settingRows = new Map<string, PlacedRow>();

  constructor({ clock, watchers, keyring }: FileRowsOptions) {
    this.keyring = keyring;
    this.tables = new Tables('file', this, watchers);
    this.tables.clock = clock;
  }

  get isDirty(): boolean {
    return this.#changed.some(({ size }) => size > 0);
  }

  get sequence(): number {
    return this.tables.sequence;
  }

  noteMessage(row: MessageRow): void {
    this.#messages.add(row);
  }

  noteFanOut(row: MessageRow): void {
    this.#fanOuts.add(row);
  }

  noteRemoved(row: MessageRow): void {
    this.#gone.set(row, { record: { message: row.sequence }, rows: this.#rowsOf(row) });
  }

  noteDelivery(row: DeliveryRow): void {
    this.#deliveries.add(row);
  }

  noteAttempt(row: AttemptRow): void {
    this.#attempts.add(row);
  }

  noteLane(row: LaneRow): void {
    this.#lanes.add(row);
  }

  noteLaneRemoved(row: LaneRow): void {
    this.#lanes.delete(row);
    this.#gone.set(row, { record: { lane: row.id }, rows: [row] });
  }

  noteEndpoint(row: EndpointRow): void {
    // Those for people are kept in their own file.
    if (row.record.hidden === true) this.#endpoints.add(row);
  }

  noteEndpointRemoved(row: EndpointRow): void {
    this.#endpoints.delete(row);
    if (row.record.hidden === true) this.#gone.set(row, { record: { endpoint: row.record.id }, rows: [row] });
  }

  noteSetting(key: string): void {
    this.#settings.add(key);
  }

  /** Where the fan-out of a message stands. */
  fanOutRow(row: MessageRow): PlacedRow {
    return getOrAdd(this.#fanOutRows, row);
  }

  /** Where a setting stands. */
  settingRow(key: string): PlacedRow {
    return getOrAdd(this.#settingRows, key);
  }

  /** What was noted up to here is in the journal already. */
  forgetChanges(): void {
    for (const changed of this.#changed) changed.clear();
  }

  write(buffer: FlushBuffer): void {
    // First what only moves, unless the flush before wrote a newer version of it: this one may do so, too.
    for (const [row, { line, place }] of this.#copies) if (row.place === place) buffer.copy(row, line);
    // Then what is gone: another row may have its name by now.
    for (const { record, rows } of this.#gone.values())
      buffer.remove(rows, { gone: record } satisfies RowRecord);
    this.#writeSettings(buffer);
    for (const row of this.#endpoints) buffer.put(row, endpointRecord(row, this.keyring));
    for (const row of this.#lanes)
      buffer.put(row, laneRecord(row, this.tables.endpoints.get(row.id) !== undefined));
    const messages = [...this.#messages].filter(isThere);
    for (const row of messages) buffer.put(row, messageRecord(row), messageText(row));
    for (const row of this.#fanOuts) if (isThere(row)) buffer.put(this.fanOutRow(row), fanOutRecord(row));
    for (const row of this.#deliveries) if (isThere(row)) buffer.put(row, deliveryRecord(row));
    const attempts = [...this.#attempts].filter(isThere);
    for (const row of attempts) buffer.put(row, attemptRecord(row));
    this.#written = { messages, attempts };
    this.forgetChanges();
  }

  confirmed(): void {
    for (const row of this.#written?.messages ?? []) row.message = slimMessage(row.message);
    for (const row of this.#written?.attempts ?? []) row.attempt = slimAttempt(row.attempt);
    this.#written = undefined;
  }

  find(record: object): PlacedRow | undefined {
    const line = record as RowRecord;
    if ('delivery' in line) return this.tables.deliveries.get(line.delivery.id);
    if ('message' in line) return this.tables.messages.get(line.message.id);
    if ('lane' in line) return this.tables.lanes.get(line.lane.id);
    if ('endpoint' in line) return this.tables.endpoints.get(line.endpoint.id);
    if ('attempt' in line) return this.tables.attemptOrder.find(line.attempt.sequence);
    if ('setting' in line) return this.#settingRows.get(line.setting.key);
    if (!('fanOut' in line)) return undefined;
    const message = this.tables.messageOrder.find(line.fanOut.message);
    return message === undefined ? undefined : this.#fanOutRows.get(message);
  }

  rewrite(row: PlacedRow, line: Uint8Array, isDamaged: boolean): void {
    if (isDamaged && 'ledger' in row) this.#deliveries.add(row as DeliveryRow);
    else if (isDamaged && 'consecutiveFailures' in row) this.#lanes.add(row as LaneRow);
    else if (isDamaged && 'record' in row) this.#endpoints.add(row as EndpointRow);
    else this.#copies.set(row, { line: new Uint8Array(line), place: row.place });
  }

  *rows(): Iterable<PlacedRow> {
    for (const row of this.tables.messages.values()) yield* this.#rowsOf(row);
    yield* this.tables.lanes.all;
    yield* this.tables.endpoints.all;
    yield* this.#settingRows.values();
  }

  #writeSettings(buffer: FlushBuffer): void {
    for (const key of this.#settings) {
      const value = this.tables.settings.get(key);
      const row = this.settingRow(key);
      if (value !== undefined) {
        buffer.put(row, { setting: { key, value } } satisfies RowRecord);
        continue;
      }
      buffer.remove([row], { gone: { setting: key } } satisfies RowRecord);
      this.#settingRows.delete(key);
    }
  }

  /** A message with all that goes with it. */
  *#rowsOf(row: MessageRow): Iterable<PlacedRow> {
    yield row;
    const fanOut = this.#fanOutRows.get(row);
    if (fanOut !== undefined) yield fanOut;
    for (const delivery of row.deliveries) {
      yield delivery;
      yield* delivery.attemptLog ?? [];
    }
  }

  get #changed(): readonly { readonly size: number; clear(): void }[] {
    return [
      this.#deliveries,
      this.#messages,
      this.#attempts,
      this.#lanes,
      this.#gone,
      this.#fanOuts,
      this.#endpoints,
      this.#settings,
      this.#copies,
    ];
  }
}

function isThere({ removed }: { readonly removed: boolean }): boolean {
  return !removed;
}

function getOrAdd<Key extends WeakKey | string>(
  rows: { get(key: Key): PlacedRow | undefined; set(key: Key, row: PlacedRow): unknown },
  key: Key,
): PlacedRow {
  const existing = rows.get(key);
  if (existing !== undefined) return existing;
  const row: PlacedRow = { place: undefined };
  rows.set(key, row);
  return row;
}
