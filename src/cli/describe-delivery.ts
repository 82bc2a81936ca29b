/** Deliveries and their attempts for people. */
import type { DeliveryDetailResource, DeliveryResource } from '../http/index.ts';
import { formatFields, formatTable } from './output/format-table.ts';
import { formatDuration, formatTime } from './output/format-time.ts';
import type { Output } from './output/output.ts';

export function describeDeliveries(deliveries: readonly DeliveryResource[], output: Output): string {
  if (deliveries.length === 0) return 'No deliveries.';
  return formatTable(deliveries, [
    { heading: 'CREATED', cell: (delivery) => formatTime(delivery.created_at) },
    { heading: 'ID', cell: ({ id }) => id },
    { heading: 'EVENT', cell: (delivery) => delivery.event_type },
    { heading: 'ENDPOINT', cell: (delivery) => delivery.webhook_id },
    { heading: 'STATE', cell: stateOf },
    { heading: 'ATTEMPTS', cell: ({ attempts }) => attempts },
    { heading: 'NEXT', cell: (delivery) => formatTime(delivery.next_attempt_at) },
  ]).replace(/^.*/, (heading) => output.tone('strong', heading));
}

export function describeDelivery(delivery: DeliveryDetailResource, output: Output): string {
  const fields = formatFields([
    ['Delivery', delivery.id],
    ['Event', delivery.event_type],
    ['Message', delivery.message_id],
    ['Endpoint', delivery.webhook_id],
    ['State', stateOf(delivery)],
    ['Attempts', delivery.attempts],
    ['Next attempt', formatTime(delivery.next_attempt_at)],
    ['Created', formatTime(delivery.created_at)],
    ['Ended', formatTime(delivery.finished_at)],
  ]);
  if (delivery.attempt_log.length === 0) return `${fields}\n\nNo attempt yet.`;
  const log = formatTable(delivery.attempt_log, [
    { heading: '#', cell: ({ attempt }) => attempt },
    { heading: 'STARTED', cell: (entry) => formatTime(entry.started_at) },
    { heading: 'OUTCOME', cell: ({ outcome }) => outcome },
    { heading: 'STATUS', cell: ({ response }) => response?.status },
    { heading: 'REASON', cell: ({ reason }) => reason },
    { heading: 'TOOK', cell: (entry) => formatDuration(entry.duration_ms) },
    { heading: 'DETAIL', cell: ({ detail }) => detail },
  ]).replace(/^.*/, (heading) => output.tone('strong', heading));
  return `${fields}\n\n${log}`;
}

export function stateOf({ state, reason, test }: DeliveryResource): string {
  return `${state}${reason === undefined ? '' : ` (${reason})`}${test ? ', test' : ''}`;
}
