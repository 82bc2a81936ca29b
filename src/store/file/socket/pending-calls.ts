import type { Clock, Timer } from '../../../clock.ts';
import { StoreError } from '../../../errors.ts';
import { encodeMessage } from './frame.ts';
import type { FrameChannel } from './frame-channel.ts';
import { LinkEnded } from './link-ended.ts';
import type { StoreCall } from './store-calls.ts';
import type { ClientMessage } from './wire-message.ts';

interface PendingCall {
  readonly call: StoreCall;
  /** Dropped once it was sent. */
  params: unknown;
  isSent: boolean;
  /** Until it is settled it keeps the process alive. `undefined`: its caller was told that it took too long. */
  timer: Timer | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What `PendingCalls` needs. */
export interface PendingCallsOptions {
  readonly clock: Clock;
  readonly channel: () => FrameChannel;
  /** The answer to a call whose caller was told that it took too long. */
  readonly onLate: (call: StoreCall, value: unknown) => void;
}

/** Calls on their way to the owner and back, by number. While the owner does not read, further ones wait unsent. */
export class PendingCalls {
  readonly #options: PendingCallsOptions;
  readonly #calls = new Map<number, PendingCall>();
  #unsent: number[] = [];
  #lastId = 0;

  constructor(options: PendingCallsOptions) {
    this.#options = options;
  }

  /**
   * Sends a call.
   *
   * @throws StoreError of code `store_unavailable` (rejects) when no answer came within `limitMs`
   */
  add(call: StoreCall, params: unknown, limitMs: number): Promise<unknown> {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.setTimer(() => this.#late(id, limitMs), limitMs, true);
      this.#calls.set(id, { call, params, isSent: false, timer, resolve, reject });
      this.#unsent.push(id);
      this.flush();
    });
  }

  /** Sends what waits, as long as the owner reads. */
  flush(): void {
    const channel = this.#options.channel();
    while (this.#unsent.length > 0 && !channel.isFull) this.#send(this.#unsent.shift()!, channel);
  }

  /** Settles a call with what the owner answered. */
  settle(id: number, settled: { readonly value: unknown } | { readonly error: Error }): void {
    const pending = this.#calls.get(id);
    if (pending === undefined) return;
    this.#calls.delete(id);
    pending.timer?.cancel();
    if ('error' in settled) pending.reject(settled.error);
    else if (pending.timer === undefined) this.#options.onLate(pending.call, settled.value);
    else pending.resolve(settled.value);
  }

  /**
   * Rejects all.
   *
   * @param isUnmade the owner made none of those that it did not answer
   */
  end(isUnmade: boolean): void {
    for (const { timer, isSent, reject } of this.#calls.values()) {
      timer?.cancel();
      reject(new LinkEnded(isUnmade || !isSent));
    }
    this.#calls.clear();
    this.#unsent = [];
  }

  #send(id: number, channel: FrameChannel): void {
    const pending = this.#calls.get(id);
    if (pending === undefined) return;
    const { call, params } = pending;
    try {
      const message: ClientMessage = { kind: 'call', id, call, params };
      const bytes = encodeMessage(message, `a call of ${call}`);
      pending.isSent = true;
      pending.params = undefined;
      channel.send(bytes);
    } catch (error) {
      this.settle(id, { error: error as Error });
    }
  }

  #late(id: number, limitMs: number): void {
    const pending = this.#calls.get(id);
    if (pending === undefined) return;
    pending.timer = undefined;
    // Sent calls stay known: their answers may hold leases that nobody wants any more.
    if (!pending.isSent) this.#calls.delete(id);
    pending.reject(lateError(`answered a call of ${pending.call}`, limitMs));
  }
}

/** The owner of a folder lives, but does not answer. */
export function lateError(what: string, limitMs: number): StoreError {
  return new StoreError(
    `The process that owns the file store has not ${what} for ${limitMs} ms. It lives, so nobody else can take ` +
      'over: it may be stopped, or too busy.',
    { code: 'store_unavailable' },
  );
}
