/** How events call a message; never with its data. */
import type { Delivery } from '../core/delivery.ts';
import type { Message } from '../core/message.ts';
import type { MessageRef } from '../lifecycle-events.ts';

export function toMessageRef(message: Message): MessageRef {
  return { id: message.id, type: message.type, tenant: message.tenant, metadata: message.metadata };
}

export function pickMessage(
  message: Pick<Message, 'id' | 'type' | 'tenant'>,
): Pick<Message, 'id' | 'type' | 'tenant'> {
  return { id: message.id, type: message.type, tenant: message.tenant };
}

export function messageOf(delivery: Delivery): Pick<Message, 'id' | 'type' | 'tenant'> {
  return { id: delivery.messageId, type: delivery.type, tenant: delivery.tenant };
}
