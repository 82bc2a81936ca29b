import { StoreError } from '../../../errors.ts';
import type { FileLayer, OpenFile } from '../file-layer.ts';
import { lostFile } from './lost-file.ts';

const DIGITS = 16;
const BYTES = DIGITS + 1;

/**
 * The number of owners that a journal had, in a file of its own. Each owner raises it before it reads the journal, and
 * looks at it before and after each flush. So one that lost its lock, and did not notice, confirms nothing that its
 * successor may not have read. It guards against processes, not against power cuts, so it is never synced.
 */
export class EpochFile {
  readonly epoch: number;
  readonly #file: OpenFile;
  readonly #path: string;
  readonly #buffer = Buffer.alloc(BYTES);

  private constructor(file: OpenFile, path: string, epoch: number) {
    this.#file = file;
    this.#path = path;
    this.epoch = epoch;
  }

  /** Takes the next epoch, above `known`. */
  static async raise(layer: FileLayer, path: string, known: number): Promise<EpochFile> {
    const file = await layer.open(path, 'either');
    const previous = readEpoch(file, Buffer.alloc(BYTES));
    const epochFile = new EpochFile(file, path, Math.max(previous ?? 0, known) + 1);
    // In place and in one write: whoever has the file open sees it.
    await file.write(Buffer.from(`${String(epochFile.epoch).padStart(DIGITS, '0')}\n`), 0);
    return epochFile;
  }

  /** @throws StoreError when another owner took over */
  check(): void {
    const current = readEpoch(this.#file, this.#buffer);
    if (current === this.epoch) return;
    throw new StoreError(
      `The file store was taken over by another process (its epoch is ${current ?? 'unreadable'}, this process had ` +
        `${this.epoch}). Nothing more is written by this process.`,
      { code: 'store_owner_lost' },
    );
  }

  /** The same, and the file is where others find it. @throws StoreError also when the folder was removed */
  confirm(): void {
    this.check();
    if (!this.#file.isAt(this.#path)) throw lostFile(this.#path);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** `undefined` when the file is new, or no number. */
function readEpoch(file: OpenFile, buffer: Buffer): number | undefined {
  const length = file.peek(buffer, 0);
  const text = buffer.toString('latin1', 0, length).trim();
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
