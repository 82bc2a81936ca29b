import { describe, expect, it } from 'vitest';
import type { RetryPolicy } from '../../src/core/retry-policy.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { recordEvents } from '../support/world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The harness draws no jitter. */
const every = (delayMs: number): RetryPolicy => ({
  kind: 'schedule',
  delaysMs: Array<number>(399).fill(delayMs),
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
    expect(events.slice(1)).toMatchObject([{ name: 'endpoint.disabled', event: { reason: 'failing' } }]);
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

describe('onDisable: hold', () => {
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
