import type { EventTypeDescription } from '../../core/event-type-description.ts';
import type { EndpointExplanation } from '../../explain.ts';
import type { Health } from '../../health.ts';
import type { Stats } from '../../stats.ts';
import type {
  EventTypeResource,
  ExplanationResource,
  HealthResource,
  StatsResource,
} from '../schema/insight.ts';

/** @param isLifetime counts since the webhooks were created, instead of what is kept of a stretch of time */
export function toStats(stats: Stats, isLifetime: boolean): StatsResource {
  const { byState, latency, lifetime } = stats;
  const succeeded = isLifetime ? lifetime.succeeded : byState.succeeded;
  const failed = isLifetime ? lifetime.failed : byState.exhausted + byState.failed;
  return {
    total_deliveries: succeeded + failed,
    successful_deliveries: succeeded,
    failed_deliveries: failed,
    retry_queue_size: stats.waitingForRetry,
    pending_deliveries: stats.pending,
    unmatched_messages: stats.unmatchedMessages,
    by_state: { ...byState },
    success_rate: stats.successRate,
    latency: {
      count: latency.count,
      p50_ms: latency.p50Ms,
      p90_ms: latency.p90Ms,
      p95_ms: latency.p95Ms,
      p99_ms: latency.p99Ms,
      max_ms: latency.maxMs,
    },
    last_delivered_at: stats.lastDeliveredAt,
    last_failed_at: stats.lastFailedAt,
    consecutive_failures: stats.consecutiveFailures,
  };
}

export function toEventType(description: EventTypeDescription): EventTypeResource {
  return {
    event_type: description.type,
    description: description.description,
    examples: [...description.examples],
    deprecated: description.deprecated,
    json_schema: description.jsonSchema,
  };
}

export function toExplanation(explanation: EndpointExplanation): ExplanationResource {
  const { endpointId, name, url, receives, verdict, reason } = explanation;
  return { webhook_id: endpointId, name, url, receives, verdict, reason };
}

/** Nothing that would tell one tenant of the others. */
export function toHealth({ status, whilePaused, storeProblem, lastClaimAt }: Health): HealthResource {
  return {
    status,
    paused: whilePaused !== undefined,
    store_problem: storeProblem !== undefined,
    last_claim_at: lastClaimAt,
  };
}
