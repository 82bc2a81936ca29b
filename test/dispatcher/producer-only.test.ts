import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { createWorld, decorateStore, onlyDelivery, recordEvents, turn, until } from '../support/world.ts';

const MINUTE = 60_000;

describe('deliver: false', () => {
  it('stores what another dispatcher matches and delivers', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    const consumer = world.start();
    await consumer.endpoints.create({ url: world.receiver.url, events: ['job.*'] });
    const receipt = await producer.emit('job.done', { n: 1 });
    expect(receipt.deliveries).toEqual([]);
    await producer.emit('user.new', {});
    const [request] = await world.receiver.waitFor(1);
    expect(request!.headers['webhook-id']).toBe(receipt.id);
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
    expect(await onlyDelivery(producer)).toMatchObject({ state: 'succeeded' });
  });

  it('keeps messages for a dispatcher that starts later', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    await producer.endpoints.create({ url: world.receiver.url });
    await producer.emit('job.done', {});
    await producer.drain();
    for (let count = 0; count < 20; count += 1) await turn();
    expect(world.receiver.connections).toBe(0);
    await producer.stop();
    await world.start().start();
    await world.receiver.waitFor(1);
  });

  it('keeps messages for a dispatcher that is starting until it knows all endpoints', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    await producer.endpoints.create({ url: world.receiver.url });
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let isAsked = false;
    const list: Store['endpoints']['list'] = async (params) => {
      isAsked = true;
      await answered;
      return world.store.endpoints.list(params);
    };
    const store = decorateStore(world.store, { endpoints: { ...world.store.endpoints, list } });
    const starting = world.start({ store }).start();
    await until(() => isAsked, 'endpoints are asked for');
    await producer.emit('job.done', {});
    for (let count = 0; count < 20; count += 1) await turn();
    expect((await producer.stats()).unmatchedMessages).toBe(1);
    answer();
    await starting;
    await world.receiver.waitFor(1);
  });

  it('matches with the endpoints of the moment of matching', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    await producer.emit('job.done', {});
    await producer.endpoints.create({ url: world.receiver.url });
    await world.start().start();
    await world.receiver.waitFor(1);
  });

  it('addresses named endpoints without matching', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    const { id } = await producer.endpoints.create({ url: world.receiver.url, events: ['nothing'] });
    expect((await producer.emit('job.done', {}, { to: [id] })).deliveries).toHaveLength(1);
    await world.start().start();
    await world.receiver.waitFor(1);
  });

  it('recognises duplicates of messages that were matched elsewhere', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    const consumer = world.start();
    await consumer.endpoints.create({ url: world.receiver.url });
    const first = await producer.emit('job.done', 1, { idempotencyKey: 'k' });
    await world.receiver.waitFor(1);
    await world.advance(0);
    const second = await producer.emit('job.done', 1, { idempotencyKey: 'k' });
    expect(second).toMatchObject({ id: first.id, duplicate: true, deliveries: [{ id: expect.any(String) }] });
    await world.advance(MINUTE);
    expect(world.receiver.received).toBe(1);
  });

  it('sends a test when somebody asks for it, and nothing else', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    const { id } = await producer.endpoints.create({ url: world.receiver.url });
    await producer.emit('job.done', {}, { to: [id] });
    const result = await producer.endpoints.test(id);
    expect(result).toMatchObject({ delivered: true, status: 204 });
    expect(await producer.deliveries.get(result.deliveryId)).toMatchObject({
      state: 'succeeded',
      test: true,
    });
    await world.advance(MINUTE);
    expect(world.receiver.received).toBe(1);
  });

  it('changes an endpoint whose address and functions only others allow and know', async () => {
    await using world = await createWorld();
    const app = world.start({ functions: { filter: { vip: () => true } } });
    const { id } = await app.endpoints.create({ url: world.receiver.url, filter: { $custom: 'vip' } });
    const { endpoints } = world.start({ deliver: false, network: {} });
    expect(await endpoints.update(id, { name: 'VIP', status: 'disabled' })).toMatchObject({ name: 'VIP' });
    expect(await endpoints.update(id, { status: 'enabled' })).toMatchObject({ status: 'enabled' });
    await endpoints.rotateSecret(id);
    await expect(endpoints.update(id, { url: `${world.receiver.url}/other` })).rejects.toThrow(/is loopback/);
    await expect(endpoints.update(id, { envelope: 'unknown' })).rejects.toThrow(/envelope/);
    expect(await app.endpoints.get(id)).toMatchObject({ name: 'VIP', url: world.receiver.url });
  });
});

describe('matching of stored messages', () => {
  it('is tried again when the store failed in the middle of it', async () => {
    await using world = await createWorld();
    let failures = 1;
    const flaky = decorateStore(world.store, {
      completeFanOut: (params) => {
        failures -= 1;
        return failures >= 0 ? Promise.reject(new Error('down')) : world.store.completeFanOut(params);
      },
    });
    const consumer = world.start({ store: flaky });
    await consumer.endpoints.create({ url: world.receiver.url });
    await world.start({ deliver: false }).emit('job.done', {});
    for (let minute = 0; minute < 3; minute += 1) await world.clock.advance(MINUTE);
    await world.receiver.waitFor(1);
  });

  it('is left to a dispatcher that knows the filter function', async () => {
    await using world = await createWorld();
    const filter = { vip: (): boolean => true };
    const knowing = world.start({ functions: { filter } });
    await knowing.endpoints.create({ url: world.receiver.url, filter: { $custom: 'vip' } });
    await knowing.stop();
    const ignorant = world.start();
    await ignorant.emit('job.done', {});
    expect((await ignorant.health()).unservedEndpoints).toHaveLength(1);
    await world.clock.advance(MINUTE);
    expect(world.receiver.connections).toBe(0);
    await world.start({ functions: { filter } }).start();
    for (let minute = 0; minute < 3; minute += 1) await world.clock.advance(MINUTE);
    await world.receiver.waitFor(1);
  });

  it('tells of nothing that another process matched in its place', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    await producer.endpoints.create({ url: world.receiver.url });
    const { id } = await producer.emit('job.done', {});
    let isOvertaken = false;
    const slow = decorateStore(world.store, {
      completeFanOut: async (params) => {
        if (!isOvertaken) {
          isOvertaken = true;
          // Its lease runs out while it is about to write, and somebody else takes the message.
          await world.clock.advance(MINUTE);
          const other = world.start();
          await other.start();
          await until(
            async () => (await other.messages.get(id)).fannedOut,
            'the other process has matched the message',
          );
        }
        return world.store.completeFanOut(params);
      },
    });
    const consumer = world.start({ store: slow });
    const events = recordEvents(consumer, 'message.accepted');
    await consumer.start();
    await world.receiver.waitFor(1);
    await world.advance(0);
    expect(isOvertaken).toBe(true);
    expect(events).toEqual([]);
    expect(world.receiver.received).toBe(1);
  });
});
