/** What is there to know: event types, who would get a message, how the dispatcher is doing. */
import { defineOperation, type Operation } from '../operation.ts';
import type { JsonObject } from '../../core/json.ts';
import { toEventType, toExplanation, toHealth } from '../resource/insight-resource.ts';
import { eventTypeSchema, explainInputSchema, explanationSchema, healthSchema } from '../schema/insight.ts';
import { ownWebhook } from '../tenant-wall.ts';

const eventTypes = defineOperation({
  name: 'listEventTypes',
  method: 'get',
  path: '/event-types',
  tag: 'Insight',
  summary: 'The event types of the catalog, with their schemas; none without a catalog',
  scope: 'read',
  kind: 'event_type',
  schema: eventTypeSchema,
  isList: true,
  run: async ({ dispatcher }) => ({ data: dispatcher.eventTypes().map(toEventType) }),
});

const explain = defineOperation({
  name: 'explain',
  method: 'post',
  path: '/explain',
  tag: 'Insight',
  summary: 'Which webhooks would get a message, and why the others would not; nothing is sent',
  scope: 'read',
  body: { schema: explainInputSchema, required: true },
  kind: 'explanation',
  schema: explanationSchema,
  isList: true,
  failures: [404],
  async run(call) {
    const { event_type, data, metadata, webhook_id: endpointId, cursor, limit } = call.body;
    if (endpointId !== undefined) await ownWebhook(call, endpointId);
    const { items, nextCursor } = await call.dispatcher.explain(event_type, data, {
      tenant: call.caller.tenant,
      metadata: metadata as JsonObject | undefined,
      endpointId,
      cursor,
      limit,
    });
    return { data: items.map(toExplanation), nextCursor };
  },
});

const health = defineOperation({
  name: 'getHealth',
  method: 'get',
  path: '/health',
  tag: 'Insight',
  summary: 'How the dispatcher is doing',
  scope: 'read',
  kind: 'health',
  schema: healthSchema,
  run: async ({ dispatcher }) => ({ data: toHealth(await dispatcher.health()) }),
});

export const insightOperations: readonly Operation[] = [eventTypes, explain, health];
