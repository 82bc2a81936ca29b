import type { DeliveryState } from '../../core/delivery.ts';
import { LatencyCounter } from '../../core/latency.ts';
import type { AttemptCounts, StatsParams, StoreStats } from '../store.ts';
import { deliverySource } from './listing.ts';
import type { AttemptRow } from './rows.ts';
import type { Tables } from './tables.ts';
import { matchesAttempt, matchesDelivery, matchesUnmatched } from './where.ts';

/** Counts by reading: some milliseconds for a hundred thousand deliveries. */
export function stats(tables: Tables, params: StatsParams): StoreStats {
  return {
    at: tables.now(),
    unmatchedMessages: countUnmatched(tables, params),
    ...countDeliveries(tables, params),
    ...countAttempts(tables, params),
    lifetime: sumLanes(tables, params),
  };
}

function countUnmatched({ unmatched }: Tables, { where }: StatsParams): number {
  let count = 0;
  for (const row of unmatched.values()) if (!row.message.test && matchesUnmatched(where, row)) count += 1;
  return count;
}

function countDeliveries(
  tables: Tables,
  { where }: StatsParams,
): Pick<StoreStats, 'byState' | 'waitingForRetry'> {
  const byState: Record<DeliveryState, number> = {
    scheduled: 0,
    sending: 0,
    succeeded: 0,
    exhausted: 0,
    discarded: 0,
    failed: 0,
  };
  let waitingForRetry = 0;
  deliverySource(tables, where).scanUp(0, (row) => {
    if (row.message.message.test || !matchesDelivery(where, row)) return true;
    byState[row.state] += 1;
    if (row.state === 'scheduled' && row.attempts > 0) waitingForRetry += 1;
    return true;
  });
  return { byState, waitingForRetry };
}

/** Attempts are counted by whole minutes, as in stores that keep one count for each. */
const MINUTE_MS = 60_000;

type CountedAttempts = Pick<StoreStats, 'attempts' | 'lastDeliveredAt' | 'lastFailedAt' | 'buckets'>;

function countAttempts(tables: Tables, { where: asked, bucketMs }: StatsParams): CountedAttempts {
  const where = {
    ...asked,
    since: asked.since === undefined ? undefined : Math.floor(asked.since / MINUTE_MS) * MINUTE_MS,
    until: asked.until === undefined ? undefined : Math.ceil(asked.until / MINUTE_MS) * MINUTE_MS,
  };
  const attempts = new AttemptCounter();
  const buckets = new Map<number, AttemptCounter>();
  let lastDeliveredAt: number | undefined;
  let lastFailedAt: number | undefined;
  forEachAttempt(tables, where, (row) => {
    if (row.delivery.message.message.test || !matchesAttempt(where, row) || !attempts.add(row)) return;
    if (row.attempt.outcome === 'delivered')
      lastDeliveredAt = Math.max(lastDeliveredAt ?? row.startedAt, row.startedAt);
    else lastFailedAt = Math.max(lastFailedAt ?? row.startedAt, row.startedAt);
    if (bucketMs !== undefined && where.since !== undefined) {
      const index = Math.floor((row.startedAt - where.since) / bucketMs);
      let bucket = buckets.get(index);
      if (bucket === undefined) buckets.set(index, (bucket = new AttemptCounter()));
      bucket.add(row);
    }
  });
  return {
    attempts: attempts.result(),
    lastDeliveredAt,
    lastFailedAt,
    buckets: [...buckets]
      .sort(([a], [b]) => a - b)
      .map(([index, counter]) => ({ startAt: where.since! + index * bucketMs!, ...counter.result() })),
  };
}

class AttemptCounter {
  #delivered = 0;
  #failed = 0;
  readonly #latency = new LatencyCounter();

  /** False for an attempt that says nothing about the endpoint. */
  add({ attempt: { outcome, response, durationMs } }: AttemptRow): boolean {
    if (outcome === 'delivered') this.#delivered += 1;
    else if (outcome === 'endpoint_failed') this.#failed += 1;
    else return false;
    if (response !== undefined) this.#latency.add(durationMs);
    return true;
  }

  result(): AttemptCounts {
    return { delivered: this.#delivered, failed: this.#failed, latency: this.#latency.result() };
  }
}

/** Those of one endpoint are found through its deliveries. */
function forEachAttempt(
  tables: Tables,
  { endpointId }: StatsParams['where'],
  visit: (row: AttemptRow) => void,
): void {
  if (endpointId === undefined) {
    tables.attemptOrder.scanUp(0, (row) => {
      visit(row);
      return true;
    });
  } else {
    tables.ledgers.get(endpointId)?.deliveries.scanUp(0, (row) => {
      row.attemptLog?.forEach(visit);
      return true;
    });
  }
}

/** Of the endpoints that there are; those that share a lane count once. */
function sumLanes(tables: Tables, { where: { endpointId, tenant } }: StatsParams): StoreStats['lifetime'] {
  const laneIds = new Set<string>();
  if (endpointId !== undefined) laneIds.add(tables.endpoints.get(endpointId)?.record.lane ?? endpointId);
  else {
    tables.endpoints.ordered.scanUp(0, ({ record }) => {
      if (tenant === undefined || record.tenant === tenant) laneIds.add(record.lane ?? record.id);
      return true;
    });
  }
  const sum = { succeeded: 0, failed: 0, lastTriggeredAt: undefined as number | undefined };
  for (const id of laneIds) {
    const lane = tables.lanes.get(id);
    if (lane === undefined) continue;
    sum.succeeded += lane.succeeded;
    sum.failed += lane.failed;
    const times = [sum.lastTriggeredAt, lane.lastTriggeredAt].filter((time) => time !== undefined);
    if (times.length > 0) sum.lastTriggeredAt = Math.max(...times);
  }
  return sum;
}
