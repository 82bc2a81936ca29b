import { detailForOwner } from '../../core/owner-detail.ts';
import type { Attempt, Delivery } from '../../core/delivery.ts';
import type { StoredResponse } from '../../core/stored-response.ts';
import type { EndpointTestResult } from '../../endpoints.ts';
import type { DeliveryWithAttempts } from '../../index.ts';
import type { ReplayResult } from '../../index.ts';
import type {
  DeliveryDetailResource,
  DeliveryResource,
  ReplayResultResource,
  TestResultResource,
} from '../schema/delivery.ts';

export function toDelivery(delivery: Delivery): DeliveryResource {
  return {
    id: delivery.id,
    message_id: delivery.messageId,
    webhook_id: delivery.endpointId,
    event_type: delivery.type,
    state: delivery.state,
    reason: delivery.reason,
    attempts: delivery.attempts,
    next_attempt_at: delivery.state === 'scheduled' ? delivery.dueAt : undefined,
    created_at: delivery.createdAt,
    first_attempt_at: delivery.firstAttemptAt,
    finished_at: delivery.finishedAt,
    test: delivery.test,
  };
}

export function toDeliveryDetail(delivery: DeliveryWithAttempts): DeliveryDetailResource {
  return { ...toDelivery(delivery), attempt_log: delivery.attemptLog.map(toAttempt) };
}

export function toReplayResult(result: ReplayResult): ReplayResultResource {
  const { messages, retried, skipped, asOf, dryRun } = result;
  return { messages, retried, created: result.created, skipped, as_of: asOf, dry_run: dryRun };
}

export function toTestResult(webhookId: string, result: EndpointTestResult): TestResultResource {
  return {
    webhook_id: webhookId,
    message_id: result.messageId,
    delivery_id: result.deliveryId,
    delivered: result.delivered,
    status: result.status,
    outcome: result.outcome,
    reason: result.reason,
    detail: detailForOwner(result.reason, result.detail),
    duration_ms: result.durationMs,
    response: toResponse(result.response),
  };
}

function toAttempt({ attempt, startedAt, ...rest }: Attempt): DeliveryDetailResource['attempt_log'][number] {
  return {
    attempt,
    started_at: startedAt,
    outcome: rest.outcome,
    reason: rest.reason,
    detail: detailForOwner(rest.reason, rest.detail),
    duration_ms: rest.durationMs,
    response: toResponse(rest.response),
  };
}

function toResponse(response: StoredResponse | undefined): TestResultResource['response'] {
  if (response === undefined) return undefined;
  return {
    status: response.status,
    headers: { ...response.headers },
    body: response.body,
    body_encoding: response.bodyEncoding,
    body_truncated: response.bodyTruncated,
    body_complete: response.bodyComplete,
  };
}
