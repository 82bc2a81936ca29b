import { systemClock, type Timer } from '../../../clock.ts';
import type { Signals } from '../backend.ts';
import { NOTIFICATION_KINDS, type NotificationKind } from '../notification.ts';
import type { Runner } from '../runner.ts';

/** How often the file is looked at after somebody wrote, and when nobody has for long. */
const SHORTEST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 200;

/** SQLite cannot notify; it tells in no time whether anybody else has committed. What, is for the listener to find out. */
export class SqliteSignals implements Signals {
  readonly #runner: Runner;
  #timer: Timer | undefined;
  #version: number | undefined;
  #waitMs = SHORTEST_WAIT_MS;
  #isClosed = false;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  listen(heard: (kinds: readonly NotificationKind[]) => void): void {
    void this.#look(heard);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #look(heard: (kinds: readonly NotificationKind[]) => void): Promise<void> {
    try {
      const version = await this.#runner.call('readDataVersion', {});
      const isNews = version !== this.#version && this.#version !== undefined;
      this.#version = version;
      this.#waitMs = isNews ? SHORTEST_WAIT_MS : Math.min(this.#waitMs * 1.5, LONGEST_WAIT_MS);
      if (isNews && !this.#isClosed) heard(NOTIFICATION_KINDS);
    } catch {
      // The calls of the engine fail in the same way, and report it.
      this.#waitMs = LONGEST_WAIT_MS;
    }
    if (!this.#isClosed) this.#timer = systemClock.setTimer(() => void this.#look(heard), this.#waitMs);
  }
}
