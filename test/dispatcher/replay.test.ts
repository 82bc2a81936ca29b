import { describe, expect, it } from 'vitest';
import type { DeliveryState } from '../../src/core/delivery.ts';
import type { FilterExpression } from '../../src/core/filter.ts';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import { NotFoundError, OptionsError } from '../../src/errors.ts';
import type { Receiver } from '../../src/listener/receiver.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld, recordEvents, until } from '../support/world.ts';

const HOUR = 3_600_000;

/** Ids of the messages that arrived at a path, as they came. */
function arrived(receiver: Receiver, path: string): string[] {
  return receiver.requests
    .filter((request) => request.path === path)
    .map((request) => request.headers['webhook-id'] as string);
}

async function emitMany(dispatcher: WebhookDispatcher, count: number, type = 'job.done'): Promise<string[]> {
  const receipts = await Promise.all(Array.from({ length: count }, (_, n) => dispatcher.emit(type, n)));
  return receipts.map(({ id }) => id);
}

async function stateCounts(dispatcher: WebhookDispatcher): Promise<Partial<Record<DeliveryState, number>>> {
  const { byState } = await dispatcher.stats();
  return Object.fromEntries(Object.entries(byState).filter(([, count]) => count > 0));
}

describe('replay', () => {
  it('serves an endpoint that was created later, oldest message first, under the same ids', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const early = await harness.createEndpoint({ url: receiver.urlOf('/early') });
    const ids = await emitMany(dispatcher, 5);
    await dispatcher.emit('user.created', {});
    await harness.advance(1_000);
    const late = await harness.createEndpoint({
      url: receiver.urlOf('/late'),
      events: ['job.*'],
      ordering: 'fifo',
    });
    const result = await dispatcher.replay({ endpointId: late.id });
    expect(result).toMatchObject({ messages: 5, retried: 0, created: 5, skipped: 0, dryRun: false });
    await harness.advance(0);
    expect(arrived(receiver, '/late')).toEqual(ids);
    expect(arrived(receiver, '/early')).toHaveLength(6);
    expect(await harness.deliveriesTo(early)).toHaveLength(6);
  });

  it('sends again what failed during an outage, with a fresh run of the policy', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const endpoint = await harness.createEndpoint({ retry: { kind: 'schedule', delaysMs: [1_000] } });
    await dispatcher.emit('job.done', 'before');
    await harness.advance(HOUR);
    receiver.always(500);
    await emitMany(dispatcher, 3);
    await harness.advance(HOUR);
    receiver.always(204);
    const result = await dispatcher.replay({ endpointId: endpoint.id, states: ['exhausted'] });
    expect(result).toMatchObject({ messages: 3, retried: 3, created: 0, skipped: 0 });
    await harness.advance(0);
    const deliveries = await harness.deliveriesTo(endpoint);
    expect(deliveries.map(({ state, attempts }) => `${state} ${attempts}`)).toEqual([
      'succeeded 1',
      'succeeded 3',
      'succeeded 3',
      'succeeded 3',
    ]);
  });

  it('sends again everything final unless told which states, what succeeded included', async () => {
    await using harness = await createHarness();
    const endpoint = await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(1_000);
    expect(await harness.dispatcher.replay()).toMatchObject({ retried: 1 });
    await harness.advance(0);
    expect(harness.receiver.requests).toHaveLength(2);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
  });

  it('sends what an endpoint missed while it was disabled', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const { id } = await harness.createEndpoint();
    await dispatcher.endpoints.update(id, { status: 'disabled' });
    await emitMany(dispatcher, 3);
    await harness.advance(1_000);
    expect(await dispatcher.replay({ states: ['discarded'] })).toMatchObject({ retried: 0, skipped: 3 });
    await dispatcher.endpoints.update(id, { status: 'enabled' });
    expect(await dispatcher.replay({ states: ['discarded'] })).toMatchObject({ retried: 3, skipped: 0 });
    await harness.advance(0);
    expect(await stateCounts(dispatcher)).toEqual({ succeeded: 3 });
  });

  it('skips endpoints that are disabled or removed, and counts them', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const [kept, removed] = [await harness.createEndpoint(), await harness.createEndpoint()];
    await emitMany(dispatcher, 2);
    await harness.advance(1_000);
    await dispatcher.endpoints.remove(removed.id);
    const late = await harness.createEndpoint({ events: ['job.*'] });
    await dispatcher.endpoints.update(late.id, { status: 'disabled' });
    receiver.clear();
    expect(await dispatcher.replay()).toMatchObject({ messages: 2, retried: 2, created: 0, skipped: 4 });
    await harness.advance(0);
    expect(receiver.requests).toHaveLength(2);
    expect(await harness.deliveriesTo(kept)).toMatchObject([{ attempts: 2 }, { attempts: 2 }]);
  });

  it('makes waiting deliveries due now only when asked for, and leaves running ones alone', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(500);
    const endpoint = await harness.createEndpoint({ concurrency: 2 });
    await dispatcher.emit('waiting', {});
    await harness.advance(1);
    receiver.hold();
    await dispatcher.emit('running', {});
    await receiver.waitFor(2);
    expect(await dispatcher.replay({ createMissing: true })).toMatchObject({ retried: 0, created: 0 });
    expect(await dispatcher.replay({ states: ['scheduled'] })).toMatchObject({ messages: 1, retried: 1 });
    await receiver.waitFor(3);
    receiver.release();
    await harness.advance(0);
    const deliveries = await harness.deliveriesTo(endpoint);
    expect(deliveries.map(({ type, attempts }) => `${type} ${attempts}`)).toEqual(['waiting 2', 'running 1']);
  });

  it('counts the attempts of its run from 1 in events, beside the number of all', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const events = recordEvents(dispatcher, 'delivery.retrying', 'delivery.exhausted', 'delivery.succeeded');
    await harness.createEndpoint({ retry: { kind: 'schedule', delaysMs: [1_000] } });
    receiver.reply(500, 500, 500, 204);
    await dispatcher.emit('job.done', 1);
    await harness.advance(HOUR);
    await dispatcher.replay({ states: ['exhausted'] });
    await harness.advance(HOUR);
    const counts = { maxAttempts: 2 };
    expect(events).toMatchObject([
      { name: 'delivery.retrying', event: { ...counts, attempt: 1, attemptInRun: 1 } },
      { name: 'delivery.exhausted', event: { ...counts, attempt: 2, attemptInRun: 2 } },
      { name: 'delivery.retrying', event: { ...counts, attempt: 3, attemptInRun: 1 } },
      { name: 'delivery.succeeded', event: { ...counts, attempt: 4, attemptInRun: 2 } },
    ]);
  });

  it('takes messages by type, pattern, time and id', async () => {
    await using harness = await createHarness();
    const { dispatcher, clock } = harness;
    await harness.createEndpoint();
    const first = await dispatcher.emit('job.done', 1);
    await harness.advance(HOUR);
    const since = clock.now();
    const second = await dispatcher.emit('job.step.done', 2);
    await dispatcher.emit('user.created', 3);
    await harness.advance(HOUR);
    const retried = async (request: Parameters<typeof dispatcher.replay>[0]): Promise<number> =>
      (await dispatcher.replay({ ...request, dryRun: true })).retried;
    expect(await retried({})).toBe(3);
    expect(await retried({ types: ['job.done', 'user.created'] })).toBe(2);
    expect(await retried({ types: ['job.*'] })).toBe(1);
    expect(await retried({ types: ['job.**', 'user.created'] })).toBe(3);
    expect(await retried({ since: new Date(since) })).toBe(2);
    expect(await retried({ until: since })).toBe(1);
    expect(await retried({ messageIds: [first.id, second.id, 'msg_unknown'] })).toBe(2);
    expect(await retried({ messageIds: [first.id], since })).toBe(0);
    expect(await retried({ asOf: since - 1 })).toBe(1);
  });

  it('stays within its tenant', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const acme = await harness.createEndpoint({ tenant: 'acme' });
    await harness.createEndpoint();
    await dispatcher.emit('a', 1, { tenant: 'acme' });
    await dispatcher.emit('a', 1);
    await harness.advance(1_000);
    const late = await harness.createEndpoint({ tenant: 'acme' });
    expect(await dispatcher.replay({ tenant: 'acme' })).toMatchObject({
      messages: 1,
      retried: 1,
      created: 1,
    });
    expect(await dispatcher.replay({ endpointId: acme.id, dryRun: true })).toMatchObject({ messages: 0 });
    await expect(dispatcher.replay({ endpointId: late.id, tenant: 'default' })).rejects.toThrow(
      NotFoundError,
    );
    await expect(dispatcher.replay({ endpointId: 'ep_unknown' })).rejects.toThrow(NotFoundError);
  });

  it('gives addressed and test messages to nobody else', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const endpoint = await harness.createEndpoint();
    await dispatcher.emit('private', {}, { to: [endpoint.id] });
    await dispatcher.endpoints.test(endpoint.id);
    await harness.advance(1_000);
    const late = await harness.createEndpoint();
    expect(await dispatcher.replay()).toMatchObject({ messages: 1, retried: 1, created: 0, skipped: 0 });
    await harness.advance(0);
    expect(await harness.deliveriesTo(late)).toEqual([]);
    expect(harness.receiver.requests).toHaveLength(3);
  });

  it('applies filters as they are now, and skips those that cannot be judged here', async () => {
    await using world = await createWorld();
    const rich = world.start({ functions: { filter: { even: ({ data }) => (data as number) % 2 === 0 } } });
    await emitMany(rich, 4);
    const create = (path: string, filter: FilterExpression): Promise<unknown> =>
      rich.endpoints.create({ url: world.receiver.urlOf(path), filter });
    await create('/even', { $custom: 'even' });
    await create('/big', { data: { $gte: 2 } });
    await world.advance(1_000);
    const poor = world.start();
    expect(await poor.replay()).toMatchObject({ messages: 2, created: 2, skipped: 4 });
    expect(await rich.replay({ createMissing: true, states: ['failed'] })).toMatchObject({
      created: 2,
      skipped: 0,
    });
    await world.advance(0);
    expect(arrived(world.receiver, '/even')).toHaveLength(2);
    expect(arrived(world.receiver, '/big')).toHaveLength(2);
  });

  it('counts a filter function that throws as skipped, and reports it once', async () => {
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          filter: {
            broken: () => {
              throw new Error('out of order');
            },
          },
        },
      },
    });
    const errors = recordEvents(harness.dispatcher, 'error');
    await harness.dispatcher.emit('a', {});
    await harness.advance(1_000);
    await harness.createEndpoint({ filter: { $custom: 'broken' } });
    expect(await harness.dispatcher.replay()).toMatchObject({ messages: 0, created: 0, skipped: 1 });
    expect(errors).toHaveLength(1);
    expect(errors[0]!.event).toMatchObject({ error: { code: 'function_failed' } });
  });

  it('waits for a dispatcher that is paused, also one that discards new messages', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint();
    await dispatcher.emit('a', {});
    await harness.advance(1_000);
    await harness.createEndpoint();
    await dispatcher.pause({ whilePaused: 'discard' });
    expect(await dispatcher.replay()).toMatchObject({ retried: 1, created: 1 });
    await harness.advance(1_000);
    expect(receiver.requests).toHaveLength(1);
    await dispatcher.resume();
    await harness.advance(0);
    expect(receiver.requests).toHaveLength(3);
  });

  it('leaves missing deliveries alone when states are given, or createMissing is false', async () => {
    await using harness = await createHarness();
    await harness.dispatcher.emit('a', {});
    await harness.advance(1_000);
    await harness.createEndpoint();
    const { dispatcher } = harness;
    expect(await dispatcher.replay({ states: ['exhausted'] })).toMatchObject({ created: 0 });
    expect(await dispatcher.replay({ createMissing: false })).toMatchObject({ created: 0 });
    expect(await dispatcher.replay({ states: ['exhausted'], createMissing: true })).toMatchObject({
      created: 1,
    });
  });
});

describe('replay with no states', () => {
  it('makes only what is missing, however often it is repeated', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    await dispatcher.emit('job.done', 1);
    const { id: endpointId } = await harness.createEndpoint();
    await dispatcher.emit('job.done', 2);
    await harness.advance(0);
    const request = { endpointId, states: [], createMissing: true } as const;
    expect(await dispatcher.replay(request)).toMatchObject({ created: 1, retried: 0 });
    await harness.advance(1_000);
    expect(await dispatcher.replay(request)).toMatchObject({ created: 0, retried: 0 });
    await harness.advance(0);
    expect(harness.receiver.received).toBe(2);
  });
});

describe('replay: wrong requests', () => {
  it.each([
    [{ state: 'failed' }, 'Did you mean "states"?'],
    [{ states: ['sending'] }, 'states[0]'],
    [{ types: ['job*'] }, "an event type like 'job.completed'"],
    [{ since: 'yesterday' }, 'since'],
    [
      { since: new Date('2026-01-02T00:00:00Z'), until: Date.parse('2026-01-01T00:00:00Z') },
      'until: expected an instant that is not before since (2026-01-02T00:00:00.000Z), got 2026-01-01T00:00:00.000Z.',
    ],
    [{ since: 2e20, until: 1e20 }, 'not before since (200000000000000000000), got 100000000000000000000'],
    [{ asOf: new Date(NaN) }, 'asOf'],
    [{ messageIds: [] }, 'messageIds'],
    [{ signal: {} }, 'an AbortSignal'],
    [{ dryRun: 1 }, 'dryRun'],
  ])('refuses %j', async (request, message) => {
    await using harness = await createHarness();
    const refused = harness.dispatcher.replay(request as never);
    await expect(refused).rejects.toThrow(OptionsError);
    await expect(refused).rejects.toThrow(message);
  });

  it('leaves no unhandled rejection when the request cannot be read', async () => {
    await using harness = await createHarness();
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    const errors = recordEvents(harness.dispatcher, 'error');
    void harness.dispatcher.replay({
      get signal(): never {
        throw new Error('no getter');
      },
    });
    await until(() => errors.length + unhandled.length > 0, 'it is reported');
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });

  it('reports one that nobody awaits by the error event', async () => {
    await using harness = await createHarness();
    const errors = recordEvents(harness.dispatcher, 'error');
    void harness.dispatcher.replay({ endpointId: 'ep_unknown' });
    await until(() => errors.length > 0, 'it is reported');
    expect(errors).toMatchObject([{ event: { error: { code: 'not_found' } } }]);
  });
});
