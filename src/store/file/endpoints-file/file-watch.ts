import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, Timer } from '../../../clock.ts';

/** Editors write in several steps; one look after the last of them is enough. */
const QUIET_MS = 50;
/** On some file systems nobody tells. */
const POLL_MS = 1_000;

/**
 * Says when it is time to look at a file again: soon after its folder was changed, and every second. There is a look
 * after every change, whatever comes while another look is under way. Keeps no process alive.
 */
export class FileWatch {
  readonly #clock: Clock;
  readonly #look: () => void;
  #watchers: FSWatcher[] = [];
  #poll: Timer | undefined;
  #soon: Timer | undefined;

  constructor(clock: Clock, look: () => void) {
    this.#clock = clock;
    this.#look = look;
  }

  /** @param paths the file, under each of its names */
  start(paths: ReadonlySet<string>): void {
    for (const path of paths) this.#watch(path);
    this.#pollLater();
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    this.#poll?.cancel();
    this.#soon?.cancel();
  }

  #watch(path: string): void {
    const name = basename(path);
    try {
      const watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
        if (changed === null || changed === name) this.#lookSoon();
      });
      // The folder is gone, or there are too many watchers: polling goes on.
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // No such folder yet, or no support: polling is enough.
    }
  }

  #lookSoon(): void {
    if (this.#soon !== undefined) return;
    this.#soon = this.#clock.setTimer(() => {
      this.#soon = undefined;
      this.#look();
    }, QUIET_MS);
  }

  #pollLater(): void {
    this.#poll = this.#clock.setTimer(() => {
      this.#pollLater();
      this.#look();
    }, POLL_MS);
  }
}
