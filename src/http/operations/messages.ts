/** Messages: what was emitted, and emitting over HTTP. */
import { defineOperation, type Operation } from '../operation.ts';
import { toMessage, toMessageDetail, toReceipt } from '../resource/message-resource.ts';
import {
  messageDetailSchema,
  messageInputSchema,
  messageSchema,
  messagesQuery,
  receiptSchema,
} from '../schema/message.ts';
import type { JsonObject } from '../../core/json.ts';
import { ownMessage } from '../tenant-wall.ts';

const list = defineOperation({
  name: 'listMessages',
  method: 'get',
  path: '/messages',
  tag: 'Messages',
  summary: 'List messages, newest first, without their data',
  scope: 'read',
  query: messagesQuery,
  kind: 'message',
  schema: messageSchema,
  isList: true,
  async run({ dispatcher, caller, query: { event_type: types, ...rest } }) {
    const { items, nextCursor } = await dispatcher.messages.list({ ...rest, types, tenant: caller.tenant });
    return { data: items.map(toMessage), nextCursor };
  },
});

const get = defineOperation({
  name: 'getMessage',
  method: 'get',
  path: '/messages/{id}',
  tag: 'Messages',
  summary: 'Read a message with its data',
  scope: 'read',
  kind: 'message_detail',
  schema: messageDetailSchema,
  failures: [404],
  run: async (call) => ({ data: toMessageDetail(await ownMessage(call, call.id)) }),
});

const create = defineOperation({
  name: 'createMessage',
  method: 'post',
  path: '/messages',
  tag: 'Messages',
  summary: 'Emit an event to the webhooks that asked for it',
  description: 'When it is answered, the message is stored; sending follows.',
  scope: 'write',
  body: { schema: messageInputSchema, required: true },
  requestHeaders: {
    'Idempotency-Key':
      'A second call with the same key and content stores nothing, and answers with the first message',
  },
  kind: 'receipt',
  schema: receiptSchema,
  status: 202,
  failures: [409],
  async run({ dispatcher, caller, body, headers }) {
    const { event_type, data, metadata, ordering_key: orderingKey, timestamp } = body;
    const receipt = await dispatcher.emit(event_type, data, {
      tenant: caller.tenant,
      metadata: metadata as JsonObject | undefined,
      orderingKey,
      timestamp,
      idempotencyKey: headers.get('idempotency-key') ?? undefined,
    });
    return { data: toReceipt(receipt) };
  },
});

export const messageOperations: readonly Operation[] = [list, get, create];
