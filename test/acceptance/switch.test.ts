/** The switch for everything, together with what else a dispatcher can do. */
import { describe, expect, it } from 'vitest';
import { createHarness, type Harness } from 'posthorn/testing';
import { createWorld, recordEvents } from '../support/world.ts';

const HOUR = 3_600_000;

const dataOf = (harness: Pick<Harness, 'receiver'>): unknown[] =>
  harness.receiver.requests.map((request) => (request.json() as { data: unknown }).data);

describe('pause with discard', () => {
  it('loses nothing for good: a replay sends what endpoints, ids and destinations missed', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const named = await harness.createEndpoint({ url: receiver.urlOf('/named'), events: ['user.*'] });
    await harness.createEndpoint({ url: receiver.urlOf('/matching'), events: ['job.*'] });
    await dispatcher.emit('job.done', 'before');
    await harness.advance(1_000);
    await dispatcher.pause({ whilePaused: 'discard' });
    await dispatcher.emit('job.done', 'matching');
    await dispatcher.emit('job.done', 'addressed', { to: [named.id, { url: receiver.urlOf('/adhoc') }] });
    await harness.advance(1_000);
    await dispatcher.resume();
    await harness.advance(HOUR);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/matching']);
    const request = { states: ['discarded'] } as const;
    expect(await dispatcher.replay({ ...request, dryRun: true })).toMatchObject({ messages: 2, retried: 3 });
    expect(await dispatcher.replay(request)).toMatchObject({
      messages: 2,
      retried: 3,
      created: 0,
      skipped: 0,
    });
    await harness.advance(0);
    expect(receiver.requests.map(({ path }) => path).sort()).toEqual([
      '/adhoc',
      '/matching',
      '/matching',
      '/named',
    ]);
    expect(await dispatcher.stats()).toMatchObject({
      byState: { succeeded: 4, discarded: 0 },
      successRate: 1,
    });
  });

  it('answers with the deliveries that it discards, and counts them in no success rate', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const { id } = await harness.createEndpoint();
    await dispatcher.pause({ whilePaused: 'discard' });
    const { deliveries } = await dispatcher.emit('job.done', 1);
    expect(deliveries).toMatchObject([{ endpointId: id }]);
    expect(await dispatcher.deliveries.get(deliveries[0]!.id)).toMatchObject({
      state: 'discarded',
      reason: 'dispatcher_paused',
      attempts: 0,
      attemptLog: [],
    });
    expect(await dispatcher.stats()).toMatchObject({ byState: { discarded: 1 }, successRate: undefined });
  });

  it('discards what a process that only stores emits meanwhile', async () => {
    await using world = await createWorld();
    const worker = world.start();
    await worker.endpoints.create({ url: world.receiver.url });
    await worker.pause({ whilePaused: 'discard' });
    const producer = world.start({ deliver: false });
    await producer.start();
    await producer.emit('job.done', 1);
    await world.advance(10_000);
    const { items } = await worker.deliveries.list();
    expect(items).toMatchObject([{ state: 'discarded', reason: 'dispatcher_paused' }]);
    await worker.resume();
    await world.advance(HOUR);
    expect(world.receiver.received).toBe(0);
  });
});

it('a pause with discard is kept in the store: it holds after a restart', async () => {
  await using world = await createWorld();
  const first = world.start();
  await first.endpoints.create({ url: world.receiver.url });
  await first.pause({ whilePaused: 'discard' });
  await first.stop();
  const second = world.start();
  await second.emit('job.done', 1);
  expect((await second.health()).whilePaused).toBe('discard');
  await world.advance(HOUR);
  expect((await second.deliveries.list()).items).toMatchObject([{ reason: 'dispatcher_paused' }]);
  await second.resume();
  await second.emit('job.done', 2);
  await world.advance(0);
  expect(world.receiver.requests.map((request) => request.json())).toMatchObject([{ data: 2 }]);
});

it('drain and stop do not wait for what a pause holds', async () => {
  await using world = await createWorld();
  const dispatcher = world.start();
  await dispatcher.endpoints.create({ url: world.receiver.url });
  await dispatcher.pause();
  await dispatcher.emit('job.done', 1);
  await dispatcher.drain();
  await dispatcher.stop();
  expect(world.receiver.received).toBe(0);
  expect(world.clock.pendingTimers).toBe(0);
});

describe('pause with hold', () => {
  it('holds retries without using up attempts, and destinations too', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(500);
    const endpoint = await harness.createEndpoint({
      retry: { kind: 'schedule', delaysMs: [1_000, HOUR], jitter: 0 },
    });
    await dispatcher.emit('job.done', 'first');
    await harness.advance(0);
    await dispatcher.pause();
    await dispatcher.emit('job.done', 'adhoc', { to: { url: receiver.url } });
    await harness.advance(50 * HOUR);
    expect(dataOf(harness)).toEqual(['first']);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'scheduled', attempts: 1 }]);
    await dispatcher.resume();
    await harness.advance(0);
    expect(dataOf(harness).sort()).toEqual(['adhoc', 'first', 'first']);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
  });

  it('leaves an endpoint paused that was paused by itself', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const paused = await harness.createEndpoint({ url: receiver.urlOf('/paused') });
    await harness.createEndpoint({ url: receiver.urlOf('/open') });
    await dispatcher.endpoints.pause(paused.id);
    await dispatcher.pause();
    await dispatcher.emit('job.done', 1);
    await dispatcher.resume();
    await harness.advance(HOUR);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/open']);
    expect(await dispatcher.endpoints.get(paused.id)).toMatchObject({ paused: true });
  });

  it('sends a test all the same, and a retry by hand not before it is resumed', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const { id } = await harness.createEndpoint();
    const { deliveries } = await dispatcher.emit('job.done', 1);
    await harness.advance(1_000);
    await dispatcher.pause();
    expect(await dispatcher.endpoints.test(id)).toMatchObject({ delivered: true });
    await dispatcher.deliveries.retry(deliveries[0]!.id);
    await harness.advance(HOUR);
    expect(receiver.received).toBe(2);
    await dispatcher.resume();
    await harness.advance(0);
    expect(receiver.received).toBe(3);
  });
});

it('tells of each change once, with what becomes of new messages', async () => {
  await using harness = await createHarness();
  const { dispatcher, clock } = harness;
  const events = recordEvents(dispatcher, 'dispatcher.paused', 'dispatcher.resumed');
  await dispatcher.resume();
  await dispatcher.pause();
  await dispatcher.pause({ whilePaused: 'discard' });
  expect((await dispatcher.health()).whilePaused).toBe('discard');
  await dispatcher.resume();
  await dispatcher.resume();
  await harness.advance(0);
  const at = clock.now();
  expect(events).toEqual([
    { name: 'dispatcher.paused', event: { at, whilePaused: 'hold' } },
    { name: 'dispatcher.paused', event: { at, whilePaused: 'discard' } },
    { name: 'dispatcher.resumed', event: { at } },
  ]);
});
