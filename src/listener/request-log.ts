import { joinHeaders, pairHeaders } from './raw-headers.ts';
import { RecordedRequest } from './recorded-request.ts';
import { RequestWaiters } from './request-waiters.ts';
import { verifyRequest, type VerifyOptions } from './verify-request.ts';

/** A request as it was read. */
export interface ReadRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** How many bytes there were; `body` may be fewer. */
  readonly bodyBytes: number;
}

/** Requests that arrived: counted all, kept the last ones. */
export class RequestLog {
  received = 0;
  readonly requests: RecordedRequest[] = [];
  readonly #limit: number;
  readonly #verify: VerifyOptions | undefined;
  readonly #waiters = new RequestWaiters(this, 'requests');

  /** @param limit requests to keep; the oldest go first */
  constructor(limit: number, verify?: VerifyOptions) {
    this.#limit = limit;
    this.#verify = verify;
  }

  /** Records a request. Those who wait for it hear of it by {@link notify}. */
  add({ method, path, rawHeaders, body, bodyBytes }: ReadRequest): RecordedRequest {
    const headers = joinHeaders(rawHeaders);
    const request = new RecordedRequest({
      index: this.received,
      method,
      path,
      headers,
      rawHeaders: pairHeaders(rawHeaders),
      body,
      bodyBytes,
      receivedAt: Date.now(),
      verification: this.#verify && verifyRequest({ headers, body }, this.#verify),
    });
    this.received += 1;
    this.requests.push(request);
    if (this.requests.length > this.#limit) this.requests.shift();
    return request;
  }

  notify(): void {
    this.#waiters.notify();
  }

  waitFor(
    count: number,
    { timeoutMs = DEFAULT_WAIT_MS }: WaitOptions = {},
  ): Promise<readonly RecordedRequest[]> {
    return this.#waiters.wait(count, timeoutMs);
  }

  clear(): void {
    this.requests.length = 0;
    this.received = 0;
  }

  /** Rejects all who still wait. */
  close(): void {
    this.#waiters.failAll('before the receiver was closed');
  }
}

/** How long to wait. */
export interface WaitOptions {
  /** Milliseconds of real time before the wait is given up. Default 5000. */
  readonly timeoutMs?: number;
}

/** Longest wait for what a test expects, unless it says otherwise. */
export const DEFAULT_WAIT_MS = 5_000;
