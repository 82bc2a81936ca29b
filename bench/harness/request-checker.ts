import { createHmac, timingSafeEqual } from 'node:crypto';
import type { LoggedRequest } from './request-log.ts';

const SIGNATURE_PREFIX = 'v1,';
/** How far a signed time may be off, as receivers of Standard Webhooks have it. */
const TOLERANCE_SECONDS = 300;
const MAX_PROBLEMS = 5;

/** What came of some requests. */
export interface CheckedRequests {
  readonly received: number;
  /** Requests with a valid, fresh signature; each message counts once at each path of each origin. */
  readonly verified: number;
  /** Why the others do not count; the first few. */
  readonly problems: readonly string[];
}

/** Verifies requests one by one. */
export class RequestChecker {
  readonly #key: Buffer;
  readonly #seen = new Set<string>();
  readonly #problems: string[] = [];
  #received = 0;

  constructor(secret: string) {
    this.#key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  }

  get result(): CheckedRequests {
    return { received: this.#received, verified: this.#seen.size, problems: this.#problems };
  }

  /** Whether a request is all right. What is wrong is noted. */
  check(request: LoggedRequest): boolean {
    this.#received += 1;
    const problem = this.#problemOf(request);
    if (problem !== undefined && this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
    return problem === undefined;
  }

  #problemOf({ head, body }: LoggedRequest): string | undefined {
    const id = headerOf(head, 'webhook-id');
    const timestamp = headerOf(head, 'webhook-timestamp');
    const given = Buffer.from(headerOf(head, 'webhook-signature').slice(SIGNATURE_PREFIX.length), 'base64');
    const expected = createHmac('sha256', this.#key).update(`${id}.${timestamp}.`).update(body).digest();
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return `${id}: wrong signature`;
    if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return `${id}: stale`;
    const place = `${headerOf(head, 'host')} ${head.slice(0, head.indexOf('\r\n'))}`;
    if (this.#seen.has(`${place} ${id}`)) return `${id}: came twice`;
    this.#seen.add(`${place} ${id}`);
    return undefined;
  }
}

function headerOf(head: string, name: string): string {
  const start = head.toLowerCase().indexOf(`\r\n${name}:`);
  if (start < 0) return '';
  const end = head.indexOf('\r\n', start + 2);
  return head.slice(start + name.length + 3, end < 0 ? undefined : end).trim();
}
