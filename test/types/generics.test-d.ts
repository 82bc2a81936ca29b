/** Every public generic that the other files only touch: one line that compiles, and one that does not. */
import Emittery from 'emittery';
import { EventEmitter } from 'node:events';
import type { Emitter } from 'mitt';
import {
  type AttachOptions,
  type OperationalEventType,
  type OperationalPattern,
  type DefinedEvents,
  type DeliveryDiscardedEvent,
  type DeliveryExhaustedEvent,
  type DeliveryFailedEvent,
  type DeliveryRetryingEvent,
  type DispatcherOptions,
  defineEvents,
  type Endpoint,
  type EndpointInput,
  type EndpointUpdate,
  type Endpoints,
  type EventAdapter,
  type EventCatalog,
  type EventDefinition,
  type EventDefinitions,
  type EventPattern,
  type EventTypeDescription,
  type InferEvents,
  type LifecycleEvents,
  type LifecycleListener,
  type ListParams,
  type MappedEvent,
  type MessageAcceptedEvent,
  type MessageRef,
  type Page,
  type Receipt,
  type SchemaResult,
  type StandardSchema,
  type Store,
  type SubscribeOptions,
  type TypedEvents,
  WebhookDispatcher,
} from 'posthorn';
import { createHarness, type Harness, type HarnessOptions } from 'posthorn/testing';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

interface Events {
  'job.completed': { jobId: string };
  'user.created': { name: string };
}
type Type = keyof Events;

describe('attach', () => {
  const dispatcher = new WebhookDispatcher<Events>();

  it('takes mitt, emittery and EventTarget, typed or not, and only types of the dispatcher', () => {
    const mitt = {} as Emitter<{ done: { jobId: string } }>;
    dispatcher.attach(mitt, { events: { done: 'job.completed' } });
    dispatcher.attach(mitt, { events: ['job.*', 'user.created'] });
    // @ts-expect-error no such event
    dispatcher.attach(mitt, { events: { done: 'job.done' } });
    const emittery = new Emittery<{ done: { jobId: string } }>();
    dispatcher.attach(emittery, { events: ['job.*'] });
    // @ts-expect-error no such event
    dispatcher.attach(emittery, { events: ['job.done'] });
    dispatcher.attach(new EventTarget(), { events: ['job.completed'] });
    // @ts-expect-error no such event
    dispatcher.attach(new EventTarget(), { events: ['job.done'] });
    // @ts-expect-error named events have to be named
    dispatcher.attach(new EventTarget());
  });

  it('takes what hands over event objects, with or without events', () => {
    const feed = { subscribe: (_: (event: unknown) => void) => () => undefined };
    expectTypeOf(dispatcher.attach(feed)).toEqualTypeOf<() => void>();
    dispatcher.attach(feed, { events: ['job.*'], map: () => ({ type: 'job.completed', data: 1 }) });
    dispatcher.attach(feed, { map: (event: { kind: string }) => ({ type: event.kind, data: 1 }) });
    // @ts-expect-error no such event
    dispatcher.attach(feed, { events: ['job.done'] });
    // @ts-expect-error an event object has no type of its own after map
    dispatcher.attach(feed, { map: () => ({ data: 1 }) });
  });

  it('has options that can be built apart', () => {
    const options: AttachOptions<Type> = { events: ['job.completed', 'user.*'], maxPending: Infinity };
    dispatcher.attach(new EventEmitter(), options);
    // @ts-expect-error no such event
    const wrong: AttachOptions<Type> = { events: ['job.done'] };
    void wrong;
    const subscribed: SubscribeOptions<Type> = { events: { done: 'job.completed' } };
    // @ts-expect-error no such event
    const other: SubscribeOptions<Type> = { events: { done: 'job.done' } };
    void [subscribed, other];
    const mapped: MappedEvent = { data: null, traceparent: 'x', to: ['ep_1', { url: 'https://a.example' }] };
    // @ts-expect-error an event needs data
    const empty: MappedEvent = { type: 'job.completed' };
    void [mapped, empty];
  });

  it('process takes anything, and answers with a receipt or nothing', () => {
    expectTypeOf(dispatcher.process({ any: 1 })).toEqualTypeOf<Promise<Receipt | undefined>>();
    // @ts-expect-error one event at a time
    void dispatcher.process();
    const adapter: EventAdapter = (event: { kind: string }) => ({ type: event.kind, data: 1 });
    // @ts-expect-error a type is needed
    const wrong: EventAdapter = () => ({ data: 1 });
    // @ts-expect-error answers at once
    const late: EventAdapter = async () => ({ type: 'a', data: 1 });
    void [adapter, wrong, late];
  });
});

describe('endpoints', () => {
  it('have inputs and updates that know the patterns', () => {
    const input: EndpointInput<EventPattern<Type>> = { url: 'https://a.example', events: ['job.*', '**'] };
    // @ts-expect-error covers nothing
    const wrong: EndpointInput<EventPattern<Type>> = { url: 'https://a.example', events: ['jbo.*'] };
    const update: EndpointUpdate<EventPattern<Type>> = { events: ['*.created'], filter: null };
    // @ts-expect-error covers nothing
    const bad: EndpointUpdate<EventPattern<Type>> = { events: ['*.creatd'] };
    void [input, wrong, update, bad];
  });

  it('pass on what the dispatcher knows', () => {
    const { endpoints } = new WebhookDispatcher<Events>();
    expectTypeOf(endpoints).toEqualTypeOf<Endpoints<EventPattern<Type> | OperationalPattern>>();
    void endpoints.create({ url: 'https://example.com', events: ['posthorn.endpoint.*', 'user.*'] });
    // @ts-expect-error no operational webhook
    void endpoints.create({ url: 'https://example.com', events: ['posthorn.endpoint.gone'] });
    expectTypeOf(endpoints.list()).toEqualTypeOf<Promise<Page<Endpoint>>>();
    void endpoints.rotateSecret('ep_1', { graceMs: 0, switchAt: 'now' });
    // @ts-expect-error no such instant
    void endpoints.rotateSecret('ep_1', { switchAt: 'later' });
  });
});

describe('catalogs', () => {
  const schema = z.object({ jobId: z.string() });

  it('are built of definitions', () => {
    const definition: EventDefinition<typeof schema> = { schema, deprecated: 'Use another.' };
    // @ts-expect-error the schema of another type
    const wrong: EventDefinition<typeof schema> = { schema: z.string() };
    const definitions = { 'job.completed': definition } satisfies EventDefinitions;
    // @ts-expect-error no schema
    const none = { 'job.completed': {} } satisfies EventDefinitions;
    void [wrong, none];
    const events: DefinedEvents<typeof definitions> = defineEvents(definitions);
    // @ts-expect-error has no such event
    void events.definitions['job.done'];
    expectTypeOf<InferEvents<typeof events>>().toEqualTypeOf<{ 'job.completed': { jobId: string } }>();
  });

  it('are told apart by their events', () => {
    const events = defineEvents({ 'job.completed': schema });
    const typed: TypedEvents<{ 'job.completed': { jobId: string } }> = events;
    // @ts-expect-error the schema takes other data
    const other: TypedEvents<{ 'job.completed': { jobId: number } }> = events;
    const any: EventCatalog = events;
    // @ts-expect-error the definitions of another catalog
    const narrow: EventCatalog<{ 'job.failed': typeof schema }> = events;
    void [typed, other, any, narrow];
  });

  it('go through options of dispatcher and harness', () => {
    const events = defineEvents({ 'job.completed': schema });
    const options: DispatcherOptions<{ 'job.completed': { jobId: string } }> = { events };
    // @ts-expect-error a catalog of other events
    const wrong: DispatcherOptions<Events> = { events };
    const harness: HarnessOptions<{ 'job.completed': { jobId: string } }> = { dispatcher: options };
    // @ts-expect-error a catalog of other events
    const other: HarnessOptions<Events> = { dispatcher: { events } };
    void [wrong, harness, other];
    expectTypeOf(createHarness({ dispatcher: { events } })).toEqualTypeOf<
      Promise<Harness<{ 'job.completed': { jobId: string } }>>
    >();
  });

  it('take schemas by what goes in and what comes out', () => {
    const length: StandardSchema<string, number> = z.string().transform((text) => text.length);
    // @ts-expect-error comes out as a number
    const text: StandardSchema<string, string> = z.string().transform((value) => value.length);
    const passed: SchemaResult<number> = { value: 1 };
    // @ts-expect-error not a number
    const wrong: SchemaResult<number> = { value: 'one' };
    void [length, text, passed, wrong];
    expectTypeOf<EventTypeDescription<Type>['type']>().toEqualTypeOf<Type>();
    // @ts-expect-error no such event
    const described: EventTypeDescription<Type>['type'] = 'job.done';
    void described;
  });
});

describe('lifecycle events', () => {
  it('know the types in every payload that has a message', () => {
    expectTypeOf<LifecycleEvents<Type>['message.accepted']>().toEqualTypeOf<MessageAcceptedEvent<Type>>();
    expectTypeOf<LifecycleEvents<Type>['delivery.retrying']>().toEqualTypeOf<DeliveryRetryingEvent<Type>>();
    expectTypeOf<LifecycleEvents<Type>['delivery.exhausted']>().toEqualTypeOf<DeliveryExhaustedEvent<Type>>();
    expectTypeOf<LifecycleEvents<Type>['delivery.failed']>().toEqualTypeOf<DeliveryFailedEvent<Type>>();
    expectTypeOf<LifecycleEvents<Type>['delivery.discarded']>().toEqualTypeOf<DeliveryDiscardedEvent<Type>>();
    const type: MessageRef<Type>['type'] = 'user.created';
    // @ts-expect-error no such event
    const wrong: MessageRef<Type>['type'] = 'user.removed';
    void [type, wrong];
  });

  it('have listeners that can be written apart', () => {
    const dispatcher = new WebhookDispatcher<Events>();
    const listener: LifecycleListener<'delivery.retrying', Type> = ({ delayMs, message }) => {
      expectTypeOf(delayMs).toEqualTypeOf<number>();
      expectTypeOf(message.type).toEqualTypeOf<Type | OperationalEventType | 'posthorn.test'>();
    };
    dispatcher.on('delivery.retrying', listener);
    // @ts-expect-error the payload of another event
    dispatcher.on('delivery.succeeded', listener);
    dispatcher.once('replay.progress', ({ done, total }) => void (done.retried < total.retried));
    // @ts-expect-error a start has done nothing yet
    dispatcher.on('replay.started', ({ done }) => void done);
    dispatcher.on('dispatcher.paused', ({ whilePaused }) => {
      expectTypeOf(whilePaused).toEqualTypeOf<'hold' | 'discard'>();
    });
  });
});

describe('the store port', () => {
  it('lists what it is asked for', () => {
    const _list = (store: Store) => store.list<'deliveries'>({ of: 'deliveries', where: {}, limit: 1 });
    expectTypeOf<Awaited<ReturnType<typeof _list>>['items'][number]>().toHaveProperty('dueAt');
    const params: ListParams<'attempts'> = { of: 'attempts', where: {}, limit: 1, order: 'oldest' };
    // @ts-expect-error lists something else
    const wrong: ListParams<'attempts'> = { of: 'messages', where: {}, limit: 1 };
    void [params, wrong];
    const page: Page<number> = { items: [1], nextCursor: undefined };
    // @ts-expect-error items of another kind
    const other: Page<number> = { items: ['1'], nextCursor: undefined };
    void [page, other];
  });
});

describe('replay, stats, pause and explain', () => {
  const dispatcher = new WebhookDispatcher<Events>();

  it('take what they document, and nothing else', () => {
    void dispatcher.pause({ whilePaused: 'discard' });
    // @ts-expect-error no such way
    void dispatcher.pause({ whilePaused: 'drop' });
    void dispatcher.stats({ since: new Date(0), bucketMs: 60_000 });
    // @ts-expect-error not an instant
    void dispatcher.stats({ since: '2026-01-01' });
    void dispatcher.explain('user.created', { name: 'x' }, { endpointId: 'ep_1', limit: 1 });
    // @ts-expect-error emits nothing, so it has no recipients
    void dispatcher.explain('user.created', { name: 'x' }, { to: 'ep_1' });
    void dispatcher.replay({ signal: new AbortController().signal, asOf: 0 });
    // @ts-expect-error a replay is not told a single type
    void dispatcher.replay({ types: 'job.*' });
  });
});
