/** What was stored though nobody heard of it, and is stored again: by the engine, or by the store itself. */
import { describe, expect, it } from 'vitest';
import type { EmitOptions } from '../../src/engine/emit-options.ts';
import type { Receipt } from '../../src/engine/inbox.ts';
import {
  createWorld,
  decorateStore,
  onlyDelivery,
  recordEvents,
  until,
  type World,
} from '../support/world.ts';

/** The first append is written, and its answer is lost. */
const LOSES: Readonly<Record<string, (world: World) => World['store']>> = {
  'and the engine repeats': ({ store }) => {
    let calls = 0;
    return decorateStore(store, {
      async append(params) {
        const results = await store.append(params);
        calls += 1;
        if (calls === 1) throw new Error('connection reset');
        return results;
      },
    });
  },
  'and the store repeats': ({ store }) => {
    let calls = 0;
    return decorateStore(store, {
      async append(params) {
        calls += 1;
        if (calls === 1) await store.append(params);
        return store.append(params);
      },
    });
  },
};

/** Moves time until an emit has waited long enough for its next try. */
async function inTime({ clock }: World, emitted: Promise<Receipt>): Promise<Receipt> {
  let isDone = false;
  void emitted.finally(() => (isDone = true));
  await until(async () => {
    await clock.advance(10);
    return isDone;
  }, 'it is stored');
  return emitted;
}

describe.each(Object.entries(LOSES))('a message whose answer is lost, %s', (_, lose) => {
  it.each<[string, EmitOptions]>([
    ['an id of ours', {}],
    ['an id of the caller', { id: 'mine' }],
    ['an idempotency key', { idempotencyKey: 'key' }],
  ])('is no duplicate, and is sent at once, once: with %s', async (_what, options) => {
    await using world = await createWorld();
    const dispatcher = world.start({ store: lose(world) });
    await dispatcher.endpoints.create({ url: world.receiver.url });
    const events = recordEvents(dispatcher, 'message.accepted');
    const receipt = await inTime(world, dispatcher.emit('job.done', {}, options));
    await world.advance(100);
    expect(receipt).toMatchObject({ duplicate: false, deliveries: [{ endpointId: expect.any(String) }] });
    expect(world.receiver.received).toBe(1);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 0 });
    expect(events).toHaveLength(1);
  });

  it('is no duplicate when nobody gets it', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ store: lose(world) });
    expect(await inTime(world, dispatcher.emit('job.done', {}))).toMatchObject({
      duplicate: false,
      deliveries: [],
    });
  });
});

describe('a duplicate of what somebody else emitted', () => {
  it('stays one when the first answer to it was lost', async () => {
    await using world = await createWorld();
    await using other = world.start();
    await other.endpoints.create({ url: world.receiver.url });
    const first = await other.emit('job.done', {}, { id: 'taken' });
    let calls = 0;
    const store = decorateStore(world.store, {
      async append(params) {
        calls += 1;
        if (calls === 1) throw new Error('connection reset');
        return world.store.append(params);
      },
    });
    const dispatcher = world.start({ store });
    expect(await inTime(world, dispatcher.emit('job.done', {}, { id: 'taken' }))).toEqual({
      ...first,
      duplicate: true,
    });
  });
});
