/** Deliveries: what became of messages, and trying again. */
import { ApiError } from '../api-error.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { toDelivery, toDeliveryDetail, toReplayResult } from '../resource/delivery-resource.ts';
import { toStats } from '../resource/insight-resource.ts';
import {
  deliveriesQuery,
  deliveryDetailSchema,
  deliverySchema,
  replayResultSchema,
  replaySchema,
  retryFailedSchema,
} from '../schema/delivery.ts';
import { statsQuery, statsSchema } from '../schema/insight.ts';
import { ownDelivery, ownWebhook } from '../tenant-wall.ts';

const list = defineOperation({
  name: 'listDeliveries',
  method: 'get',
  path: '/deliveries',
  tag: 'Deliveries',
  summary: 'List deliveries, newest first',
  scope: 'read',
  query: deliveriesQuery,
  kind: 'delivery',
  schema: deliverySchema,
  isList: true,
  async run({ dispatcher, caller, query }) {
    const {
      state: states,
      event_type: types,
      webhook_id: endpointId,
      message_id: messageId,
      ...rest
    } = query;
    const where = { ...rest, states, types, endpointId, messageId, tenant: caller.tenant };
    const { items, nextCursor } = await dispatcher.deliveries.list(where);
    return { data: items.map(toDelivery), nextCursor };
  },
});

const get = defineOperation({
  name: 'getDelivery',
  method: 'get',
  path: '/deliveries/{id}',
  tag: 'Deliveries',
  summary: 'Read a delivery with its attempts',
  scope: 'read',
  kind: 'delivery_detail',
  schema: deliveryDetailSchema,
  failures: [404],
  run: async (call) => ({ data: toDeliveryDetail(await ownDelivery(call, call.id)) }),
});

const retry = defineOperation({
  name: 'retryDelivery',
  method: 'post',
  path: '/deliveries/{id}/retry',
  tag: 'Deliveries',
  summary: 'Try a delivery again: due now, with a fresh run of its retries',
  scope: 'write',
  kind: 'delivery',
  schema: deliverySchema,
  status: 202,
  limited: 'replay',
  failures: [404],
  async run(call) {
    const { id } = await ownDelivery(call, call.id);
    return { data: toDelivery(await call.dispatcher.deliveries.retry(id)) };
  },
});

const cancel = defineOperation({
  name: 'cancelDelivery',
  method: 'post',
  path: '/deliveries/{id}/cancel',
  tag: 'Deliveries',
  summary: 'Call a delivery off; one that has ended stays as it is',
  scope: 'write',
  kind: 'delivery',
  schema: deliverySchema,
  failures: [404],
  async run(call) {
    const { id } = await ownDelivery(call, call.id);
    return { data: toDelivery(await call.dispatcher.deliveries.cancel(id)) };
  },
});

const queueStats = defineOperation({
  name: 'getQueueStats',
  method: 'get',
  path: '/queue/stats',
  tag: 'Deliveries',
  summary: 'All deliveries in numbers',
  scope: 'read',
  query: statsQuery,
  kind: 'stats',
  schema: statsSchema,
  async run({ dispatcher, caller, query: { since, until } }) {
    const counted = await dispatcher.stats({ tenant: caller.tenant, since, until });
    return { data: toStats(counted, since === undefined && until === undefined) };
  },
});

const retryFailed = defineOperation({
  name: 'retryFailed',
  method: 'post',
  path: '/queue/retry-failed',
  tag: 'Deliveries',
  summary: 'Try all deliveries again that were given up: of everything, of one webhook, or of a time',
  scope: 'write',
  body: { schema: retryFailedSchema, required: false },
  kind: 'replay_result',
  schema: replayResultSchema,
  status: 202,
  limited: 'replay',
  failures: [404],
  async run(call) {
    const { dispatcher, caller, body } = call;
    const endpointId = body.webhook_id ?? body.webhookId;
    if (body.webhook_id !== undefined && body.webhookId !== undefined && body.webhook_id !== body.webhookId)
      throw new ApiError('invalid_request', 'webhookId: expected the same as webhook_id, or nothing.', {
        field: 'webhookId',
      });
    if (endpointId !== undefined) await ownWebhook(call, endpointId);
    const { since, until, as_of: asOf, dry_run: dryRun } = body;
    const result = await dispatcher.replay({
      endpointId,
      tenant: caller.tenant,
      states: ['exhausted', 'failed'],
      since,
      until,
      asOf,
      dryRun,
    });
    return { data: toReplayResult(result) };
  },
});

const replay = defineOperation({
  name: 'replay',
  method: 'post',
  path: '/queue/replay',
  tag: 'Deliveries',
  summary: 'Send stored messages again, also to webhooks that were created or made active later',
  scope: 'write',
  body: { schema: replaySchema, required: false },
  kind: 'replay_result',
  schema: replayResultSchema,
  status: 202,
  limited: 'replay',
  failures: [404],
  async run(call) {
    const { webhook_id: endpointId, event_type: types, states, message_ids: messageIds, ...rest } = call.body;
    if (endpointId !== undefined) await ownWebhook(call, endpointId);
    const { since, until, as_of: asOf, dry_run: dryRun, create_missing: createMissing } = rest;
    const result = await call.dispatcher.replay({
      endpointId,
      tenant: call.caller.tenant,
      types,
      states,
      messageIds,
      createMissing,
      since,
      until,
      asOf,
      dryRun,
    });
    return { data: toReplayResult(result) };
  },
});

export const deliveryOperations: readonly Operation[] = [
  list,
  get,
  retry,
  cancel,
  queueStats,
  retryFailed,
  replay,
];
