import { join } from 'node:path';
import { createSystemRandom } from '../../../src/clock.ts';
import type { PlacedRow } from '../../../src/store/tables/placed-row.ts';
import type { FlushBuffer } from '../../../src/store/file/journal/flush-buffer.ts';
import type { Journal, JournalResumption } from '../../../src/store/file/journal/journal.ts';
import type { JournalOptions } from '../../../src/store/file/journal/journal-options.ts';
import type { JournalSource } from '../../../src/store/file/journal/journal-source.ts';
import { type JournalReplay, openJournal } from '../../../src/store/file/journal/open-journal.ts';
import { WatchedLayer } from './file-layers.ts';

interface TextRow extends PlacedRow {
  readonly key: string;
  text: string | undefined;
}

type TextRecord = { readonly key: string; readonly text?: string };

/** The plainest rows: texts by key. `undefined` removes one. */
export class Texts implements JournalSource, JournalReplay {
  readonly #rows = new Map<string, TextRow>();
  readonly #dirty = new Set<TextRow>();
  sequenceNumber = 0;

  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  get sequence(): number {
    return this.sequenceNumber;
  }

  set(key: string, text: string | undefined): void {
    const row = this.#rows.get(key) ?? { key, text, place: undefined };
    row.text = text;
    this.#rows.set(key, row);
    this.#dirty.add(row);
    this.sequenceNumber += 1;
  }

  read(): Record<string, string | undefined> {
    const texts = [...this.#rows.values()].filter(({ text }) => text !== undefined);
    return Object.fromEntries(texts.map(({ key, text }) => [key, text]));
  }

  place(key: string): PlacedRow['place'] {
    return this.#rows.get(key)?.place;
  }

  write(buffer: FlushBuffer): void {
    for (const row of this.#dirty) {
      if (row.text === undefined) buffer.remove([row], { key: row.key });
      else buffer.put(row, { key: row.key, text: row.text });
    }
    this.#dirty.clear();
  }

  confirmed(): void {}

  find(record: object): PlacedRow | undefined {
    return this.#rows.get((record as TextRecord).key);
  }

  rewrite(row: PlacedRow): void {
    this.#dirty.add(row as TextRow);
  }

  rows(): Iterable<PlacedRow> {
    return this.#rows.values();
  }

  line(record: object, place: NonNullable<PlacedRow['place']>): void {
    const { key, text } = record as TextRecord;
    this.#rows.set(key, { key, text, place: text === undefined ? undefined : place });
  }

  replayed(sequence: number): void {
    this.sequenceNumber = Math.max(this.sequenceNumber, sequence);
  }

  finish(): JournalSource {
    return this;
  }
}

export interface JournalWorld {
  readonly journal: Journal;
  readonly texts: Texts;
  readonly layer: WatchedLayer;
  readonly directory: string;
  /** What was logged, as `level message`. */
  readonly logged: string[];
}

/** Opens the journal in `<directory>/journal`. */
export async function openTexts(
  directory: string,
  options: Partial<JournalOptions> = {},
  resume?: JournalResumption,
): Promise<JournalWorld> {
  const layer = options.layer instanceof WatchedLayer ? options.layer : new WatchedLayer();
  const logged: string[] = [];
  const log = {
    warn: (_fields: object, message: string) => void logged.push(`warn ${message}`),
    error: (_fields: object, message: string) => void logged.push(`error ${message}`),
  };
  const texts = new Texts();
  const folder = join(directory, 'journal');
  const random = createSystemRandom();
  const settings = {
    directory: folder,
    segmentBytes: 1024 * 1024,
    fsync: true,
    log,
    random,
    ...options,
    layer,
  };
  const journal = await openJournal(settings, texts, resume);
  return { journal, texts, layer, directory, logged };
}

/** Sets texts and waits until they are durable. */
export async function put(
  { journal, texts }: Pick<JournalWorld, 'journal' | 'texts'>,
  values: Record<string, string | undefined>,
): Promise<void> {
  for (const [key, text] of Object.entries(values)) texts.set(key, text);
  await journal.flushed();
}
