import { describe, expect, it } from 'vitest';
import type { RetryPolicy } from '../../src/core/retry-policy.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import type { EndpointStore, Store } from '../../src/store/store.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { createWorld, decorateStore, onlyDelivery, recordEvents, turn, until } from '../support/world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The harness draws no jitter. */
const every = (delayMs: number): RetryPolicy => ({
  kind: 'schedule',
  delaysMs: Array<number>(399).fill(delayMs),
});

const bound = (endpoints: EndpointStore): EndpointStore => ({
  put: (params) => endpoints.put(params),
  get: (params) => endpoints.get(params),
  list: (params) => endpoints.list(params),
  remove: (params) => endpoints.remove(params),
});

describe('an endpoint of which nothing but failures come', () => {
  it('is reported after an hour, disabled after five days, and what it missed can be replayed', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    const startedAt = clock.now();
    receiver.always(500);
    const endpoint = await harness.createEndpoint({
      retry: every(HOUR / 2),
    });
    const events = recordEvents(dispatcher, 'endpoint.failing', 'endpoint.disabled', 'endpoint.updated');
    await dispatcher.emit('job.done', 1);
    await harness.advance(HOUR - 1);
    expect(events).toEqual([]);
    await harness.advance(1);
    expect(events).toMatchObject([
      { name: 'endpoint.failing', event: { failingSince: startedAt, consecutiveFailures: 3 } },
    ]);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({
      failingSince: startedAt,
      consecutiveFailures: 3,
      status: 'enabled',
    });
    await harness.advance(5 * DAY - HOUR - 1);
    expect(events).toHaveLength(1);
    await harness.advance(1);
    const why = `nothing but failures came from it since ${new Date(startedAt).toISOString()}, 241 in a row.`;
    expect(events.slice(1)).toMatchObject([
      { name: 'endpoint.disabled', event: { reason: 'failing', detail: `N${why.slice(1)}` } },
    ]);
    expect((await dispatcher.explain('job.done', 2)).items).toMatchObject([
      { disabledReason: 'failing', reason: expect.stringContaining(why) },
    ]);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'discarded', reason: 'endpoint_disabled' },
    ]);
    await dispatcher.emit('job.done', 2);
    receiver.always(204);
    receiver.clear();
    await dispatcher.endpoints.update(endpoint.id, { status: 'enabled' });
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({
      consecutiveFailures: 0,
      failingSince: undefined,
    });
    await dispatcher.replay({ endpointId: endpoint.id });
    await harness.advance(0);
    expect(receiver.received).toBe(2);
  });

  it('has recovered when one is delivered, and begins anew with the next failure', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const autoDisable = { failingAfterMs: HOUR, afterMs: 3 * HOUR };
    const endpoint = await harness.createEndpoint({
      autoDisable,
      retry: every(HOUR / 4),
    });
    const events = recordEvents(dispatcher, 'endpoint.failing', 'endpoint.recovered', 'endpoint.disabled');
    const names = (): string[] => events.map(({ name }) => name);
    receiver.always(500);
    await dispatcher.emit('job.done', 1);
    await harness.advance(2 * HOUR);
    expect(names()).toEqual(['endpoint.failing']);
    receiver.always(204);
    await harness.advance(HOUR / 4);
    expect(names()).toEqual(['endpoint.failing', 'endpoint.recovered']);
    receiver.always(500);
    await dispatcher.emit('job.done', 2);
    await harness.advance(HOUR - 1);
    expect(names()).toHaveLength(2);
    await harness.advance(HOUR / 4 + 1);
    expect(names().slice(2)).toEqual(['endpoint.failing']);
    await harness.advance(2 * HOUR);
    expect(names().slice(2)).toEqual(['endpoint.failing', 'endpoint.disabled']);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({ disabledReason: 'failing' });
  });

  it('is left alone with autoDisable: false, and when it is a destination of a message', async () => {
    await using harness = await createHarness({
      dispatcher: { retry: every(HOUR) },
    });
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const endpoint = await harness.createEndpoint({ autoDisable: false });
    const events = recordEvents(dispatcher, 'endpoint.failing', 'endpoint.disabled');
    await dispatcher.emit('job.done', 1);
    await dispatcher.emit('job.done', 2, { to: { url: receiver.url } });
    await harness.advance(7 * DAY);
    expect(events).toEqual([]);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({ status: 'enabled' });
  });

  it('gets another chance with another URL', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const endpoint = await harness.createEndpoint({
      autoDisable: { failingAfterMs: 0, afterMs: 2 * HOUR },
      retry: every(HOUR / 4),
    });
    await dispatcher.emit('job.done', 1);
    await harness.advance(HOUR);
    await dispatcher.endpoints.update(endpoint.id, { url: receiver.urlOf('/other') });
    await harness.advance(2 * HOUR - 1);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({ status: 'enabled' });
    await harness.advance(HOUR);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({ status: 'disabled' });
  });
});

describe('failures so far', () => {
  const settings = { retry: every(HOUR / 4), autoDisable: { failingAfterMs: HOUR, afterMs: 48 * HOUR } };

  it('do not put off the report of those at another URL', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const endpoint = await harness.createEndpoint(settings);
    const events = recordEvents(dispatcher, 'endpoint.failing');
    await dispatcher.emit('job.done', 1);
    await harness.advance(2 * HOUR);
    expect(events).toHaveLength(1);
    await dispatcher.endpoints.update(endpoint.id, { url: receiver.urlOf('/other') });
    await harness.advance(1.5 * HOUR);
    expect(events).toHaveLength(2);
  });

  it('are not those of an endpoint that is created under the same id', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const id = 'ep_again';
    await harness.createEndpoint({ ...settings, id });
    await dispatcher.emit('job.done', 1);
    await harness.advance(47 * HOUR);
    await dispatcher.endpoints.remove(id);
    await harness.advance(2 * HOUR);
    await harness.createEndpoint({ ...settings, id });
    await dispatcher.emit('job.done', 2);
    await harness.advance(0);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled', consecutiveFailures: 1 });
  });

  it('do not count after resume', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(500);
    const { id } = await harness.createEndpoint(settings);
    await dispatcher.emit('job.done', 1);
    await harness.advance(47.9 * HOUR);
    await dispatcher.endpoints.resume(id);
    await harness.advance(2 * HOUR);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled', consecutiveFailures: 8 });
  });
});

describe('onDisable: hold', () => {
  async function setup(): Promise<Harness & { id: string; states: () => Promise<string[]> }> {
    const harness = await createHarness();
    harness.receiver.reply(500, 500);
    const { id } = await harness.createEndpoint({ onDisable: 'hold' });
    for (const n of [1, 2]) await harness.dispatcher.emit('job.done', n);
    await harness.advance(0);
    await harness.dispatcher.endpoints.update(id, { status: 'disabled' });
    const states = async (): Promise<string[]> => (await harness.deliveriesTo(id)).map(({ state }) => state);
    return { ...harness, id, states };
  }

  it('is not undone by resume, which would discard what waits', async () => {
    await using harness = await setup();
    const { id, dispatcher, states } = harness;
    await expect(dispatcher.endpoints.resume(id)).rejects.toThrow(/disabled.*status: 'enabled'/);
    await harness.advance(DAY);
    expect(await states()).toEqual(['scheduled', 'scheduled']);
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    await harness.advance(0);
    expect(await states()).toEqual(['succeeded', 'succeeded']);
  });

  it('ends with onDisable: discard, and leaves no pause', async () => {
    await using harness = await setup();
    const { id, dispatcher, states } = harness;
    await dispatcher.endpoints.update(id, { onDisable: 'discard' });
    expect(await states()).toEqual(['discarded', 'discarded']);
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    await dispatcher.emit('job.done', 3);
    await harness.advance(0);
    expect(await states()).toEqual(['discarded', 'discarded', 'succeeded']);
  });

  it('keeps what is leased for an endpoint that was disabled past its dispatcher', async () => {
    await using world = await createWorld();
    const { store, receiver } = world;
    receiver.always(500);
    const dispatcher = world.start({ onDisable: 'hold' });
    const { id } = await dispatcher.endpoints.create({ url: receiver.url });
    await dispatcher.emit('job.done', 1);
    await dispatcher.drain();
    const { record } = (await store.endpoints.get({ id }))!;
    await store.endpoints.put({ record: { ...record, status: 'disabled' }, expectedRevision: 1 });
    receiver.always(204);
    await world.advance(DAY);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'scheduled', attempts: 1 });
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'disabled', paused: true });
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    await world.advance(0);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'succeeded', attempts: 2 });
  });

  it('is let go also when the store fails for a moment', async () => {
    await using world = await createWorld();
    const memory = memoryStore();
    let failures = 0;
    const store = decorateStore(memory, {
      putLane: async (params) => {
        failures -= 1;
        if (failures >= 0) throw new Error('no answer');
        return memory.putLane(params);
      },
    });
    const dispatcher = world.start({ store, onDisable: 'hold' });
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.endpoints.update(id, { status: 'disabled' });
    failures = 2;
    const enabled = dispatcher.endpoints.update(id, { status: 'enabled' });
    await until(() => failures < 2, 'the store fails');
    await turn();
    await world.clock.advance(10_000);
    await enabled;
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled', paused: false });
  });

  it('leaves no pause when the store fails to disable it', async () => {
    await using world = await createWorld();
    const memory = memoryStore();
    let isDown = false;
    const check = (): void => {
      if (isDown) throw new Error('no answer');
    };
    const putEndpoint: Store['endpoints']['put'] = async (params) => {
      isDown = params.record.status === 'disabled';
      check();
      return memory.endpoints.put(params);
    };
    const store = decorateStore(memory, {
      endpoints: { ...bound(memory.endpoints), put: putEndpoint },
      putLane: async (params) => {
        check();
        return memory.putLane(params);
      },
    });
    const dispatcher = world.start({ store, onDisable: 'hold' });
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    await expect(dispatcher.endpoints.update(id, { status: 'disabled' })).rejects.toThrow('no answer');
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled', paused: true });
    isDown = false;
    await world.clock.advance(1_000);
    await dispatcher.drain();
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled', paused: false });
  });

  it('keeps what waits until the endpoint is enabled again; what is emitted meanwhile is discarded', async () => {
    await using harness = await createHarness({ dispatcher: { onDisable: 'hold' } });
    const { dispatcher, receiver } = harness;
    receiver.reply(500, 500, 500);
    const endpoint = await harness.createEndpoint();
    for (const n of [1, 2, 3]) await dispatcher.emit('job.done', n);
    await harness.advance(0);
    await dispatcher.endpoints.update(endpoint.id, { status: 'disabled' });
    await dispatcher.emit('job.done', 4);
    await harness.advance(20 * DAY);
    const states = async (): Promise<string[]> =>
      (await harness.deliveriesTo(endpoint)).map(({ state }) => state);
    expect(await states()).toEqual(['scheduled', 'scheduled', 'scheduled', 'discarded']);
    await dispatcher.endpoints.update(endpoint.id, { status: 'enabled' });
    await harness.advance(0);
    expect(await states()).toEqual(['succeeded', 'succeeded', 'succeeded', 'discarded']);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({ paused: false });
  });

  it('discards all the same after 410', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(500, 410);
    const endpoint = await harness.createEndpoint({ onDisable: 'hold', concurrency: 1 });
    for (const n of [1, 2]) await dispatcher.emit('job.done', n);
    await harness.advance(0);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'discarded', reason: 'endpoint_disabled' },
      { state: 'discarded', reason: 'gone' },
    ]);
  });

  it('is not paused when the change is refused', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const endpoint = await harness.createEndpoint({ onDisable: 'hold' });
    const update = dispatcher.endpoints.update(endpoint.id, { status: 'disabled' }, { revision: 7 });
    await expect(update).rejects.toThrow(/revision/);
    expect(await dispatcher.endpoints.get(endpoint.id)).toMatchObject({ paused: false, status: 'enabled' });
  });
});
