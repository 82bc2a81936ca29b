import { describe, expect, it } from 'vitest';
import { createHarness } from '../../src/testing/harness.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createWorld, decorateStore, recordEvents } from '../support/world.ts';

const MINUTE = 60_000;

describe('alerts', () => {
  it('tell of a success rate that is too low, once, and when it is back', async () => {
    await using harness = await createHarness({
      dispatcher: {
        retry: 'once',
        breaker: false,
        alerts: { successRate: { below: 0.9, windowMs: 10 * MINUTE, minAttempts: 10 } },
      },
    });
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'alert.raised', 'alert.cleared');
    receiver.always(500);
    for (let n = 0; n < 9; n += 1) await dispatcher.emit('job.done', n);
    await harness.advance(MINUTE);
    expect(events).toEqual([]);
    receiver.always(204);
    await dispatcher.emit('job.done', 9);
    await harness.advance(3 * MINUTE);
    expect(events).toMatchObject([
      {
        name: 'alert.raised',
        event: {
          alert: 'success_rate',
          value: 0.1,
          threshold: 0.9,
          detail: '10.0 % of the 10 attempts since 2025-12-31T23:52:00.000Z were delivered',
        },
      },
    ]);
    await harness.advance(11 * MINUTE);
    for (let n = 0; n < 9; n += 1) await dispatcher.emit('job.done', n);
    await harness.advance(MINUTE);
    // Nothing, or too little, says that it is over.
    expect(events).toHaveLength(1);
    await dispatcher.emit('job.done', 9);
    await harness.advance(MINUTE);
    expect(events.slice(1)).toMatchObject([
      {
        name: 'alert.cleared',
        event: {
          alert: 'success_rate',
          value: 1,
          detail: '100.0 % of the 10 attempts since 2026-01-01T00:07:00.000Z were delivered',
        },
      },
    ]);
  });

  it('stay raised while a circuit breaker keeps back the attempts to judge by', async () => {
    await using harness = await createHarness({
      dispatcher: {
        retry: 'once',
        breaker: { minAttempts: 10, openMs: 30 * MINUTE, maxOpenMs: 30 * MINUTE },
        alerts: { successRate: { below: 0.9, windowMs: 2 * MINUTE, minAttempts: 10 } },
      },
    });
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'alert.raised', 'alert.cleared');
    receiver.always(500);
    for (let n = 0; n < 30; n += 1) await dispatcher.emit('job.done', n);
    await harness.advance(20 * MINUTE);
    expect(events.map(({ name }) => name)).toEqual(['alert.raised']);
    receiver.always(204);
    await harness.advance(20 * MINUTE);
    expect(events.map(({ name }) => name)).toEqual(['alert.raised', 'alert.cleared']);
  });

  it('count all attempts of the window, the oldest too', async () => {
    await using harness = await createHarness({
      dispatcher: {
        retry: 'once',
        alerts: { successRate: { below: 0.9, windowMs: MINUTE, minAttempts: 1 } },
      },
    });
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'alert.raised');
    receiver.always(500);
    await dispatcher.emit('job.done', 1);
    await harness.advance(MINUTE);
    expect(events).toMatchObject([{ event: { value: 0 } }]);
  });

  it('tell of a backlog, and when it is worked off', async () => {
    await using harness = await createHarness({ dispatcher: { alerts: { backlog: { above: 2 } } } });
    const { dispatcher } = harness;
    const { id } = await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'alert.raised', 'alert.cleared');
    await dispatcher.endpoints.pause(id);
    for (const n of [1, 2]) await dispatcher.emit('job.done', n);
    await harness.advance(2 * MINUTE);
    expect(events).toEqual([]);
    await dispatcher.emit('job.done', 3);
    await harness.advance(2 * MINUTE);
    await dispatcher.endpoints.resume(id);
    await harness.advance(2 * MINUTE);
    expect(events.map(({ name, event }) => [name, 'value' in event && event.value])).toEqual([
      ['alert.raised', 3],
      ['alert.cleared', 0],
    ]);
  });

  it('count messages that nobody has matched into the backlog', async () => {
    await using harness = await createHarness({
      dispatcher: { deliver: false, alerts: { backlog: { above: 2 } } },
    });
    const events = recordEvents(harness.dispatcher, 'alert.raised');
    for (const n of [1, 2, 3]) await harness.dispatcher.emit('job.done', n);
    await harness.advance(2 * MINUTE);
    expect(events).toMatchObject([
      {
        event: {
          value: 3,
          threshold: 2,
          detail: '0 deliveries are waiting, and 3 messages not matched yet',
        },
      },
    ]);
  });

  it('are looked at again after the store failed, and no more after a stop', async () => {
    await using world = await createWorld();
    const memory = memoryStore();
    let looks = 0;
    const store = decorateStore(memory, {
      stats: async (params) => {
        looks += 1;
        if (looks === 1) throw new Error('no answer');
        return memory.stats(params);
      },
    });
    const dispatcher = world.start({ store, alerts: { backlog: { above: 0 } } });
    const events = recordEvents(dispatcher, 'error');
    await dispatcher.start();
    await world.clock.advance(3 * MINUTE);
    expect(looks).toBe(3);
    expect(events).toHaveLength(1);
    await dispatcher.stop();
    await world.clock.advance(3 * MINUTE);
    expect(looks).toBe(3);
  });

  it.each([
    [{ successRate: {} }, /alerts\.successRate\.below/],
    [{ successRate: { below: 1.5 } }, /alerts\.successRate\.below/],
    [{ successRate: { below: 0.9, windowMs: 10 } }, /alerts\.successRate\.windowMs/],
    [{ backlog: { above: -1 } }, /alerts\.backlog\.above/],
    [{ succesRate: {} }, /successRate/],
  ])('refuse %j', async (alerts, message) => {
    await expect(createHarness({ dispatcher: { alerts: alerts as never } })).rejects.toThrow(message);
  });
});

describe('maxEndpointsPerTenant', () => {
  it('refuses one more of the same tenant, and counts neither those of others nor destinations', async () => {
    await using harness = await createHarness({ dispatcher: { maxEndpointsPerTenant: 2 } });
    const { dispatcher, receiver } = harness;
    await dispatcher.emit('job.done', 1, { to: { url: receiver.url } });
    const first = await harness.createEndpoint();
    await harness.createEndpoint();
    await harness.createEndpoint({ tenant: 'acme' });
    await expect(harness.createEndpoint()).rejects.toMatchObject({
      code: 'limit_exceeded',
      limit: 2,
      message:
        'The tenant "default" has 2 endpoints, and may have 2 (maxEndpointsPerTenant). Remove one, or raise the limit.',
    });
    await dispatcher.endpoints.remove(first.id);
    await harness.createEndpoint();
  });

  it('refuses as many as are too many when they are created at once', async () => {
    await using harness = await createHarness({ dispatcher: { maxEndpointsPerTenant: 3 } });
    const created = await Promise.allSettled(Array.from({ length: 10 }, () => harness.createEndpoint()));
    const refused = created.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(7);
    for (const result of refused)
      expect(result).toMatchObject({ reason: { code: 'limit_exceeded', limit: 3 } });
    expect((await harness.dispatcher.endpoints.list()).items).toHaveLength(3);
  });
});
