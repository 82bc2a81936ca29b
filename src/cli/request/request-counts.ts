import { createHash } from 'node:crypto';
import type { ReceivedRequest } from './received-request.ts';

/** Counts the requests of each message. Retries have the id of their message, or at least its body. */
export class RequestCounts {
  readonly #counts = new Map<string, number>();

  /** @returns the number of this one, from 1 */
  count(request: ReceivedRequest, id: string | undefined): number {
    const key = id ?? digestOf(request);
    const number = (this.#counts.get(key) ?? 0) + 1;
    // The one that came last is the last to go.
    this.#counts.delete(key);
    this.#counts.set(key, number);
    if (this.#counts.size > MAX_MESSAGES) this.#counts.delete(this.#counts.keys().next().value!);
    return number;
  }
}

const MAX_MESSAGES = 100_000;

function digestOf({ method, path, body }: ReceivedRequest): string {
  return createHash('sha256').update(`${method} ${path}\n`).update(body).digest('base64');
}
