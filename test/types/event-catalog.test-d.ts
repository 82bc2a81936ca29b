import { EventEmitter } from 'node:events';
import {
  type DeliverySucceededEvent,
  defineEvents,
  type DispatcherOptions,
  type EventCatalog,
  type EventPattern,
  type EventTypeDescription,
  type InferEvents,
  type OperationalEventType,
  type Receipt,
  renderEventCatalog,
  type StandardSchema,
  WebhookDispatcher,
} from 'posthorn';
import { createHarness } from 'posthorn/testing';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const catalog = defineEvents({
  'job.completed': z.object({ jobId: z.string(), pages: z.coerce.number<string>().default(1) }),
  'job.step.failed': {
    schema: v.object({ jobId: v.string(), error: v.optional(v.string()) }),
    description: 'A step failed.',
    deprecated: 'Use job.failed.',
    examples: [{ jobId: '42' }],
  },
});
type Events = InferEvents<typeof catalog>;
type Type = 'job.completed' | 'job.step.failed';

describe('defineEvents', () => {
  it('infers the data that the schemas take', () => {
    expectTypeOf<Events>().toEqualTypeOf<{
      'job.completed': { jobId: string; pages?: string | undefined };
      'job.step.failed': { jobId: string; error?: string | undefined };
    }>();
  });

  it('takes schemas and definitions only', () => {
    // @ts-expect-error no schema
    defineEvents({ 'job.completed': { jobId: 'string' } });
    // @ts-expect-error a definition needs a schema
    defineEvents({ 'job.completed': { description: 'x' } });
    // @ts-expect-error no such key
    defineEvents({ 'job.completed': { schema: z.string(), descripton: 'x' } });
    // @ts-expect-error not a text
    defineEvents({ 'job.completed': { schema: z.string(), description: 7 } });
  });

  it('takes schemas of any library', () => {
    const schema: StandardSchema<{ id: string }, { id: number }> = {
      '~standard': { version: 1, vendor: 'hand', validate: () => ({ value: { id: 1 } }) },
    };
    const events = defineEvents({ 'a.b': schema });
    expectTypeOf<InferEvents<typeof events>>().toEqualTypeOf<{ 'a.b': { id: string } }>();
    // @ts-expect-error the schema takes a text
    void new WebhookDispatcher({ events }).emit('a.b', { id: 1 });
  });

  it('gives a catalog that passes for any', () => {
    const any: EventCatalog = catalog;
    renderEventCatalog(any, { title: 'Webhooks' });
    // @ts-expect-error no such option
    renderEventCatalog(catalog, { heading: 'Webhooks' });
  });
});

describe('a dispatcher with a catalog', () => {
  const dispatcher = new WebhookDispatcher({ events: catalog, maxConcurrency: 5 });

  it('emits its events', () => {
    expectTypeOf(dispatcher).toEqualTypeOf<WebhookDispatcher<Events>>();
    expectTypeOf(dispatcher.emit('job.completed', { jobId: '42' })).toEqualTypeOf<Promise<Receipt>>();
    void dispatcher.emit('job.completed', { jobId: '42', pages: '3' });
    // @ts-expect-error no such event
    void dispatcher.emit('job.done', { jobId: '42' });
    // @ts-expect-error what comes out of the schema is not what goes in
    void dispatcher.emit('job.completed', { jobId: '42', pages: 3 });
    // @ts-expect-error the data of another event
    void dispatcher.emit('job.step.failed', { pages: '3' });
  });

  it('attaches its events', () => {
    dispatcher.attach(new EventEmitter(), { events: ['job.completed'] });
    // @ts-expect-error no such event
    dispatcher.attach(new EventEmitter(), { events: ['job.done'] });
  });

  it('describes its events', () => {
    expectTypeOf(dispatcher.eventTypes()).toEqualTypeOf<readonly EventTypeDescription<Type>[]>();
    // @ts-expect-error no such event
    dispatcher.eventTypes().find(({ type }) => type === 'job.done');
  });

  it('passes where any dispatcher will do', () => {
    interface Declared {
      'job.completed': { jobId: string };
    }
    const some: WebhookDispatcher[] = [dispatcher, new WebhookDispatcher<Declared>()];
    void some;
    // @ts-expect-error a dispatcher of other events
    const other: WebhookDispatcher<{ 'user.created': { id: string } }> = dispatcher;
    void other;
    // @ts-expect-error a dispatcher of any events emits what the others refuse
    const narrow: WebhookDispatcher<Events> = some[0]!;
    void narrow;
  });

  it('takes options that were written without its events', () => {
    const options: DispatcherOptions = { maxConcurrency: 10 };
    expectTypeOf(new WebhookDispatcher<Events>(options)).toEqualTypeOf<WebhookDispatcher<Events>>();
    expectTypeOf(new WebhookDispatcher(options)).toEqualTypeOf<WebhookDispatcher>();
    const narrow: DispatcherOptions<Events> = { events: catalog };
    // @ts-expect-error options for other events
    new WebhookDispatcher<{ 'user.created': { id: string } }>(narrow);
  });

  it('may name its events as well, if they are the same', () => {
    new WebhookDispatcher<Events>({ events: catalog });
    // @ts-expect-error the catalog has another event
    new WebhookDispatcher<Pick<Events, 'job.completed'>>({ events: catalog });
    // @ts-expect-error the schema takes other data
    new WebhookDispatcher<Events & { 'job.completed': { extra: string } }>({ events: catalog });
    // @ts-expect-error the definitions are no catalog yet
    new WebhookDispatcher({ events: { 'job.completed': z.object({}) } });
  });

  it('goes through the harness', async () => {
    const harness = await createHarness({ dispatcher: { events: catalog } });
    expectTypeOf(harness.dispatcher).toEqualTypeOf<WebhookDispatcher<Events>>();
    void harness.createEndpoint({ events: ['job.*'] });
    // @ts-expect-error covers nothing
    void harness.createEndpoint({ events: ['jbo.*'] });
  });

  it('may be built from options whose events are not known', () => {
    const options: DispatcherOptions = { events: catalog };
    void new WebhookDispatcher(options).emit('anything.at.all', 7);
  });
});

describe('patterns of endpoints', () => {
  const { endpoints } = new WebhookDispatcher({ events: catalog });
  const url = 'https://example.com';

  it('cover an event', () => {
    void endpoints.create({ url, events: ['job.completed', 'job.step.failed', '*', '**'] });
    void endpoints.create({ url, events: ['job.*', '*.completed', '*.*', 'job.*.failed', '*.*.*'] });
    void endpoints.create({ url, events: ['job.**', 'job.step.**', '**.failed', '**.step.failed'] });
    void endpoints.update('ep_1', { events: ['job.*'] });
    // @ts-expect-error misspelt
    void endpoints.create({ url, events: ['jbo.*'] });
    // @ts-expect-error no such event
    void endpoints.create({ url, events: ['job.done'] });
    // @ts-expect-error no event has two segments before it
    void endpoints.create({ url, events: ['*.*.completed'] });
    // @ts-expect-error misspelt
    void endpoints.update('ep_1', { events: ['job.complted'] });
    // @ts-expect-error an endpoint always has events
    void endpoints.update('ep_1', { events: null });
  });

  it('come from outside by a cast', () => {
    const given: string[] = ['job.*'];
    void endpoints.create({ url, events: given as EventPattern<Type>[] });
    // @ts-expect-error any text
    void endpoints.create({ url, events: given });
  });

  it('are any text where events are not known', () => {
    expectTypeOf<EventPattern<string>>().toEqualTypeOf<string>();
    void new WebhookDispatcher().endpoints.create({ url, events: ['whatever.*'] });
    // @ts-expect-error not a text
    void new WebhookDispatcher().endpoints.create({ url, events: [7] });
  });
});

describe('lifecycle listeners', () => {
  const dispatcher = new WebhookDispatcher({ events: catalog });

  it('know the types of the messages', () => {
    dispatcher.on('delivery.succeeded', (event) => {
      expectTypeOf(event).toEqualTypeOf<DeliverySucceededEvent<Type>>();
      expectTypeOf(event.message.type).toEqualTypeOf<Type | OperationalEventType | 'posthorn.test'>();
      // @ts-expect-error no such event
      return void (event.message.type === 'job.done');
    });
    dispatcher.once('message.accepted', ({ message }) => void (message.type === 'job.completed'));
    dispatcher.on('delivery.discarded', ({ message }) => {
      expectTypeOf(message.type).toEqualTypeOf<Type | OperationalEventType | 'posthorn.test'>();
    });
  });

  it('get texts where events are not known', () => {
    new WebhookDispatcher().on('delivery.retrying', ({ message }) => {
      expectTypeOf(message.type).toEqualTypeOf<string>();
      // @ts-expect-error not a number
      return void (message.type === 7);
    });
  });
});
