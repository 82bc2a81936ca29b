import { describe, expect, it } from 'vitest';
import { NotFoundError, OptionsError } from '../../src/errors.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld, recordEvents, until } from '../support/world.ts';

const HOUR = 3_600_000;

describe('deliveries.list', () => {
  it('filters by endpoint, message, type, state and time, newest first, in pages', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.on('/bad').always(500);
    const good = await harness.createEndpoint({ url: receiver.urlOf('/good') });
    const bad = await harness.createEndpoint({ url: receiver.urlOf('/bad'), retry: 'once', events: ['a'] });
    const { id: first } = await dispatcher.emit('a', 1);
    await harness.advance(HOUR);
    const later = harness.clock.now();
    const { id: second } = await dispatcher.emit('b', 2);
    await harness.advance(0);
    const messageIds = async (request: Parameters<typeof dispatcher.deliveries.list>[0]): Promise<string[]> =>
      (await dispatcher.deliveries.list(request)).items.map(({ messageId }) => messageId);
    expect(await messageIds({ endpointId: good.id })).toEqual([second, first]);
    expect(await messageIds({ endpointId: bad.id })).toEqual([first]);
    expect(await messageIds({ messageId: second })).toEqual([second]);
    expect(await messageIds({ types: ['a'] })).toEqual([first, first]);
    expect(await messageIds({ states: ['exhausted', 'failed'] })).toEqual([first]);
    expect(await messageIds({ since: new Date(later) })).toEqual([second]);
    expect(await messageIds({ until: later })).toEqual([first, first]);
    expect(await messageIds({ tenant: 'acme' })).toEqual([]);

    const pages: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await dispatcher.deliveries.list({
        limit: 1,
        ...(cursor === undefined ? {} : { cursor }),
      });
      pages.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(new Set(pages).size).toBe(3);
  });

  it.each([{ limit: 0 }, { limit: 501 }, { states: ['done'] }, { state: 'failed' }, { since: 'yesterday' }])(
    'refuses %j',
    async (request) => {
      await using harness = await createHarness();
      await expect(harness.dispatcher.deliveries.list(request as never)).rejects.toThrow(OptionsError);
    },
  );
});

describe('deliveries.get', () => {
  it('carries the attempts with status, headers, body and duration', async () => {
    await using harness = await createHarness();
    harness.receiver.reply({
      status: 500,
      headers: { 'X-Trace': ['a', 'b'] },
      body: Buffer.from([0xff, 0xfe]),
    });
    const endpoint = await harness.createEndpoint({ retry: 'short' });
    const startedAt = harness.clock.now();
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(1_000);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({
      state: 'succeeded',
      attempts: 2,
      createdAt: startedAt,
      firstAttemptAt: startedAt,
      finishedAt: startedAt + 1_000,
      attemptLog: [
        {
          attempt: 1,
          outcome: 'endpoint_failed',
          reason: 'http_status',
          startedAt,
          response: {
            status: 500,
            headers: { 'x-trace': 'a, b' },
            body: '//4=',
            bodyEncoding: 'base64',
            bodyTruncated: false,
            bodyComplete: true,
          },
        },
        { attempt: 2, outcome: 'delivered', startedAt: startedAt + 1_000, response: { status: 204 } },
      ],
    });
  });

  it('is NotFound for an unknown id, as are retry and cancel', async () => {
    await using harness = await createHarness();
    const { deliveries } = harness.dispatcher;
    for (const call of ['get', 'retry', 'cancel'] as const)
      await expect(deliveries[call]('dlv_unknown')).rejects.toThrow(NotFoundError);
  });
});

describe('deliveries.retry', () => {
  it('begins a fresh run of the policy; attempt numbers go on', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const endpoint = await harness.createEndpoint({
      retry: { kind: 'schedule', delaysMs: [1_000] },
      computedHeaders: { 'X-Attempt': 'attempt' },
    });
    await dispatcher.emit('job.done', {});
    await harness.advance(HOUR);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(await dispatcher.deliveries.retry(delivery!.id)).toMatchObject({ attemptsBeforeRun: 2 });
    await harness.advance(HOUR);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'exhausted', attempts: 4 }]);
    expect(receiver.requests.map(({ headers }) => headers['x-attempt'])).toEqual(['1', '2', '3', '4']);
  });

  it('sends a succeeded one again, and a waiting one at once', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(204, 500);
    const endpoint = await harness.createEndpoint();
    const ids = (await dispatcher.emit('job.done', 1)).deliveries.map(({ id }) => id);
    await harness.advance(0);
    ids.push(...(await dispatcher.emit('job.done', 2)).deliveries.map(({ id }) => id));
    await harness.advance(0);
    for (const id of ids) await dispatcher.deliveries.retry(id);
    await harness.advance(0);
    expect(receiver.received).toBe(4);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'succeeded', attempts: 2 },
      { state: 'succeeded', attempts: 2 },
    ]);
  });

  it('changes nothing while an attempt runs', async () => {
    await using harness = await createHarness();
    harness.receiver.hold();
    await harness.createEndpoint();
    const { deliveries } = await harness.dispatcher.emit('job.done', {});
    await harness.receiver.waitFor(1);
    expect(await harness.dispatcher.deliveries.retry(deliveries[0]!.id)).toMatchObject({ state: 'sending' });
    harness.receiver.release();
    await harness.advance(HOUR);
    expect(harness.receiver.received).toBe(1);
  });

  it('of a delivery to a removed or still disabled endpoint ends discarded again', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const removed = await harness.createEndpoint();
    const disabled = await harness.createEndpoint({ status: 'disabled' });
    const { deliveries } = await dispatcher.emit('job.done', {});
    await harness.advance(0);
    await dispatcher.endpoints.remove(removed.id);
    for (const { id } of deliveries) await dispatcher.deliveries.retry(id);
    await harness.advance(0);
    expect(await harness.deliveriesTo(removed)).toMatchObject([
      { state: 'discarded', reason: 'endpoint_removed' },
    ]);
    expect(await harness.deliveriesTo(disabled)).toMatchObject([
      { state: 'discarded', reason: 'endpoint_disabled' },
    ]);
    expect(harness.receiver.received).toBe(1);
  });
});

describe('deliveries.cancel', () => {
  it('discards a waiting one with an event', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    harness.receiver.always(500);
    await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'delivery.discarded');
    const { deliveries } = await dispatcher.emit('job.done', {});
    await harness.advance(0);
    const cancelled = await dispatcher.deliveries.cancel(deliveries[0]!.id);
    expect(cancelled).toMatchObject({ state: 'discarded', reason: 'cancelled', attempts: 1 });
    await harness.advance(48 * HOUR);
    expect(harness.receiver.received).toBe(1);
    expect(events).toMatchObject([{ event: { deliveryId: cancelled.id, reason: 'cancelled', final: true } }]);
  });

  it.each([
    [500, { state: 'discarded', reason: 'cancelled', attempts: 1 }],
    [204, { state: 'succeeded', attempts: 1 }],
  ])('while sending: an answer of %i is recorded, and no further attempt made', async (status, expected) => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.hold();
    receiver.reply(status);
    const endpoint = await harness.createEndpoint();
    const { deliveries } = await dispatcher.emit('job.done', {});
    await receiver.waitFor(1);
    expect(await dispatcher.deliveries.cancel(deliveries[0]!.id)).toMatchObject({ state: 'sending' });
    receiver.release();
    await harness.advance(48 * HOUR);
    expect(receiver.received).toBe(1);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { ...expected, attemptLog: [{ response: { status } }] },
    ]);
  });

  it('of one queued behind a busy slot keeps it from being sent', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.hold();
    await harness.createEndpoint({ concurrency: 1 });
    await dispatcher.emit('job.done', 1);
    await receiver.waitFor(1);
    const { deliveries } = await dispatcher.emit('job.done', 2);
    await dispatcher.deliveries.cancel(deliveries[0]!.id);
    receiver.release();
    await harness.advance(HOUR);
    expect(receiver.received).toBe(1);
    expect(await dispatcher.deliveries.get(deliveries[0]!.id)).toMatchObject({
      state: 'discarded',
      reason: 'cancelled',
      attempts: 0,
    });
  });

  it('is told of once, however often it was called off', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.hold();
    await harness.createEndpoint({ concurrency: 1 });
    const events = recordEvents(dispatcher, 'delivery.discarded');
    await dispatcher.emit('job.done', 1);
    await receiver.waitFor(1);
    const { deliveries } = await dispatcher.emit('job.done', 2);
    const cancel = (): Promise<unknown> => dispatcher.deliveries.cancel(deliveries[0]!.id);
    await Promise.all([cancel(), cancel(), cancel()]);
    expect(events).toMatchObject([{ event: { deliveryId: deliveries[0]!.id, reason: 'cancelled' } }]);
    receiver.release();
  });

  it('of one that another process has queued is told of by that one, when it hands it back', async () => {
    await using world = await createWorld();
    const [owner, other] = [world.start(), world.start()];
    const events = {
      owner: recordEvents(owner, 'delivery.discarded'),
      other: recordEvents(other, 'delivery.discarded'),
    };
    world.receiver.hold();
    const { id: endpointId, url } = await owner.endpoints.create({ url: world.receiver.url, concurrency: 1 });
    await owner.emit('job.done', 1);
    await world.receiver.waitFor(1);
    const { deliveries } = await owner.emit('job.done', 2);
    const deliveryId = deliveries[0]!.id;
    expect(await other.deliveries.cancel(deliveryId)).toMatchObject({ state: 'sending' });
    await other.endpoints.pause(endpointId);
    await until(() => events.owner.length > 0, 'the owner has handed it back');
    expect(events.owner).toMatchObject([
      { event: { deliveryId, endpoint: { id: endpointId, url }, reason: 'cancelled', final: true } },
    ]);
    expect(events.other).toEqual([]);
    world.receiver.release();
  });

  it('of one whose process died is told of when its lease has run out', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ leaseMs: 1_000 });
    const events = recordEvents(dispatcher, 'delivery.discarded');
    const producer = world.start({ deliver: false });
    const { deliveries } = await producer.emit('job.done', {}, { to: { url: world.receiver.url } });
    const claim = { limit: 1, perLane: 1, freeSlots: new Map<string, number>(), maxRescues: 5 };
    await world.store.claimDue({ ...claim, leaseMs: 1_000, owner: 'dead', lease: 'lease' });
    await dispatcher.deliveries.cancel(deliveries[0]!.id);
    expect(events).toEqual([]);
    await world.advance(60_000);
    expect(events).toMatchObject([{ event: { deliveryId: deliveries[0]!.id, reason: 'cancelled' } }]);
    expect(world.receiver.received).toBe(0);
  });

  it('leaves a final one as it is; a cancelled one can be retried', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const endpoint = await harness.createEndpoint();
    const { deliveries } = await dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await dispatcher.deliveries.cancel(deliveries[0]!.id)).toMatchObject({ state: 'succeeded' });
    await dispatcher.endpoints.pause(endpoint.id);
    const next = await dispatcher.emit('job.done', {});
    await dispatcher.deliveries.cancel(next.deliveries[0]!.id);
    await dispatcher.deliveries.retry(next.deliveries[0]!.id);
    await dispatcher.endpoints.resume(endpoint.id);
    await harness.advance(0);
    expect(await dispatcher.deliveries.get(next.deliveries[0]!.id)).toMatchObject({ state: 'succeeded' });
  });
});

describe('messages', () => {
  it('are listed newest first, by type and tenant, with their data', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    await dispatcher.emit(
      'a',
      { n: 1 },
      { timestamp: 5, metadata: { m: 1 }, orderingKey: 'k', idempotencyKey: 'i' },
    );
    await dispatcher.emit('b', [2], { tenant: 'acme' });
    const { items } = await dispatcher.messages.list();
    expect(items).toMatchObject([
      { type: 'b', data: [2], tenant: 'acme', fannedOut: true, test: false },
      { type: 'a', data: { n: 1 }, timestamp: 5, metadata: { m: 1 }, orderingKey: 'k', idempotencyKey: 'i' },
    ]);
    expect((await dispatcher.messages.list({ types: ['a'] })).items).toHaveLength(1);
    expect((await dispatcher.messages.list({ tenant: 'acme' })).items).toHaveLength(1);
    await expect(dispatcher.messages.get('msg_unknown')).rejects.toThrow(NotFoundError);
  });
});
