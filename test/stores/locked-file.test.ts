/** A SQLite file that somebody else has locked for a while: here, a transaction of the application in the same process. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { createStoreWorld } from '../support/store-world.ts';
import { allDeliveries, until } from '../support/world.ts';

const HELD_MS = 2_000;
/** 50 ms are promised where a processor is free. Waiting inside of SQLite would take all of the two seconds. */
const FROZEN_MS = 500;

describe.each([
  ['in a thread', true],
  ['in the process', false],
])('a transaction of the application, held for two seconds, and a store %s', (where, worker) => {
  it('leave the event loop free, and what the store has begun as it is', { timeout: 60_000 }, async () => {
    await using world = await createStoreWorld('sqlite');
    const { receiver, location } = world;
    const dispatcher = await world.start({ pollIntervalMs: 100, retry: { kind: 'once' } }, { worker });
    await dispatcher.endpoints.create({ url: receiver.url, concurrency: 100 });
    receiver.judge(() => 'hold');
    await Promise.all(Array.from({ length: 100 }, (_, number) => dispatcher.emit('job.done', number)));
    await receiver.until(() => receiver.held() === 100, 'a hundred are in flight');

    const application = new Libsql(location.url);
    const transactionSync = (sql: string, parameters: unknown[]): unknown =>
      application.prepare(sql).all(...parameters);
    const delays = monitorEventLoopDelay({ resolution: 5 });
    application.exec('begin immediate');
    delays.enable();
    const heldSince = performance.now();
    const inside = dispatcher.emit('job.done', 'in the transaction', { transactionSync });
    let isStored = false;
    const outside = dispatcher.emit('job.done', 'beside it').finally(() => (isStored = true));
    receiver.release();
    await until(() => performance.now() - heldSince > HELD_MS, 'it was held long enough');
    const { pendingOutcomes, lastError } = await dispatcher.health();
    expect({ pendingOutcomes, lastError, isStored }).toEqual({ pendingOutcomes: 100, isStored: false });
    application.exec('commit');
    delays.disable();
    application.close();

    const ids = [inside.id, (await outside).id];
    await receiver.until(() => ids.every((id) => receiver.answered.has(id)), 'both are delivered');
    await dispatcher.drain();
    const longest = delays.max / 1e6;
    console.log(`the longest delay of the event loop, the store ${where}: ${longest.toFixed(1)} ms`);
    expect(longest).toBeLessThan(FROZEN_MS);
    expect(receiver.arrivals).toHaveLength(102);
    const deliveries = await allDeliveries(dispatcher);
    expect(deliveries).toHaveLength(102);
    for (const delivery of deliveries)
      expect(delivery).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 0 });
  });
});
