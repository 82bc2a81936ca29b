import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock } from '../../../clock.ts';
import { StoreError } from '../../../errors.ts';

/** Longest time in which it goes unnoticed that the file is gone. One look costs a few microseconds. */
const LOOK_MS = 1_000;

/** A name, and the file that it was the name of when one was first found. */
interface Watched {
  readonly path: string;
  file: string | undefined;
}

/** What has no file under its name. */
const NOT_THERE = 'none';

/**
 * Whether a SQLite file that is open, its log of writes and the index of that log still have their names. SQLite goes on writing into files that were
 * removed, renamed or replaced, as if nothing were wrong; what it writes there is found by nobody who opens the file later. Two processes with an index
 * each overwrite each other's log.
 *
 * It looks when it is asked, at most once in {@link LOOK_MS}. What it cannot look at counts as being there. Once gone, always gone: while the name was
 * free, others may have begun another file under it.
 */
export class FileWatch {
  readonly #names: readonly Watched[];
  readonly #elapsed: () => number;
  #lookedAt: number;
  #gone: string | undefined;

  /** @param path - of the main file, which is open: what is made of a file when it is opened for writing has happened */
  constructor(path: string, elapsed: () => number = () => systemClock.elapsed()) {
    // The working directory may change, and SQLite puts its log beside what a link leads to.
    const main = resolve(path);
    const beside = realPathOf(main);
    this.#names = [main, `${beside}-wal`, `${beside}-shm`].map((path) => ({ path, file: fileAt(path) }));
    this.#elapsed = elapsed;
    this.#lookedAt = elapsed();
  }

  /** @throws StoreError when what is written from now on would be lost */
  check(): void {
    if (this.#gone === undefined && this.#isTimeToLook()) this.#look();
    if (this.#gone !== undefined) throw goneError(this.#gone);
  }

  /** The log and its index are made with the first write: until they were seen, every look may be the one that finds them. */
  #isTimeToLook(): boolean {
    return this.#elapsed() - this.#lookedAt >= LOOK_MS || this.#names.some(({ file }) => file === NOT_THERE);
  }

  #look(): void {
    this.#lookedAt = this.#elapsed();
    for (const watched of this.#names) {
      const file = fileAt(watched.path);
      if (watched.file === NOT_THERE) watched.file = file;
      else if (watched.file !== undefined && file !== undefined && file !== watched.file)
        this.#gone ??= watched.path;
    }
  }
}

/** Which file has this name; `undefined` where nobody can tell: file systems of Windows may give no numbers. */
function fileAt(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return ino === 0 ? undefined : `${dev}:${ino}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? NOT_THERE : undefined;
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function goneError(path: string): StoreError {
  return new StoreError(
    `The file ${JSON.stringify(path)} was removed, renamed or replaced while this process had it open, so nothing more is written: it would be lost. ` +
      'Stop the process; then put the file back, together with its -wal, or begin anew without it. A -shm is made anew.',
  );
}
