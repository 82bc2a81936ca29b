import type { Message } from '../../../core/message.ts';
import type { NewAttempt } from '../../store.ts';
import type { RowPlace } from '../../tables/placed-row.ts';
import type { AttemptRow, MessageRow } from '../../tables/rows.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalLog } from '../journal/journal-options.ts';
import { type RowRecord, toMessage, toNewAttempt } from './row-records.ts';

/**
 * What memory let go of, read back. Reading begins before the call returns, while the rows are at their places: a caller
 * asks in the same turn in which it found the rows. What cannot be read is `undefined`, and reported.
 */
export class StoredTexts {
  readonly #journal: Journal;
  readonly #log: JournalLog;

  constructor(journal: Journal, log: JournalLog) {
    this.#journal = journal;
    this.#log = log;
  }

  /** The messages of some rows, whole. */
  messages(rows: readonly MessageRow[]): Promise<readonly (Message | undefined)[]> {
    return this.#read(
      rows.map(({ place, message }) => ({ place, inMemory: message })),
      (record) => ('message' in record ? toMessage(record.message, record.text) : undefined),
    );
  }

  /** The attempts of some rows, whole. */
  attempts(rows: readonly AttemptRow[]): Promise<readonly (NewAttempt | undefined)[]> {
    return this.#read(
      rows.map(({ place, attempt }) => ({ place, inMemory: attempt })),
      (record) => ('attempt' in record ? toNewAttempt(record.attempt) : undefined),
    );
  }

  async #read<Text>(
    wanted: readonly { readonly place: RowPlace | undefined; readonly inMemory: Text }[],
    decode: (record: RowRecord) => Text | undefined,
  ): Promise<readonly (Text | undefined)[]> {
    const places = wanted.map(({ place }) => place).filter((place) => place !== undefined);
    if (places.length === 0) return wanted.map(({ inMemory }) => inMemory);
    const records = await this.#journal.read(places);
    let next = 0;
    return wanted.map(({ place, inMemory }) => {
      // Without a place, it was not written yet, and memory has all of it.
      if (place === undefined) return inMemory;
      const record = records[next++] as RowRecord | undefined;
      const text = record === undefined ? undefined : decode(record);
      if (text === undefined) this.#report(place);
      return text;
    });
  }

  #report(place: RowPlace): void {
    this.#log.error(
      { place },
      `A message or an attempt cannot be read back: segment ${place.segment} of the journal is damaged at offset ` +
        `${place.offset}. Check the disk.`,
    );
  }
}
