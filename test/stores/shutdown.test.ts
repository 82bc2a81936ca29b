/** A process that is told to end while it is busy: its application calls `stop` on SIGTERM. */
import { describe, expect, it } from 'vitest';
import { reachable } from '../support/store-places.ts';
import { createWorkshop, listDeliveries } from '../support/workers.ts';

const TIMEOUT_MS = 60_000;
/** Whoever waits for the end of a lease is not done in time. */
const LONG_LEASE_MS = 3_600_000;
/** What a stop may take after its own limit, which is 0 here: outcomes, leases, transport and store. */
const BOUND_MS = 20_000;

describe.each(reachable('file', 'sqlite', 'postgres', 'mariadb'))('SIGTERM under load, on %s', (kind) => {
  it(
    'hands everything back in time, and another process goes on at once',
    { timeout: TIMEOUT_MS },
    async () => {
      await using workshop = await createWorkshop(kind);
      const { receiver } = workshop;
      const options = { dispatcher: { leaseMs: LONG_LEASE_MS, pollIntervalMs: 100 } };
      const [busy] = await workshop.start(['busy'], options);
      await workshop.createEndpoint(busy, { concurrency: 20, retry: { kind: 'once' } });
      const [other] = await workshop.start(['other'], options);
      // What one sends is answered until its hands are full.
      receiver.judge(({ sender }) => (sender === 'busy' && receiver.arrivals.length > 200 ? 'hold' : 204));
      await busy.call('emitForever', 'load.test');
      await receiver.until(() => receiver.held('busy') === 20, 'all its slots are taken');

      const toldAt = performance.now();
      busy.signal('SIGTERM');
      const emitted = await busy.says<string[]>('stopped');
      expect(await busy.exit).toEqual({ code: 0, signal: null });
      expect(performance.now() - toldAt).toBeLessThan(BOUND_MS);
      await receiver.until(
        () => emitted.every((id) => receiver.answered.has(id)),
        'the other delivers the rest',
      );

      expect(receiver.answeredBy.get('other')).toBeGreaterThanOrEqual(20);
      await other.call('drain');
      const deliveries = await listDeliveries(other);
      expect(deliveries.length).toBeGreaterThanOrEqual(emitted.length);
      const odd = deliveries.filter(
        ({ state, attempts, rescues }) => state !== 'succeeded' || attempts !== 1 || rescues !== 0,
      );
      expect(odd).toEqual([]);
      // Answered 2xx and called off at once: its outcome may not have been heard, nothing else is sent twice.
      expect(receiver.repeated).toEqual([]);
    },
  );
});
