import type { Clock, Timer } from '../clock.ts';

/** Does something later, once: asked for again while it waits, it stays as it is. */
export class SingleTimer {
  readonly #clock: Clock;
  readonly #act: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, act: () => void) {
    this.#clock = clock;
    this.#act = act;
  }

  start(delayMs: number): void {
    this.#timer ??= this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.#act();
    }, delayMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
