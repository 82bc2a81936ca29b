import type { MessageRecord } from '../../records.ts';
import type { Receipt } from '../../index.ts';
import type { MessageDetailResource, MessageResource, ReceiptResource } from '../schema/message.ts';

export function toMessage(message: MessageRecord): MessageResource {
  return {
    id: message.id,
    event_type: message.type,
    timestamp: message.timestamp,
    created_at: message.createdAt,
    idempotency_key: message.idempotencyKey,
    ordering_key: message.orderingKey,
    metadata: message.metadata,
    test: message.test,
    fanned_out: message.fannedOut,
  };
}

export function toMessageDetail(message: MessageRecord): MessageDetailResource {
  return { ...toMessage(message), data: message.data };
}

export function toReceipt({ id, duplicate, deliveries }: Receipt): ReceiptResource {
  return {
    id,
    duplicate,
    deliveries: deliveries.map((delivery) => ({ id: delivery.id, webhook_id: delivery.endpointId })),
  };
}
