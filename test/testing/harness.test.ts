import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createFaultReceiver } from '../../src/listener/fault-receiver.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { decorateStore } from '../support/world.ts';

const QUIET_MS = 30;

describe('harness.advance', () => {
  it('begins what maxRate holds back when its interval is over', async () => {
    await using harness = await createHarness({
      dispatcher: { maxRate: { limit: 5, intervalMs: 1_000 } },
    });
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint();
    for (let count = 0; count < 6; count += 1) await dispatcher.emit('job.completed', { count });

    await harness.advance(999);
    expect(receiver.received).toBe(5);
    await harness.advance(1);

    expect(receiver.received).toBe(6);
  });

  it('ends a request that another server never answers at its deadline', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      await using harness = await createHarness({
        quietMs: QUIET_MS,
        dispatcher: { timeoutMs: 5_000, retry: 'once' },
      });
      const { port } = server.address() as AddressInfo;
      const endpoint = await harness.createEndpoint({ url: `http://127.0.0.1:${port}/` });
      await harness.dispatcher.emit('job.completed', {});

      await harness.advance(6_000);

      const [delivery] = await harness.deliveriesTo(endpoint);
      expect(delivery).toMatchObject({ state: 'exhausted', reason: 'timeout' });
      expect(delivery!.attemptLog[0]!.durationMs).toBeLessThanOrEqual(5_050);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('runs every attempt at a fault receiver that never answers, and one that does beside it', async () => {
    await using silent = await createFaultReceiver({ fault: 'never_answers' });
    await using harness = await createHarness({
      quietMs: QUIET_MS,
      dispatcher: { timeoutMs: 5_000, retry: { kind: 'schedule', delaysMs: [1_000, 1_000] } },
    });
    const endpoint = await harness.createEndpoint({ url: silent.url });
    await harness.createEndpoint();
    harness.receiver.reply(503);
    await harness.dispatcher.emit('job.completed', {});

    await harness.advance(60_000);

    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({ state: 'exhausted', reason: 'timeout', attempts: 3 });
    expect(harness.receiver.received).toBe(2);
  });

  it('ends an attempt whose function never settles at its deadline', async () => {
    await using harness = await createHarness({
      quietMs: QUIET_MS,
      dispatcher: {
        timeoutMs: 2_000,
        functions: { envelope: { stuck: () => new Promise(() => undefined) } },
      },
    });
    const endpoint = await harness.createEndpoint({ envelope: 'stuck' });
    await harness.dispatcher.emit('job.completed', {});

    await harness.advance(3_000);

    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery!.attemptLog[0]).toMatchObject({
      outcome: 'dispatcher_failed',
      reason: 'function_failed',
    });
  });

  it('moves on while a store that failed is tried again later', async () => {
    const store = memoryStore();
    let failures = 2;
    const failing = decorateStore(store, {
      putLane: (params) => {
        failures -= 1;
        return failures >= 0 ? Promise.reject(new Error('the disk is full')) : store.putLane(params);
      },
    });
    await using harness = await createHarness({ quietMs: QUIET_MS, dispatcher: { store: failing } });
    const endpoint = await harness.createEndpoint();
    harness.receiver.reply({ status: 503, headers: { 'retry-after': '60' } });
    await harness.dispatcher.emit('job.completed', {});

    await harness.advance(120_000);

    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({ state: 'succeeded', attempts: 2 });
  });
});

describe('drain', () => {
  it('does not wait for what maxRate holds back', async () => {
    await using harness = await createHarness({
      dispatcher: { maxRate: { limit: 1, intervalMs: 60_000 } },
    });
    await harness.createEndpoint();
    await harness.dispatcher.emit('job.completed', {});
    await harness.dispatcher.emit('job.completed', {});

    await harness.dispatcher.drain();

    expect(harness.receiver.received).toBe(1);
    expect((await harness.dispatcher.health()).queued).toBe(1);
  });
});
