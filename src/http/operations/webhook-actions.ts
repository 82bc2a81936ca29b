/** What can be done with one webhook. */
import { ApiError } from '../api-error.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { readInput } from '../read-input.ts';
import { toDelivery, toTestResult } from '../resource/delivery-resource.ts';
import { toStats } from '../resource/insight-resource.ts';
import { toRotatedSecret } from '../resource/webhook-resource.ts';
import { deliverySchema, testResultSchema, webhookDeliveriesQuery } from '../schema/delivery.ts';
import { statsQuery, statsSchema } from '../schema/insight.ts';
import { rotatedSecretSchema, rotationInputSchema, webhookSchema } from '../schema/webhook.ts';
import { ownWebhook } from '../tenant-wall.ts';
import { answerWith } from './webhooks.ts';

const test = defineOperation({
  name: 'testWebhook',
  method: 'post',
  path: '/{id}/test',
  tag: 'Webhooks',
  summary: 'Send a test message now, and tell what came of it',
  description:
    'Sent once, whatever the state of the webhook. A delivery that failed is a success of this call: `delivered` says which.',
  scope: 'write',
  kind: 'test_result',
  schema: testResultSchema,
  limited: 'test',
  failures: [404],
  async run(call) {
    const { id } = await ownWebhook(call, call.id);
    return { data: toTestResult(id, await call.dispatcher.endpoints.test(id)) };
  },
});

const stats = defineOperation({
  name: 'getWebhookStats',
  method: 'get',
  path: '/{id}/stats',
  tag: 'Webhooks',
  summary: 'Deliveries of a webhook in numbers',
  scope: 'read',
  query: statsQuery,
  kind: 'stats',
  schema: statsSchema,
  failures: [404],
  async run(call) {
    const { id, tenant } = await ownWebhook(call, call.id);
    const { since, until } = call.query;
    const counted = await call.dispatcher.stats({ endpointId: id, tenant, since, until });
    return { data: toStats(counted, since === undefined && until === undefined) };
  },
});

const deliveries = defineOperation({
  name: 'listWebhookDeliveries',
  method: 'get',
  path: '/{id}/deliveries',
  tag: 'Webhooks',
  summary: 'List the deliveries of a webhook, newest first',
  scope: 'read',
  query: webhookDeliveriesQuery,
  kind: 'delivery',
  schema: deliverySchema,
  isList: true,
  failures: [404],
  async run(call) {
    const { id, tenant } = await ownWebhook(call, call.id);
    const { state: states, event_type: types, ...rest } = call.query;
    const page = await call.dispatcher.deliveries.list({ ...rest, states, types, endpointId: id, tenant });
    return { data: page.items.map(toDelivery), nextCursor: page.nextCursor };
  },
});

const rotateSecret = defineOperation({
  name: 'rotateWebhookSecret',
  method: 'post',
  path: '/{id}/rotate-secret',
  tag: 'Webhooks',
  summary: 'Give a webhook a new secret',
  description: 'The previous ones go on signing for a while. No later answer has the new one.',
  scope: 'secrets',
  body: { schema: rotationInputSchema, required: false },
  kind: 'rotated_secret',
  schema: rotatedSecretSchema,
  failures: [404],
  async run(call) {
    const { id } = await ownWebhook(call, call.id);
    const { secret, grace_ms: graceMs, switch_at } = readInput(rotationInputSchema, call.body);
    const rotated = await call.dispatcher.endpoints.rotateSecret(id, {
      secret: secret as string | undefined,
      graceMs,
      switchAt: switch_at === 'grace_end' ? 'graceEnd' : switch_at,
    });
    return { data: toRotatedSecret(rotated) };
  },
});

const pause = defineOperation({
  name: 'pauseWebhook',
  method: 'post',
  path: '/{id}/pause',
  tag: 'Webhooks',
  summary: 'Hold the deliveries of a webhook until it is resumed',
  scope: 'write',
  kind: 'webhook',
  schema: webhookSchema,
  failures: [404],
  async run(call) {
    const { id } = await ownWebhook(call, call.id);
    await call.dispatcher.endpoints.pause(id);
    return answerWith(await ownWebhook(call, id), call);
  },
});

const resume = defineOperation({
  name: 'resumeWebhook',
  method: 'post',
  path: '/{id}/resume',
  tag: 'Webhooks',
  summary: 'Send what was held, also where a receiver or the breaker blocks',
  scope: 'write',
  kind: 'webhook',
  schema: webhookSchema,
  failures: [404, 409],
  async run(call) {
    const { id, active } = await ownWebhook(call, call.id).then(({ id: own, status }) => ({
      id: own,
      active: status === 'enabled',
    }));
    if (!active)
      throw new ApiError('conflict', 'The webhook is not active. Set active to true, which resumes it.', {
        field: 'active',
      });
    await call.dispatcher.endpoints.resume(id);
    return answerWith(await ownWebhook(call, id), call);
  },
});

export const webhookActions: readonly Operation[] = [test, stats, deliveries, rotateSecret, pause, resume];
