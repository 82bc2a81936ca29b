/** Replays of what ended in each state, by pattern, tenant and instant, seen from the receiver. */
import { describe, expect, it } from 'vitest';
import { OptionsError, type ReplayRequest } from 'posthorn';
import { createHarness, type Harness } from 'posthorn/testing';
import { standardV1 } from '../support/expected-signatures.ts';
import { createWorld, recordEvents } from '../support/world.ts';

const HOUR = 3_600_000;
const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const ONE_RETRY = { kind: 'schedule', delaysMs: [1_000], jitter: 0 } as const;

const dryRun = async ({ dispatcher }: Harness, request: ReplayRequest): Promise<[number, number]> => {
  const { retried, created } = await dispatcher.replay({ ...request, dryRun: true });
  return [retried, created];
};

describe('what is sent again', () => {
  it('has the same id and body as before, and a time and signature of its own', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    const endpoint = await harness.createEndpoint({ secret: SECRET });
    const { id } = await dispatcher.emit('job.done', { text: '€ 😀', n: 1 });
    await harness.advance(HOUR);
    await dispatcher.replay({ states: ['succeeded'] });
    await harness.advance(0);
    const [first, again] = receiver.requests;
    expect(again!.body).toEqual(first!.body);
    const seconds = Math.floor(clock.now() / 1000);
    expect(again!.headers).toMatchObject({
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': standardV1(SECRET, id, seconds, again!.body),
    });
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'succeeded', attempts: 2, attemptsBeforeRun: 1, attemptLog: [{ attempt: 1 }, { attempt: 2 }] },
    ]);
  });

  it('goes to the address, with the settings, that the endpoint has now', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const { id } = await harness.createEndpoint({ url: receiver.urlOf('/old') });
    await dispatcher.emit('job.done', { n: 1 });
    await harness.advance(1_000);
    await dispatcher.endpoints.update(id, {
      url: receiver.urlOf('/new'),
      envelope: 'raw',
      events: ['user.*'],
    });
    expect(await dispatcher.replay({ endpointId: id })).toMatchObject({ retried: 1, created: 0 });
    await harness.advance(0);
    expect(receiver.requests[1]).toMatchObject({ path: '/new', text: '{"n":1}' });
  });

  it('is each state alone when each is asked for alone', async () => {
    await using world = await createWorld();
    const broken = world.start({
      retry: 'once',
      functions: {
        header: {
          region: () => {
            throw new Error('no region');
          },
        },
      },
    });
    const { receiver } = world;
    receiver.on('/exhausted').always(500);
    const create = (path: string, more: object = {}) =>
      broken.endpoints.create({ url: receiver.urlOf(path), ...more });
    await create('/succeeded');
    await create('/exhausted');
    await create('/failed', { computedHeaders: { 'x-region': 'region' } });
    const cancelled = await create('/cancelled');
    await broken.endpoints.pause(cancelled.id);
    const waiting = await create('/waiting');
    await broken.endpoints.pause(waiting.id);
    await broken.emit('job.done', 1);
    const [toCancel] = (await broken.deliveries.list({ endpointId: cancelled.id })).items;
    await broken.deliveries.cancel(toCancel!.id);
    await world.advance(HOUR);
    expect((await broken.stats()).byState).toEqual({
      scheduled: 1,
      sending: 0,
      succeeded: 1,
      exhausted: 1,
      discarded: 1,
      failed: 1,
    });
    await broken.stop();
    const mended = world.start({ retry: 'once', functions: { header: { region: () => 'eu-1' } } });
    await mended.endpoints.resume(cancelled.id);
    receiver.on('/exhausted').always(204);
    receiver.clear();
    for (const state of ['succeeded', 'failed', 'discarded', 'exhausted'] as const)
      expect(await mended.replay({ states: [state] })).toMatchObject({ messages: 1, retried: 1, skipped: 0 });
    await world.advance(0);
    expect(receiver.requests.map(({ path }) => path).sort()).toEqual([
      '/cancelled',
      '/exhausted',
      '/failed',
      '/succeeded',
    ]);
    expect(receiver.requests.find(({ path }) => path === '/failed')!.headers['x-region']).toBe('eu-1');
    expect((await mended.stats()).byState).toMatchObject({ succeeded: 4, scheduled: 1 });
  });

  it('is not what a filter refuses that was broken and is mended', async () => {
    await using world = await createWorld();
    const { receiver } = world;
    const broken = world.start({
      functions: {
        filter: {
          vip: () => {
            throw new Error('no such table');
          },
        },
      },
    });
    await broken.endpoints.create({ url: receiver.url, filter: { $custom: 'vip' }, envelope: 'raw' });
    await broken.emit('job.done', 'for all', { metadata: { plan: 'free' } });
    await broken.emit('job.done', 'for vips', { metadata: { plan: 'vip' } });
    await world.advance(1_000);
    expect((await broken.stats()).byState).toMatchObject({ failed: 2 });
    await broken.stop();
    const mended = world.start({
      functions: { filter: { vip: ({ metadata }) => metadata?.['plan'] === 'vip' } },
    });
    await mended.replay({ states: ['failed'] });
    await world.advance(0);
    expect(receiver.requests.map((request) => request.json())).toEqual(['for vips']);
  });

  it('includes what was discarded by 410, once the endpoint is enabled again', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(410);
    const { id } = await harness.createEndpoint();
    await dispatcher.emit('job.done', 'gone');
    await harness.advance(0);
    await dispatcher.emit('job.done', 'missed');
    await harness.advance(1_000);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
    const request = { endpointId: id, states: ['discarded'] } as const;
    expect(await dispatcher.replay(request)).toMatchObject({ retried: 0, skipped: 2 });
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    expect(await dispatcher.replay(request)).toMatchObject({ retried: 2, skipped: 0 });
    await harness.advance(0);
    expect(receiver.received).toBe(3);
  });

  it('gets the whole retry policy anew, also what was waiting for its last attempt', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const endpoint = await harness.createEndpoint({
      retry: { kind: 'schedule', delaysMs: [1_000, HOUR], jitter: 0 },
    });
    await dispatcher.emit('job.done', 1);
    await harness.advance(1_000);
    await dispatcher.replay({ states: ['scheduled'] });
    await harness.advance(1_000);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'scheduled', attempts: 4, attemptsBeforeRun: 2 },
    ]);
    await harness.advance(HOUR);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'exhausted', attempts: 5 }]);
  });

  it('keeps its order at an endpoint that wants one, though all of it failed at once', async () => {
    await using harness = await createHarness({ dispatcher: { retry: 'once' } });
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    await harness.createEndpoint({ ordering: 'fifo', envelope: 'raw', breaker: false });
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    for (const n of numbers) await dispatcher.emit('job.done', n);
    await harness.advance(1_000);
    receiver.clear();
    await dispatcher.replay({ states: ['exhausted'] });
    await harness.advance(0);
    expect(receiver.requests.map((request) => request.json())).toEqual(numbers);
  });

  it('waits for an endpoint that is paused', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const { id } = await harness.createEndpoint();
    await dispatcher.emit('job.done', 1);
    await harness.advance(1_000);
    await dispatcher.endpoints.pause(id);
    expect(await dispatcher.replay()).toMatchObject({ retried: 1, skipped: 0 });
    await harness.advance(HOUR);
    expect(receiver.received).toBe(1);
    await dispatcher.endpoints.resume(id);
    await harness.advance(0);
    expect(receiver.received).toBe(2);
  });
});

describe('which messages', () => {
  it('are those of the tenant, by pattern, and of no other with the same types', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    for (const tenant of ['acme', 'umbrella']) {
      await harness.createEndpoint({ tenant, url: receiver.urlOf(`/${tenant}`) });
      for (const type of ['job.done', 'job.step.done', 'jobs.done', 'user.created'])
        await dispatcher.emit(type, tenant, { tenant });
    }
    await harness.advance(1_000);
    receiver.clear();
    const request = { tenant: 'acme', types: ['job.**', '*.created'] };
    expect(await dispatcher.replay(request)).toMatchObject({ messages: 3, retried: 3, created: 0 });
    await harness.advance(0);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/acme', '/acme', '/acme']);
    const types = receiver.requests.map((each) => (each.json() as { type: string }).type);
    expect(types.sort()).toEqual(['job.done', 'job.step.done', 'user.created']);
    expect(await dryRun(harness, { types: ['*.done'] })).toEqual([4, 0]);
    expect(await dryRun(harness, { types: ['*'] })).toEqual([8, 0]);
  });

  it('are those from since on, and before until, to the millisecond', async () => {
    await using harness = await createHarness();
    const { dispatcher, clock } = harness;
    await harness.createEndpoint();
    const at: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      at.push(clock.now());
      await dispatcher.emit('job.done', n, { timestamp: 0 });
      await harness.advance(1);
    }
    const count = async (request: ReplayRequest): Promise<number> => (await dryRun(harness, request))[0];
    expect(await count({ since: at[1]! })).toBe(2);
    expect(await count({ since: at[1]! + 1 })).toBe(1);
    expect(await count({ until: at[1]! })).toBe(1);
    expect(await count({ until: at[1]! + 1 })).toBe(2);
    expect(await count({ since: at[1]!, until: at[2]! })).toBe(1);
    expect(await count({ since: new Date(at[1]!), until: new Date(at[1]!) })).toBe(0);
  });

  it('reach an endpoint that was created later only as far as it matches now', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    for (const tenant of ['default', 'acme'])
      for (const n of [1, 2, 3]) {
        await dispatcher.emit('order.paid', { n }, { tenant });
        await dispatcher.emit('user.created', { n }, { tenant });
      }
    await harness.advance(1_000);
    const { id } = await harness.createEndpoint({
      tenant: 'acme',
      events: ['order.*'],
      filter: { 'data.n': { $gte: 2 } },
      ordering: 'fifo',
      envelope: 'raw',
    });
    expect(await dispatcher.replay({ endpointId: id })).toMatchObject({
      messages: 2,
      created: 2,
      retried: 0,
    });
    await harness.advance(0);
    expect(receiver.requests.map(({ text }) => text)).toEqual(['{"n":2}', '{"n":3}']);
    await dispatcher.endpoints.update(id, { filter: null });
    expect(await dryRun(harness, { endpointId: id })).toEqual([2, 1]);
  });

  it('include those to destinations, which get them again and are given to nobody else', async () => {
    await using harness = await createHarness({ dispatcher: { retry: 'once' } });
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const to = { url: receiver.urlOf('/adhoc'), secret: SECRET, headers: { 'x-job': '7' } };
    const { id, deliveries } = await dispatcher.emit('job.done', 1, { to });
    await harness.advance(1_000);
    await harness.createEndpoint({ url: receiver.urlOf('/registered') });
    receiver.always(204);
    const endpointId = deliveries[0]!.endpointId;
    expect(await dryRun(harness, { endpointId, states: ['exhausted'] })).toEqual([1, 0]);
    expect(await dispatcher.replay()).toMatchObject({ messages: 1, retried: 1, created: 0, skipped: 0 });
    await harness.advance(0);
    const again = receiver.requests[1]!;
    expect(receiver.received).toBe(2);
    expect(again).toMatchObject({ path: '/adhoc', headers: { 'x-job': '7', 'webhook-id': id } });
    const seconds = Math.floor(harness.clock.now() / 1000);
    expect(again.headers['webhook-signature']).toBe(standardV1(SECRET, id, seconds, again.body));
    expect(await harness.deliveriesTo(endpointId)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
  });

  it('keep their trace', async () => {
    await using harness = await createHarness();
    const endpoint = await harness.createEndpoint();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await harness.dispatcher.emit('job.done', 1, { traceparent, tracestate: 'a=1' });
    await harness.advance(1_000);
    await harness.dispatcher.replay();
    await harness.advance(0);
    expect(harness.receiver.requests[1]!.headers).toMatchObject({ traceparent, tracestate: 'a=1' });
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery!.attemptLog.map((attempt) => attempt.traceparent)).toEqual([traceparent, traceparent]);
  });
});

describe('counting and progress', () => {
  it('counts first, tells of each batch, and ends with what it has done', async () => {
    await using harness = await createHarness();
    const { dispatcher, clock } = harness;
    for (let n = 0; n < 401; n += 1) void dispatcher.emit('job.done', n);
    await harness.advance(1_000);
    const { id } = await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'replay.started', 'replay.progress', 'replay.finished');
    const total = { messages: 401, retried: 0, created: 401, skipped: 0 };
    const common = { at: clock.now(), asOf: clock.now(), endpointId: id, tenant: undefined, total };
    expect(await dispatcher.replay({ endpointId: id })).toEqual({
      ...total,
      asOf: clock.now(),
      dryRun: false,
    });
    await harness.advance(0);
    expect(events[0]).toEqual({ name: 'replay.started', event: common });
    const progress = events.filter(({ name }) => name === 'replay.progress');
    expect(progress.map(({ event }) => (event['done'] as { created: number }).created)).toEqual([
      200, 400, 401,
    ]);
    expect(events.at(-1)).toEqual({
      name: 'replay.finished',
      event: { ...common, done: total, complete: true, detail: undefined },
    });
    expect(harness.receiver.received).toBe(401);
  });

  it('finds nothing when it is repeated as of then, though what it sent has failed again', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    receiver.always(500);
    await harness.createEndpoint({ retry: ONE_RETRY });
    for (const n of [1, 2, 3]) await dispatcher.emit('job.done', n);
    await harness.advance(HOUR);
    const { asOf, retried } = await dispatcher.replay({ states: ['exhausted'] });
    expect([asOf, retried]).toEqual([clock.now(), 3]);
    await harness.advance(HOUR);
    expect(receiver.received).toBe(12);
    expect(await dispatcher.replay({ states: ['exhausted'], asOf })).toMatchObject({
      messages: 0,
      retried: 0,
      asOf,
    });
    expect(await dispatcher.replay({ states: ['exhausted'], asOf: new Date(asOf) })).toMatchObject({
      retried: 0,
    });
    await harness.advance(HOUR);
    expect(receiver.received).toBe(12);
    expect(await dispatcher.replay({ states: ['exhausted'] })).toMatchObject({ retried: 3 });
  });

  it('changes and sends nothing in a dry run', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const endpoint = await harness.createEndpoint();
    await dispatcher.emit('job.done', 1);
    await harness.advance(1_000);
    const before = await harness.deliveriesTo(endpoint);
    expect(await dispatcher.replay({ dryRun: true })).toMatchObject({
      dryRun: true,
      messages: 1,
      retried: 1,
    });
    await harness.advance(HOUR);
    expect(await harness.deliveriesTo(endpoint)).toEqual(before);
    expect(receiver.received).toBe(1);
  });

  it('takes an asOf in the future as now', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', 1);
    await harness.advance(1_000);
    const now = harness.clock.now();
    expect(await harness.dispatcher.replay({ asOf: now + HOUR })).toMatchObject({ asOf: now, retried: 1 });
  });

  it('refuses more than a thousand ids', async () => {
    await using harness = await createHarness();
    const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `msg_${n}`);
    expect(await dryRun(harness, { messageIds: ids(1_000) })).toEqual([0, 0]);
    await expect(dryRun(harness, { messageIds: ids(1_001) })).rejects.toThrow(OptionsError);
  });
});
