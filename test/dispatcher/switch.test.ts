import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { allDeliveries, createWorld, decorateStore, recordEvents, turn, until } from '../support/world.ts';

const HOUR = 60 * 60_000;

describe('pause and resume of everything', () => {
  it('holds what is emitted, and sends it when resumed', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint();
    await dispatcher.pause();
    const receipts = [await dispatcher.emit('job.done', 1), await dispatcher.emit('job.done', 2)];
    await harness.advance(100 * HOUR);
    expect(receiver.connections).toBe(0);
    expect((await dispatcher.health()).whilePaused).toBe('hold');
    for (const { state, attempts } of await allDeliveries(dispatcher))
      expect([state, attempts]).toEqual(['scheduled', 0]);
    await dispatcher.resume();
    await harness.advance(0);
    expect(receiver.requests.map(({ headers }) => headers['webhook-id']).sort()).toEqual(
      receipts.map(({ id }) => id).sort(),
    );
    expect((await dispatcher.health()).whilePaused).toBeUndefined();
  });

  it('lets requests in flight end, and starts no further attempt of theirs', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint({ concurrency: 1, retry: { kind: 'schedule', delaysMs: [1_000] } });
    receiver.reply(503);
    receiver.hold();
    await dispatcher.emit('job.done', 1);
    await dispatcher.emit('job.done', 2);
    await receiver.waitFor(1);
    await dispatcher.pause();
    receiver.release();
    await harness.advance(HOUR);
    expect(receiver.received).toBe(1);
    const attempts = (await allDeliveries(dispatcher)).map((delivery) => delivery.attempts);
    expect(attempts).toEqual([1, 0]);
    await dispatcher.resume();
    await harness.advance(0);
    expect(receiver.received).toBe(3);
    for (const { state } of await allDeliveries(dispatcher)) expect(state).toBe('succeeded');
  });

  it('discards what is emitted meanwhile when asked to, with the reason on record', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const { id } = await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'delivery.discarded');
    await dispatcher.pause({ whilePaused: 'discard' });
    await dispatcher.emit('job.done', 1);
    await dispatcher.emit('job.done', 2, { to: [id] });
    await dispatcher.resume();
    await dispatcher.emit('job.done', 3);
    await harness.advance(0);
    const deliveries = await allDeliveries(dispatcher);
    expect(deliveries.map(({ state, reason }) => [state, reason])).toEqual([
      ['discarded', 'dispatcher_paused'],
      ['discarded', 'dispatcher_paused'],
      ['succeeded', undefined],
    ]);
    expect(events.map(({ event }) => event['reason'])).toEqual(['dispatcher_paused', 'dispatcher_paused']);
    await dispatcher.deliveries.retry(deliveries[0]!.id);
    await harness.advance(0);
    expect(receiver.received).toBe(2);
  });

  it('holds what waited before, also while new messages are discarded', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint();
    await dispatcher.pause();
    await dispatcher.emit('job.done', 1);
    await dispatcher.pause({ whilePaused: 'discard' });
    await dispatcher.emit('job.done', 2);
    await dispatcher.resume();
    await harness.advance(0);
    expect(receiver.requests.map(({ text }) => (JSON.parse(text) as { data: number }).data)).toEqual([1]);
  });

  it('is kept in the store: a restart does not end it', async () => {
    await using world = await createWorld();
    const first = world.start();
    await first.endpoints.create({ url: world.receiver.url });
    await first.pause();
    await first.emit('job.done', 1);
    await first.stop();
    const second = world.start();
    const events = recordEvents(second, 'dispatcher.paused', 'dispatcher.resumed');
    await second.start();
    await world.advance(HOUR);
    expect(world.receiver.connections).toBe(0);
    await second.resume();
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
    expect(events.map(({ name }) => name)).toEqual(['dispatcher.paused', 'dispatcher.resumed']);
  });

  it('holds for all dispatchers that share the store', async () => {
    await using world = await createWorld();
    const [one, other] = [world.start(), world.start()];
    await one.endpoints.create({ url: world.receiver.url });
    await other.start();
    await one.pause({ whilePaused: 'discard' });
    await until(async () => (await other.health()).whilePaused === 'discard', 'the other has heard of it');
    await other.emit('job.done', 1);
    await world.advance(HOUR);
    expect(world.receiver.connections).toBe(0);
    await one.resume();
    await until(async () => (await other.health()).whilePaused === undefined, 'the other has heard of it');
    await other.emit('job.done', 2);
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
  });

  it('counts as it stands when a message is matched that others stored', async () => {
    await using world = await createWorld();
    const { settings } = world.store;
    let answer = (): void => undefined;
    let held = Promise.resolve();
    const get: typeof settings.get = async (params) => {
      await held;
      return settings.get(params);
    };
    const store = decorateStore(world.store, { settings: { ...settings, get } });
    const sender = world.start({ store });
    await sender.endpoints.create({ url: world.receiver.url });
    const producer = world.start({ deliver: false });
    await producer.pause({ whilePaused: 'discard' });
    await until(async () => (await sender.health()).whilePaused === 'discard', 'the sender has heard of it');
    held = new Promise((resolve) => (answer = resolve));
    await producer.resume();
    await producer.emit('job.done', 1);
    await turn();
    expect(await allDeliveries(producer), 'not matched by what held before').toEqual([]);
    answer();
    await world.receiver.waitFor(1);
    await sender.drain();
    expect((await allDeliveries(producer)).map(({ state }) => state)).toEqual(['succeeded']);
  });

  it('is read again when the store cannot tell which setting has changed', async () => {
    await using world = await createWorld();
    const store = decorateStore(world.store, {
      watch: (listener) =>
        world.store.watch((change) =>
          listener(change.kind === 'setting' ? { ...change, key: undefined } : change),
        ),
    });
    const other = world.start({ store });
    await other.start();
    await world.start().pause();
    await until(async () => (await other.health()).whilePaused === 'hold', 'it has heard of it');
  });

  it('is read until the store answers, and emits wait for it no longer than they may', async () => {
    await using world = await createWorld();
    const { settings } = world.store;
    let failures = 0;
    let isDown = false;
    const get: typeof settings.get = (params) => {
      if (isDown) failures += 1;
      return isDown ? Promise.reject(new Error('no connection')) : settings.get(params);
    };
    const store = decorateStore(world.store, { settings: { ...settings, get } });
    const sender = world.start({ store, emitTimeoutMs: 30_000 });
    const errors = recordEvents(sender, 'error');
    await sender.endpoints.create({ url: world.receiver.url });
    isDown = true;
    const other = world.start();
    await other.pause();
    await until(() => failures > 0, 'it was asked');
    const refused = expect(sender.emit('job.done', 1)).rejects.toMatchObject({ code: 'emit_timeout' });
    await world.advance(30_000);
    await refused;
    expect(failures).toBeGreaterThan(1);
    expect(errors.length).toBeGreaterThan(1);
    isDown = false;
    await world.advance(60_000);
    expect((await sender.health()).whilePaused).toBe('hold');
    await sender.emit('job.done', 2);
    expect(world.receiver.connections).toBe(0);
  });

  it('leaves tests of endpoints alone', async () => {
    await using harness = await createHarness();
    const { id } = await harness.createEndpoint();
    await harness.dispatcher.pause();
    expect(await harness.dispatcher.endpoints.test(id)).toMatchObject({ delivered: true });
  });

  it('tells once, whatever is asked how often', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const events = recordEvents(dispatcher, 'dispatcher.paused', 'dispatcher.resumed');
    await dispatcher.resume();
    await Promise.all([dispatcher.pause(), dispatcher.pause(), dispatcher.pause({ whilePaused: 'hold' })]);
    await dispatcher.resume();
    await dispatcher.resume();
    for (let count = 0; count < 20; count += 1) await turn();
    expect(events.map(({ name, event }) => [name, event['whilePaused']])).toEqual([
      ['dispatcher.paused', 'hold'],
      ['dispatcher.resumed', undefined],
    ]);
  });

  it('ends as the last call says when they come fast', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint();
    const calls: Promise<unknown>[] = [];
    for (let n = 0; n < 50; n += 1) {
      calls.push(dispatcher.pause(), dispatcher.emit('job.done', n), dispatcher.resume());
    }
    await Promise.all(calls);
    await harness.advance(0);
    expect(receiver.received).toBe(50);
    expect((await dispatcher.health()).whilePaused).toBeUndefined();
  });

  it('rejects when the store cannot write it, and nothing has changed', async () => {
    await using world = await createWorld();
    const broken = decorateStore(world.store, {
      settings: {
        get: (params) => world.store.settings.get(params),
        put: () => Promise.reject(new Error('disk full')),
      },
    });
    const dispatcher = world.start({ store: broken });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await expect(dispatcher.pause()).rejects.toThrow('disk full');
    await dispatcher.emit('job.done', 1);
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
  });

  it('holds everything, and says so, when the stored switch cannot be read', async () => {
    await using world = await createWorld();
    await world.store.open({ clock: world.clock });
    await world.store.settings.put({ key: 'switch', value: '{"paused":"maybe"}' });
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    await dispatcher.endpoints.create({ url: world.receiver.url });
    await dispatcher.emit('job.done', 1);
    await world.advance(HOUR);
    expect(world.receiver.connections).toBe(0);
    expect(errors[0]!.event['error']).toMatchObject({ path: 'switch' });
    await dispatcher.resume();
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
  });

  it('says nothing of a store that was closed while it was being read', async () => {
    await using world = await createWorld();
    let close: ((reason: Error) => void) | undefined;
    const closing = decorateStore(world.store, {
      settings: {
        get: (params) =>
          params.key === 'switch' && isStarted
            ? new Promise((_resolve, reject) => (close = reject))
            : world.store.settings.get(params),
        put: (params) => world.store.settings.put(params),
      },
    });
    let isStarted = false;
    const dispatcher = world.start({ store: closing });
    const errors = recordEvents(dispatcher, 'error');
    await dispatcher.start();
    isStarted = true;
    await world.start().pause(); // it hears of that, and reads
    await until(() => close !== undefined, 'the switch is read');
    await dispatcher.stop();
    close!(new Error('closed'));
    await turn();
    expect(errors).toEqual([]);
  });

  it.each([
    [{ whilePaused: 'drop' }, 'whilePaused'],
    [{ whilepaused: 'hold' }, 'whilepaused'],
    [7, ''],
  ])('refuses %j, naming %j', async (options, path) => {
    await using dispatcher = new WebhookDispatcher();
    await expect(dispatcher.pause(options as object)).rejects.toMatchObject({
      code: 'invalid_option',
      path,
    });
  });
});
