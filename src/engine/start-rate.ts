import type { Clock } from '../clock.ts';
import type { RateLimit } from '../core/endpoint.ts';
import { RateWindow } from '../core/rate-window.ts';
import { SingleTimer } from './single-timer.ts';

export interface StartRateOptions {
  readonly clock: Clock;
  readonly maxRate: RateLimit;
  /** The next attempt may begin. */
  readonly onFree: () => void;
}

/** How many attempts this process begins per interval, over all lanes: the option `maxRate`. */
export class StartRate {
  readonly #clock: Clock;
  readonly #window: RateWindow;
  readonly #timer: SingleTimer;

  constructor({ clock, maxRate, onFree }: StartRateOptions) {
    this.#clock = clock;
    this.#window = new RateWindow(maxRate);
    this.#timer = new SingleTimer(clock, onFree);
  }

  /** Whether an attempt may begin now. If not, `onFree` follows as soon as one may. */
  isFree(): boolean {
    const now = this.#clock.elapsed();
    const nextAt = this.#window.nextAt(now);
    if (nextAt <= now) return true;
    this.#timer.start(nextAt - now);
    return false;
  }

  /** The next attempt has to wait. */
  get isHolding(): boolean {
    const now = this.#clock.elapsed();
    return this.#window.nextAt(now) > now;
  }

  /** An attempt begins. */
  take(): void {
    this.#window.take(this.#clock.elapsed());
  }

  stop(): void {
    this.#timer.stop();
  }
}
