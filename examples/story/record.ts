import type { Attempt, WebhookDispatcher } from 'posthorn';
import type { RecordedDelivery } from './verdict.ts';

/** Everything the dispatcher has on record, oldest first. */
export async function readRecord(dispatcher: WebhookDispatcher): Promise<RecordedDelivery[]> {
  const { items } = await dispatcher.deliveries.list({ limit: 500 }); // newest first
  const deliveries = await Promise.all(items.toReversed().map(({ id }) => dispatcher.deliveries.get(id)));
  return deliveries.map(({ id, endpointId, type, state, attemptLog }) => ({
    id,
    endpoint: endpointId,
    type,
    state,
    attempts: attemptLog.map(describeAttempt),
  }));
}

function describeAttempt({ response, reason }: Attempt): string {
  return response === undefined ? (reason ?? 'interrupted') : `HTTP ${response.status}`;
}
