import type { RowPlace } from '../../tables/placed-row.ts';
import type { JournalLog } from '../journal/journal-options.ts';
import type { JournalReplay } from '../journal/open-journal.ts';
import type { FileRows } from './file-rows.ts';
import type { Replayed, ReplayedRows } from './replayed-rows.ts';
import { restoreRows } from './restore-rows.ts';
import type { GoneRecord, RowRecord } from './row-records.ts';
import { slimAttemptRecord, slimMessageRecord } from './slim-rows.ts';

/** Goes through the lines of a journal and keeps the newest version of each row, then puts them into tables. */
export class RowReplay implements JournalReplay, ReplayedRows {
  readonly messages: ReplayedRows['messages'] = new Map();
  readonly fanOuts: ReplayedRows['fanOuts'] = new Map();
  readonly deliveries: ReplayedRows['deliveries'] = new Map();
  readonly attempts: ReplayedRows['attempts'] = new Map();
  readonly lanes: ReplayedRows['lanes'] = new Map();
  readonly endpoints: ReplayedRows['endpoints'] = new Map();
  readonly settings: ReplayedRows['settings'] = new Map();
  readonly #removed = new Set<number>();
  readonly #rows: FileRows;
  readonly #log: JournalLog;

  constructor(rows: FileRows, log: JournalLog) {
    this.#rows = rows;
    this.#log = log;
  }

  line(record: object, place: RowPlace): void {
    const line = record as RowRecord;
    if ('delivery' in line) this.#take(this.deliveries, line.delivery.sequence, line.delivery, place);
    else if ('attempt' in line)
      this.#take(this.attempts, line.attempt.sequence, slimAttemptRecord(line.attempt), place);
    else if ('message' in line)
      this.#take(this.messages, line.message.sequence, slimMessageRecord(line.message), place);
    else if ('lane' in line) this.lanes.set(line.lane.id, { record: line.lane, place });
    else if ('fanOut' in line) this.fanOuts.set(line.fanOut.message, { record: line.fanOut, place });
    else if ('gone' in line) this.#forget(line.gone);
    else if ('endpoint' in line) this.endpoints.set(line.endpoint.id, { record: line.endpoint, place });
    else if ('setting' in line) this.settings.set(line.setting.key, { record: line.setting, place });
    else
      this.#log.error(
        { place },
        `The journal says something of an unknown kind: ${Object.keys(line).join()}.`,
      );
  }

  replayed(sequence: number): void {
    this.#rows.tables.skipSequence(sequence);
  }

  finish(): FileRows {
    for (const sequence of this.#removed) this.fanOuts.delete(sequence);
    const orphans =
      this.#drop(this.deliveries, ({ message }) => this.messages.has(message)) +
      this.#drop(this.attempts, ({ delivery }) => this.deliveries.has(delivery));
    if (orphans > 0) {
      this.#log.error(
        { orphans },
        `The journal holds ${orphans} deliveries and attempts of what cannot be read. They are left out.`,
      );
    }
    restoreRows(this.#rows, this);
    return this.#rows;
  }

  #take<Key, Record extends { readonly sequence: number }>(
    rows: Map<Key, Replayed<Record>>,
    key: Key,
    record: Record,
    place: RowPlace,
  ): void {
    rows.set(key, { record, place });
    this.replayed(record.sequence);
  }

  #forget(gone: GoneRecord): void {
    if ('message' in gone) {
      this.messages.delete(gone.message);
      this.#removed.add(gone.message);
    } else if ('lane' in gone) this.lanes.delete(gone.lane);
    else if ('endpoint' in gone) this.endpoints.delete(gone.endpoint);
    else this.settings.delete(gone.setting);
  }

  /** Drops the rows of what is gone. Returns how many belong to no message that was removed. */
  #drop<Record extends { readonly message: number }>(
    rows: Map<number, Replayed<Record>>,
    hasOwner: (record: Record) => boolean,
  ): number {
    let orphans = 0;
    for (const [sequence, { record }] of rows) {
      if (hasOwner(record)) continue;
      rows.delete(sequence);
      if (!this.#removed.has(record.message)) orphans += 1;
    }
    return orphans;
  }
}
