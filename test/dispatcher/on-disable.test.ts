/** What becomes of deliveries that wait when their endpoint is disabled. */
import { describe, expect, it } from 'vitest';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import type { EndpointStore, Store } from '../../src/store/store.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { createWorld, decorateStore, onlyDelivery, turn, until, type World } from '../support/world.ts';

const DAY = 24 * 3_600_000;

const bound = (endpoints: EndpointStore): EndpointStore => ({
  put: (params) => endpoints.put(params),
  get: (params) => endpoints.get(params),
  list: (params) => endpoints.list(params),
  remove: (params) => endpoints.remove(params),
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
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'disabled', held: true });
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    await world.advance(0);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'succeeded', attempts: 2 });
  });

  it('is let go, and begins anew, also when the store fails for a moment', async () => {
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
    world.receiver.reply(500);
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.emit('job.done', 1);
    await dispatcher.drain();
    await dispatcher.endpoints.update(id, { status: 'disabled' });
    failures = 2;
    const enabled = dispatcher.endpoints.update(id, { status: 'enabled' });
    await until(() => failures < 2, 'the store fails');
    await turn();
    await world.clock.advance(10_000);
    expect(await enabled).toMatchObject({ status: 'enabled', consecutiveFailures: 0 });
    expect((await onlyDelivery(dispatcher)).state).toBe('succeeded');
  });

  it('holds nothing when the store fails to disable it', async () => {
    await using world = await createWorld();
    const memory = memoryStore();
    let isDown = false;
    const put: Store['endpoints']['put'] = async (params) => {
      if (isDown) throw new Error('no answer');
      return memory.endpoints.put(params);
    };
    const store = decorateStore(memory, { endpoints: { ...bound(memory.endpoints), put } });
    const dispatcher = world.start({ store, onDisable: 'hold' });
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    isDown = true;
    await expect(dispatcher.endpoints.update(id, { status: 'disabled' })).rejects.toThrow('no answer');
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled', paused: false });
    await dispatcher.emit('job.done', 1);
    await dispatcher.drain();
    expect((await onlyDelivery(dispatcher)).state).toBe('succeeded');
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

describe('onDisable of a dispatcher that starts later', () => {
  /** Disabled by a dispatcher, with a delivery that waits; then another one starts, and it comes due. */
  async function setup(
    world: World,
    before: 'hold' | 'discard',
    after: 'hold' | 'discard',
  ): Promise<{ id: string; dispatcher: WebhookDispatcher }> {
    world.receiver.reply(500);
    const first = world.start({ onDisable: before });
    const { id } = await first.endpoints.create({ url: world.receiver.url });
    await first.emit('job.done', 1);
    await first.drain();
    await first.endpoints.update(id, { status: 'disabled' });
    await first.stop();
    const dispatcher = world.start({ onDisable: after });
    await world.advance(DAY);
    return { id, dispatcher };
  }

  it('does not discard what is held, and enabling lets it go', async () => {
    await using world = await createWorld();
    const { id, dispatcher } = await setup(world, 'hold', 'discard');
    expect((await onlyDelivery(dispatcher)).state).toBe('scheduled');
    await dispatcher.endpoints.update(id, { name: 'changed meanwhile' });
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ held: true });
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    await world.advance(0);
    expect((await onlyDelivery(dispatcher)).state).toBe('succeeded');
    expect(await dispatcher.endpoints.get(id)).not.toHaveProperty('held');
  });

  it('holds nothing of what was discarded', async () => {
    await using world = await createWorld();
    const { id, dispatcher } = await setup(world, 'discard', 'hold');
    const { id: deliveryId, state } = await onlyDelivery(dispatcher);
    expect(state).toBe('discarded');
    await dispatcher.deliveries.retry(deliveryId);
    await world.advance(0);
    expect((await onlyDelivery(dispatcher)).state).toBe('discarded');
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ held: false });
  });

  it('counts when the endpoint is disabled the next time', async () => {
    await using world = await createWorld();
    const { id, dispatcher } = await setup(world, 'hold', 'discard');
    world.receiver.reply(500);
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    await world.advance(0);
    await dispatcher.endpoints.update(id, { status: 'disabled' });
    expect((await onlyDelivery(dispatcher)).state).toBe('discarded');
  });
});

describe('an endpoint that is paused, and held because it is disabled', () => {
  it('has both, and each ends by itself', async () => {
    await using harness = await createHarness({ dispatcher: { onDisable: 'hold' } });
    const { dispatcher, receiver } = harness;
    const { id } = await harness.createEndpoint();
    await dispatcher.endpoints.pause(id);
    await dispatcher.emit('job.done', 1);
    await dispatcher.endpoints.update(id, { status: 'disabled' });
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    await harness.advance(DAY);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled', paused: true });
    expect(receiver.received).toBe(0);
    await dispatcher.endpoints.update(id, { status: 'disabled' });
    await dispatcher.endpoints.resume(id);
    await harness.advance(DAY);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'disabled', paused: false });
    expect(receiver.received).toBe(0);
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    await harness.advance(0);
    expect(receiver.received).toBe(1);
  });
});
