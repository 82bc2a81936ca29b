/**
 * Waits for the real I/O of a dispatcher on a manual clock, and says when only the clock could bring the rest to an end: a request that nobody
 * answers looks like one whose answer is on its way, so what counts is that nothing has happened for a while.
 */
import type { WebhookDispatcher } from '../dispatcher.ts';
import type { Receiver } from '../listener/receiver.ts';

export interface SettlingOptions {
  readonly dispatcher: Pick<WebhookDispatcher<never>, 'drain' | 'health' | 'on'>;
  readonly receiver: Pick<Receiver, 'held' | 'received' | 'connections'>;
  /** Real time without anything that happens, after which requests are left to the clock. */
  readonly quietMs: number;
}

/** Turns of the event loop before it is looked less often: what goes over loopback is mostly there by then. */
const FAST_TURNS = 50;
const LOOK_EVERY_MS = 5;
/** Without a request it is a store that is waited for, which is left to the clock later: it may be one that is tried again by it. */
const STORE_PATIENCE = 5;

const ENDS = [
  'delivery.succeeded',
  'delivery.retrying',
  'delivery.exhausted',
  'delivery.discarded',
  'delivery.failed',
] as const;

interface Drain {
  isOver: boolean;
  /** It was begun before the clock moved, and may have looked for the last time by then. */
  isStale: boolean;
  readonly done: Promise<void>;
  wake: (() => void) | undefined;
}

export class Settling {
  readonly #options: SettlingOptions;
  #ended = 0;
  /** Kept while it waits: each step of the clock would leave one behind. */
  #drain: Drain | undefined;
  /** What went on when it was left to the clock; as long as nothing else goes on, nobody waits again. */
  #left: string | undefined;

  constructor(options: SettlingOptions) {
    this.#options = options;
    for (const name of ENDS) options.dispatcher.on(name, () => void (this.#ended += 1));
  }

  /**
   * Resolves when nothing is due any more, or nothing but time could end what goes on.
   *
   * @throws what `drain` rejects with
   */
  async settle(): Promise<void> {
    if (this.#drain !== undefined) this.#drain.isStale = true;
    let looks = 0;
    let before: string | undefined;
    while (!(await this.#isDrained())) {
      const { inFlight, state } = await this.#look();
      if (inFlight > 0 && this.#options.receiver.held >= inFlight) return;
      looks = state === before ? looks + 1 : 0;
      before = state;
      const quietMs = this.#options.quietMs * (inFlight > 0 ? 1 : STORE_PATIENCE);
      if (state === this.#left || (looks - FAST_TURNS) * LOOK_EVERY_MS >= quietMs) {
        this.#left = state;
        return;
      }
      await this.#pause(looks < FAST_TURNS);
    }
    this.#left = undefined;
  }

  async #isDrained(): Promise<boolean> {
    const drain = (this.#drain ??= this.#begin());
    if (!drain.isOver) return false;
    this.#drain = undefined;
    await drain.done;
    return !drain.isStale || this.#isDrained();
  }

  #begin(): Drain {
    const done = this.#options.dispatcher.drain();
    const drain: Drain = { isOver: false, isStale: false, done, wake: undefined };
    const end = (): void => {
      drain.isOver = true;
      drain.wake?.();
    };
    done.then(end, end);
    return drain;
  }

  async #look(): Promise<{ readonly inFlight: number; readonly state: string }> {
    const { dispatcher, receiver } = this.#options;
    const { inFlight, queued, pendingMessages, pendingOutcomes } = await dispatcher.health();
    const { received, connections } = receiver;
    const state = [inFlight, queued, pendingMessages, pendingOutcomes, this.#ended, received, connections];
    return { inFlight, state: state.join() };
  }

  /** Until it is worth another look: at once when all is done. */
  #pause(isFast: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (isFast) return void setImmediate(resolve);
      const timer = setTimeout(resolve, LOOK_EVERY_MS);
      this.#drain!.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
