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
