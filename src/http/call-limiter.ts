import type { Clock } from '../clock.ts';
import type { RateLimit } from '../core/endpoint.ts';
import { RateWindow } from '../core/rate-window.ts';
import { ApiError } from './api-error.ts';

/** Tenants that are remembered. When there are more, the one that called least recently begins anew. */
const MAX_TENANTS = 10_000;

/** Bounds how often each tenant may do something that costs others: in this process, and in memory. */
export class CallLimiter {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  readonly #windows = new Map<string, RateWindow>();

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** @throws ApiError when there were too many calls already */
  take(tenant: string): void {
    const now = this.#clock.elapsed();
    const window = this.#windows.get(tenant) ?? new RateWindow(this.#limit);
    this.#windows.delete(tenant);
    this.#windows.set(tenant, window);
    if (this.#windows.size > MAX_TENANTS) this.#windows.delete(this.#windows.keys().next().value!);
    const waitMs = window.nextAt(now) - now;
    if (waitMs > 0) {
      const { limit, intervalMs } = this.#limit;
      throw new ApiError(
        'rate_limited',
        `At most ${limit} such calls per ${intervalMs} ms. Wait, then try again.`,
        {
          headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
        },
      );
    }
    window.take(now, 1);
  }
}
