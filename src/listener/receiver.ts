import type { RecordedRequest } from './recorded-request.ts';
import type { Reply, ReplyScript } from './reply-script.ts';
import type { VerifyOptions } from './verify-request.ts';

/** Options of {@link createReceiver}. */
export interface ReceiverOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port to listen on. Default 0: any free one. */
  readonly port?: number;
  /** Requests to keep; the oldest are dropped first. Default 10000. 0 keeps none, `Infinity` all. */
  readonly maxRequests?: number;
  /**
   * Bytes to keep of each request body; further ones are read and counted, so `verify` finds the signature of such a request wrong.
   * Default `Infinity`: all. 0 keeps none.
   */
  readonly maxBodyBytes?: number;
  /** Checks the signature of each request; the result is `request.verification`. Default: not checked. */
  readonly verify?: VerifyOptions;
}

/** What every receiver of the test kit keeps of the requests that reach it. */
export interface RequestRecorder extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:<port>/` */
  readonly url: string;
  /** The URL of a path: `urlOf('/hooks')`. */
  urlOf(path: string): string;
  /** The kept requests, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Requests received in all, those no longer kept included. */
  readonly received: number;
  /** Connections that were ever made, requests or not. */
  readonly connections: number;
  /** Connections that are open now. */
  readonly openConnections: number;
  /**
   * Resolves as soon as `count` requests have been received in all, with the kept ones.
   *
   * @param count at least this many since the start, or since `clear()`
   * @param options `timeoutMs`: how long to wait before rejecting with a list of what did arrive. Default 5000
   */
  waitFor(count: number, options?: { readonly timeoutMs?: number }): Promise<readonly RecordedRequest[]>;
  /** Stops listening and destroys all connections. Calling it again does nothing. */
  close(): Promise<void>;
}

/**
 * A webhook receiver for tests: a real HTTP server on loopback that records what arrives and answers as told, 204 when
 * told nothing. For receivers that break the rules of HTTP, see `createFaultReceiver`.
 *
 * A dispatcher refuses loopback unless it has `network: { allowPrivate: ['127.0.0.0/8'] }`.
 */
export interface Receiver extends RequestRecorder {
  /** Requests that were received and are not answered yet. */
  readonly waiting: number;
  /** Requests among them that are answered only by {@link release}. */
  readonly held: number;
  /** Queues replies for the next requests, one each: `reply(503, 503, 200)`. */
  reply(...replies: readonly Reply[]): Receiver;
  /** Sets the reply for all requests for which none is queued. Default 204. */
  always(reply: Reply): Receiver;
  /** Replies for one path alone; they come before those for all paths. A query in requests does not count. */
  on(path: string): Pick<ReplyScript, 'reply' | 'always'>;
  /** From now on records requests without answering them, until {@link release}. */
  hold(): void;
  /** Answers all held requests, and the following ones at once. */
  release(): void;
  /** Forgets all requests and replies. Held requests stay held. */
  clear(): void;
}
