import { describe, expect, it } from 'vitest';
import { ConflictError } from '../../src/errors.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld } from '../support/world.ts';

const HOUR = 3_600_000;

describe('an idempotency key', () => {
  it('makes the second emit of the same content a duplicate that stores and sends nothing', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint();
    const emit = (): ReturnType<typeof harness.dispatcher.emit> =>
      harness.dispatcher.emit('job.done', { n: 1 }, { idempotencyKey: 'job-1' });
    const first = await emit();
    const second = await emit();
    expect(second).toEqual({ ...first, duplicate: true });
    await harness.advance(0);
    expect(await emit()).toEqual({ ...first, duplicate: true });
    await harness.advance(0);
    expect(harness.receiver.received).toBe(1);
    expect((await harness.dispatcher.messages.list()).items).toHaveLength(1);
  });

  it.each([
    ['data', 'job.done', { n: 2 }, {}],
    ['type', 'job.failed', { n: 1 }, {}],
    ['metadata', 'job.done', { n: 1 }, { metadata: { a: 1 } }],
    ['orderingKey', 'job.done', { n: 1 }, { orderingKey: 'a' }],
  ])('conflicts with other %s, naming the first message', async (_what, type, data, options) => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const first = await dispatcher.emit('job.done', { n: 1 }, { idempotencyKey: 'job-1' });
    const error: unknown = await dispatcher
      .emit(type, data, { idempotencyKey: 'job-1', ...options })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ code: 'conflict', existingId: first.id });
    expect((error as Error).message).toContain(first.id);
  });

  it('decides within one group commit too, and harms no neighbour', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint();
    const { dispatcher } = harness;
    const results = await Promise.allSettled([
      dispatcher.emit('job.done', 'neighbour before'),
      dispatcher.emit('job.done', 'first', { idempotencyKey: 'key' }),
      dispatcher.emit('job.done', 'other', { idempotencyKey: 'key' }),
      dispatcher.emit('job.done', 'first', { idempotencyKey: 'key' }),
      dispatcher.emit('job.done', 'neighbour after'),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    await harness.advance(0);
    const sent = harness.receiver.requests.map((request) => (request.json() as { data: string }).data);
    expect(sent.sort()).toEqual(['first', 'neighbour after', 'neighbour before']);
  });

  it('is a key of its tenant', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    await dispatcher.emit('job.done', 1, { idempotencyKey: 'key', tenant: 'a' });
    const other = await dispatcher.emit('job.done', 2, { idempotencyKey: 'key', tenant: 'b' });
    expect(other.duplicate).toBe(false);
  });

  it('is forgotten after idempotencyWindowMs', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ idempotencyWindowMs: HOUR });
    await dispatcher.emit('job.done', 1, { idempotencyKey: 'key' });
    await world.advance(HOUR - 1);
    expect((await dispatcher.emit('job.done', 1, { idempotencyKey: 'key' })).duplicate).toBe(true);
    await world.advance(1);
    expect((await dispatcher.emit('job.done', 2, { idempotencyKey: 'key' })).duplicate).toBe(false);
  });

  it('means nothing with idempotencyWindowMs 0', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ idempotencyWindowMs: 0 });
    await dispatcher.emit('job.done', 1, { idempotencyKey: 'key' });
    expect((await dispatcher.emit('job.done', 2, { idempotencyKey: 'key' })).duplicate).toBe(false);
  });
});

describe('an id given by the caller', () => {
  it('works like a key: same content is a duplicate, other content a conflict', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint();
    const { dispatcher } = harness;
    await dispatcher.emit('job.done', 1, { id: 'order-1' });
    expect(await dispatcher.emit('job.done', 1, { id: 'order-1' })).toMatchObject({
      id: 'order-1',
      duplicate: true,
    });
    await expect(dispatcher.emit('job.done', 2, { id: 'order-1' })).rejects.toMatchObject({
      existingId: 'order-1',
    });
    await harness.advance(0);
    expect(harness.receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual(['order-1']);
  });
});
