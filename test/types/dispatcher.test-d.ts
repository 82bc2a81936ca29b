import { EventEmitter } from 'node:events';
import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import {
  type DeliverySucceededEvent,
  type Destination,
  type DispatcherErrorEvent,
  type EndpointUpdate,
  type EndpointVerification,
  type MessageRecord,
  type Receipt,
  type Stats,
  type Transport,
  type VerificationReason,
  WebhookDispatcher,
} from 'posthorn';
import { createHarness } from 'posthorn/testing';
import { describe, expectTypeOf, it } from 'vitest';

interface EventsInterface {
  'job.completed': { jobId: string };
  'job.failed': { jobId: string; error: string };
}
type EventsAlias = {
  'job.completed': { jobId: string };
  'job.failed': { jobId: string; error: string };
};

describe('emit', () => {
  it('takes the events of an interface', () => {
    const dispatcher = new WebhookDispatcher<EventsInterface>();
    expectTypeOf(dispatcher.emit('job.completed', { jobId: '42' })).toEqualTypeOf<Promise<Receipt>>();
    void dispatcher.emit('job.failed', { jobId: '42', error: 'x' }, { tenant: 'acme' });
    // @ts-expect-error no such event
    void dispatcher.emit('job.done', { jobId: '42' });
    // @ts-expect-error the data of another event
    void dispatcher.emit('job.failed', { jobId: '42' });
    // @ts-expect-error a member of the wrong type
    void dispatcher.emit('job.completed', { jobId: 42 });
    // @ts-expect-error no such option
    void dispatcher.emit('job.completed', { jobId: '42' }, { tennant: 'acme' });
    // @ts-expect-error data is needed
    void dispatcher.emit('job.completed');
  });

  it('takes recipients: ids, destinations, or a list of both', () => {
    const dispatcher = new WebhookDispatcher();
    const destination: Destination = { url: 'https://example.com', retry: 'once', metadata: { job: 7 } };
    void dispatcher.emit('job.done', {}, { to: 'ep_1' });
    void dispatcher.emit('job.done', {}, { to: destination });
    void dispatcher.emit(
      'job.done',
      {},
      { to: ['ep_1', destination, { url: new URL('https://example.com') }] },
    );
    // @ts-expect-error a destination has a URL
    void dispatcher.emit('job.done', {}, { to: { name: 'x' } });
    // @ts-expect-error a destination subscribes to nothing
    void dispatcher.emit('job.done', {}, { to: { url: 'https://example.com', events: ['*'] } });
    // @ts-expect-error a recipient is no number
    void dispatcher.emit('job.done', {}, { to: [7] });
  });

  it('takes the events of a type alias', () => {
    const dispatcher = new WebhookDispatcher<EventsAlias>();
    void dispatcher.emit('job.completed', { jobId: '42' });
    // @ts-expect-error no such event
    void dispatcher.emit('job.done', { jobId: '42' });
    // @ts-expect-error a member of the wrong type
    void dispatcher.emit('job.completed', { jobId: 42 });
  });

  it('takes anything where no events are given', () => {
    const dispatcher = new WebhookDispatcher();
    void dispatcher.emit('anything.at.all', new Date());
    // @ts-expect-error the type of an event is a string
    void dispatcher.emit(42, {});
  });
});

describe('attach', () => {
  const dispatcher = new WebhookDispatcher<EventsInterface>();

  it('takes the names of the events', () => {
    expectTypeOf(dispatcher.attach(new EventEmitter(), { events: ['job.completed'] })).toEqualTypeOf<
      () => void
    >();
    dispatcher.attach(new EventEmitter(), { events: { done: 'job.completed' } });
    // @ts-expect-error no such event
    dispatcher.attach(new EventEmitter(), { events: ['job.done'] });
    // @ts-expect-error no such event
    dispatcher.attach(new EventEmitter(), { events: { done: 'job.done' } });
  });

  it('takes emitters of all kinds, typed ones too', () => {
    dispatcher.attach(new EventEmitter3(), { events: ['job.completed'] });
    dispatcher.attach(new EventEmitter3<{ done: (job: { jobId: string }) => void }>(), {
      events: { done: 'job.completed' },
    });
    dispatcher.attach(new EventEmitter<{ done: [{ jobId: string }] }>(), {
      events: { done: 'job.completed' },
    });
    dispatcher.attach(process, { events: { done: 'job.completed' } });
    // @ts-expect-error no emitter
    dispatcher.attach({}, { events: ['job.completed'] });
  });

  it('gives map the type of the event', () => {
    dispatcher.attach(new EventEmitter(), {
      events: ['job.completed'],
      map: (type, ...values) => {
        expectTypeOf(type).toEqualTypeOf<'job.completed' | 'job.failed'>();
        expectTypeOf(values).toEqualTypeOf<unknown[]>();
        return { data: { jobId: String(values[0]) } };
      },
    });
    // @ts-expect-error an event needs data
    dispatcher.attach(new EventEmitter(), { events: ['job.completed'], map: () => ({ tenant: 'acme' }) });
  });
});

describe('on', () => {
  const dispatcher = new WebhookDispatcher();

  it('infers what a listener gets', () => {
    dispatcher.on('delivery.succeeded', (event) => {
      expectTypeOf(event).toEqualTypeOf<DeliverySucceededEvent>();
      expectTypeOf(event.final).toEqualTypeOf<true>();
    });
    dispatcher.once('error', async ({ error }) => {
      expectTypeOf(error).toEqualTypeOf<DispatcherErrorEvent['error']>();
    });
    const end: () => void = dispatcher.on('message.accepted', () => undefined);
    void end;
    // @ts-expect-error no such event
    dispatcher.on('delivery.success', () => undefined);
    dispatcher.on('delivery.retrying', (event) => {
      // @ts-expect-error retrying is never final
      const isFinal: true = event.final;
      expectTypeOf(event.outcome).toEqualTypeOf<'endpoint_failed' | 'dispatcher_failed'>();
      // @ts-expect-error what was called off is not planned again by the policy
      return void (isFinal && event.outcome === 'interrupted');
    });
  });
});

describe('endpoints', () => {
  const { endpoints } = new WebhookDispatcher();

  it('take known settings only', () => {
    void endpoints.create({ url: 'https://example.com', retry: { kind: 'schedule', delaysMs: [1_000] } });
    void endpoints.create({
      url: 'https://example.com',
      filter: { 'data.total': { $gte: 100 }, $or: [{ 'data.vip': true }, { type: { $glob: 'job.*' } }] },
    });
    // @ts-expect-error a url is needed
    void endpoints.create({ events: ['job.*'] });
    // @ts-expect-error no such preset
    void endpoints.create({ url: 'https://example.com', retry: 'never' });
    // @ts-expect-error no such setting
    void endpoints.create({ url: 'https://example.com', retries: 3 });
    // @ts-expect-error no such operator
    void endpoints.create({ url: 'https://example.com', filter: { 'data.total': { $regex: 'x' } } });
  });

  it('are updated with null for what goes back to its default', () => {
    void endpoints.update('ep_1', { name: null, retry: null, status: 'disabled' });
    // @ts-expect-error an endpoint always has a url
    void endpoints.update('ep_1', { url: null });
    // @ts-expect-error a tenant is for ever
    void endpoints.update('ep_1', { tenant: 'acme' });
    expectTypeOf<EndpointUpdate>().not.toHaveProperty('id');
  });
});

describe('the rest of the surface', () => {
  it('is typed to the edges', async () => {
    const dispatcher = new WebhookDispatcher();
    expectTypeOf(await dispatcher.messages.get('msg_1')).toEqualTypeOf<MessageRecord>();
    // @ts-expect-error no such option
    new WebhookDispatcher({ maxConcurency: 5 });
    // @ts-expect-error no transport
    new WebhookDispatcher({ transport: {} });
    expectTypeOf<Transport['name']>().toEqualTypeOf<string>();
    await using disposable: WebhookDispatcher = dispatcher;
    void disposable;
  });

  it('types explain like emit, and what replay and stats are told', () => {
    const dispatcher = new WebhookDispatcher<EventsInterface>();
    void dispatcher.explain('job.completed', { jobId: '42' }, { tenant: 'acme' });
    // @ts-expect-error no such event
    void dispatcher.explain('job.done', { jobId: '42' });
    // @ts-expect-error other data
    void dispatcher.explain('job.completed', { jobId: 42 });
    void dispatcher.replay({ states: ['exhausted', 'scheduled'], types: ['job.*'], since: new Date(0) });
    // @ts-expect-error what is being sent is left alone
    void dispatcher.replay({ states: ['sending'] });
    // @ts-expect-error no such option
    void dispatcher.stats({ bucket: 1_000 });
    expectTypeOf(dispatcher.stats).returns.resolves.toEqualTypeOf<Stats>();
  });

  it('types verification, and has none for a destination', () => {
    const dispatcher = new WebhookDispatcher({ verification: 'handshake', handshakeOrigin: 'a.example' });
    void dispatcher.endpoints.create({ url: 'https://a.example/', verification: 'challenge' });
    void dispatcher.endpoints.update('ep', { verification: null });
    // @ts-expect-error no such verification
    void dispatcher.endpoints.create({ url: 'https://a.example/', verification: 'echo' });
    // @ts-expect-error it gets the message that it came with, at once
    void dispatcher.emit('a.b', 1, { to: { url: 'https://a.example/', verification: 'challenge' } });
    expectTypeOf(dispatcher.endpoints.verify).returns.resolves.toEqualTypeOf<EndpointVerification>();
    dispatcher.on('endpoint.verification_failed', ({ reason, final }) => {
      expectTypeOf(reason).toEqualTypeOf<VerificationReason>();
      expectTypeOf(final).toEqualTypeOf<boolean>();
    });
  });

  it('goes through the harness', async () => {
    const { dispatcher } = await createHarness<EventsInterface>();
    void dispatcher.emit('job.completed', { jobId: '42' });
    // @ts-expect-error no such event
    void dispatcher.emit('job.done', { jobId: '42' });
  });
});
