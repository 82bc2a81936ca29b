import { expectKnownKeys, unexpected } from '../core/expect-value.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** How a receiver answers a request. */
export interface ReplyDetails {
  /** Status code. Default 204. */
  readonly status?: number;
  /** Headers of the reply; an array sends a name several times. Default: none but those of HTTP itself. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Body of the reply. Default: empty. */
  readonly body?: string | Uint8Array;
  /** Waits this long before answering, in milliseconds of real time. Default 0. Prefer `hold` where a test allows. */
  readonly delayMs?: number;
  /** Answers only when `release()` is called. Default false. */
  readonly hold?: boolean;
}

/** A status code, or a reply in full. */
export type FixedReply = number | ReplyDetails;

/** A reply, or a function that chooses one by the request. A function that throws answers 500. */
export type Reply = FixedReply | ((request: RecordedRequest) => FixedReply | Promise<FixedReply>);

/** What to answer: first the queued replies, one request each, then always the same one. */
export class ReplyScript {
  private readonly queue: Reply[] = [];
  private standing: Reply | undefined;

  /** Queues replies for the next requests, one each: `reply(503, 503, 200)`. */
  reply(...replies: readonly Reply[]): this {
    for (const reply of replies) checkReply(reply);
    this.queue.push(...replies);
    return this;
  }

  /** Sets the reply for all requests for which none is queued. */
  always(reply: Reply): this {
    checkReply(reply);
    this.standing = reply;
    return this;
  }

  /** The reply for the next request; undefined when nothing was scripted. */
  next(): Reply | undefined {
    return this.queue.shift() ?? this.standing;
  }

  /** Forgets everything scripted. */
  reset(): void {
    this.queue.length = 0;
    this.standing = undefined;
  }
}

/** A reply that is not what it looks like would make a test of failures pass. */
function checkReply(reply: unknown): void {
  if (typeof reply === 'function') return;
  const { status } = typeof reply === 'object' && reply !== null ? (reply as ReplyDetails) : { status: NaN };
  const code = typeof reply === 'number' ? reply : status;
  if (code !== undefined && !(Number.isInteger(code) && code >= 100 && code <= 599))
    throw unexpected('reply', 'a status from 100 to 599, { status, headers, body, … } or a function', reply);
  if (typeof reply === 'object' && reply !== null)
    expectKnownKeys(reply, 'reply', ['status', 'headers', 'body', 'delayMs', 'hold']);
}
