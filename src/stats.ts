/** `dispatcher.stats`: how deliveries go, in numbers. */
import { z } from 'zod';
import type { DeliveryState } from './core/delivery.ts';
import { LatencyCounter, type LatencySummary, summarizeLatency } from './core/latency.ts';
import type { Engine } from './engine/engine.ts';
import { NotFoundError, OptionsError } from './errors.ts';
import { parseListRequest, rangeShape, soughtName } from './page-request.ts';
import type { AttemptCounts, LifetimeCounts, StoreStats } from './store/store.ts';

/** What `stats` counts. Members that are left out do not restrict. */
export interface StatsRequest {
  /** Only this endpoint. Default: all. */
  endpointId?: string | undefined;
  /** Only this tenant. Default: all. */
  tenant?: string | undefined;
  /**
   * Only deliveries created, and attempts begun, at or after; Date or epoch ms. Default: all that retention keeps. Attempts
   * are counted by whole minutes: the minute that `since` is in counts in full, and so does that of `until`.
   */
  since?: Date | number | undefined;
  /** Only deliveries created, and attempts begun, before; Date or epoch ms. Default: until now. */
  until?: Date | number | undefined;
  /**
   * Counts attempts once more, by stretches of this length that begin with the minute `since` is in. Needs `since`; a
   * multiple of 60000 (a minute), and at most 1,000 stretches. Default: not.
   */
  bucketMs?: number | undefined;
}

/** Attempts of a stretch of time. */
export interface StatsBucket {
  /** When it begins, epoch ms. */
  readonly startAt: number;
  /** Attempts that were delivered. */
  readonly delivered: number;
  /** Attempts that the endpoint failed. */
  readonly failed: number;
  /** How long the attempts took that got an answer. */
  readonly latency: LatencySummary;
}

/** Numbers of deliveries and attempts. Test messages do not count. Instants are epoch ms. */
export interface Stats {
  /** The time of the store when it counted. */
  readonly at: number;
  /** Deliveries in each state. */
  readonly byState: Readonly<Record<DeliveryState, number>>;
  /** Deliveries that are `scheduled` or `sending`. */
  readonly pending: number;
  /** Scheduled deliveries that were attempted before. */
  readonly waitingForRetry: number;
  /**
   * Messages that were stored and are not matched with endpoints yet, so that they have no deliveries: a process that delivers does that within a poll
   * interval. Those of a transactional outbox, and of processes that do not deliver. By the instant they were stored; `undefined` with `endpointId`.
   */
  readonly unmatchedMessages: number | undefined;
  /** Deliveries that succeeded, as a share (0 to 1) of those that succeeded, were exhausted or failed; `undefined` when there are none. */
  readonly successRate: number | undefined;
  /** Attempts that were delivered, and those that the endpoint failed. The dispatcher's own faults and interruptions are neither. */
  readonly attempts: { readonly delivered: number; readonly failed: number };
  /** How long the attempts took that got an answer, whatever it was. */
  readonly latency: LatencySummary;
  /** Start of the last attempt that was delivered. */
  readonly lastDeliveredAt: number | undefined;
  /** Start of the last attempt that the endpoint failed. */
  readonly lastFailedAt: number | undefined;
  /**
   * Attempts that failed since the last one that was delivered, whatever `since` says; `undefined` without `endpointId`.
   * Of a hidden endpoint: those of all that share its lane.
   */
  readonly consecutiveFailures: number | undefined;
  /**
   * Deliveries that ended since the endpoints were created: `since`, `until` and retention do not touch them. Endpoints that
   * were removed are left out, and, without `endpointId`, hidden ones, whose deliveries `byState` counts. With the
   * `endpointId` of a hidden endpoint: those of all that share its lane.
   */
  readonly lifetime: LifetimeCounts;
  /** Empty stretches included; `undefined` without `bucketMs`. */
  readonly buckets: readonly StatsBucket[] | undefined;
}

const MAX_BUCKETS = 1_000;
const MINUTE_MS = 60_000;

const name = soughtName.optional();
const schema = z.strictObject({
  endpointId: name,
  tenant: name,
  ...rangeShape,
  bucketMs: z
    .number()
    .int()
    .refine((ms) => ms >= MINUTE_MS && ms % MINUTE_MS === 0, `a multiple of ${MINUTE_MS}`)
    .optional(),
});

/** @param now the time of the dispatcher, by which the number of buckets is judged */
export async function readStats(
  request: StatsRequest | undefined,
  engine: () => Promise<Engine>,
  now: number,
): Promise<Stats> {
  const { bucketMs, ...where } = parseListRequest(schema, request);
  const since = where.since === undefined ? undefined : Math.floor(where.since / MINUTE_MS) * MINUTE_MS;
  checkBuckets(since, where.until ?? now + 1, bucketMs);
  const { endpoints, deliveries } = await engine();
  let consecutiveFailures: number | undefined;
  if (where.endpointId !== undefined) {
    const { record, lane } = await endpoints.get(where.endpointId);
    if (where.tenant !== undefined && record.tenant !== where.tenant)
      throw new NotFoundError('endpoint', where.endpointId);
    ({ consecutiveFailures } = lane);
  }
  const stats = await deliveries.stats({ where, bucketMs });
  const { byState, attempts, buckets, unmatchedMessages, ...rest } = stats;
  const judged = byState.succeeded + byState.exhausted + byState.failed;
  return {
    ...rest,
    byState,
    pending: byState.scheduled + byState.sending,
    unmatchedMessages: where.endpointId === undefined ? unmatchedMessages : undefined,
    successRate: judged === 0 ? undefined : byState.succeeded / judged,
    attempts: { delivered: attempts.delivered, failed: attempts.failed },
    latency: summarizeLatency(attempts.latency),
    consecutiveFailures,
    buckets:
      bucketMs === undefined || since === undefined
        ? undefined
        : fillBuckets(buckets, since, where.until ?? stats.at + 1, bucketMs),
  };
}

function checkBuckets(since: number | undefined, until: number, bucketMs: number | undefined): void {
  if (bucketMs === undefined) return;
  if (since === undefined)
    throw new OptionsError('since', 'since: expected a Date or epoch ms to go with bucketMs, got undefined.');
  const count = Math.ceil((until - since) / bucketMs);
  if (count > MAX_BUCKETS)
    throw new OptionsError(
      'bucketMs',
      `bucketMs: expected at most ${MAX_BUCKETS} buckets, got ${count}. Make them longer, or the time shorter.`,
    );
}

/** A store tells only of stretches in which something happened. */
function fillBuckets(
  found: StoreStats['buckets'],
  since: number,
  until: number,
  bucketMs: number,
): StatsBucket[] {
  const byStart = new Map<number, AttemptCounts>(found.map((bucket) => [bucket.startAt, bucket]));
  const none: AttemptCounts = { delivered: 0, failed: 0, latency: new LatencyCounter().result() };
  const buckets: StatsBucket[] = [];
  for (let startAt = since; startAt < until && buckets.length < MAX_BUCKETS; startAt += bucketMs) {
    const { delivered, failed, latency } = byStart.get(startAt) ?? none;
    buckets.push({ startAt, delivered, failed, latency: summarizeLatency(latency) });
  }
  return buckets;
}
