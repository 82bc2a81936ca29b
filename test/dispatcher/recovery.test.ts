import { describe, expect, it } from 'vitest';
import { createSystemRandom, type Random } from '../../src/clock.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** What the options are by default. */
const CONCURRENCY = 10;
const MIN_ATTEMPTS = 20;
/** At most so many probes in ten minutes that begin ten seconds apart and double: 10, 20, 40, 80, 160 and 320 s. */
const MAX_PROBES = 6;

/** Jitter as it is, the same in every run. */
function createSeededRandom(): Random {
  let state = 42;
  return {
    ...createSystemRandom(),
    fraction: () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32,
  };
}

async function emitMany({ dispatcher }: Harness, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => dispatcher.emit('job.done', n)));
}

describe('a receiver that comes up again after ten minutes', () => {
  it(
    'with 5,000 waiting: gets one request, then never more than its cap at a time',
    { timeout: 60_000 },
    async () => {
      await using harness = await createHarness({ dispatcher: { random: createSeededRandom() } });
      const { dispatcher, receiver } = harness;
      const endpoint = await harness.createEndpoint();
      receiver.always(503);
      const perStep: number[] = [];
      for (let step = 0; step < 100; step += 1) {
        const before = receiver.received;
        await emitMany(harness, 50);
        await harness.advance(6 * SECOND);
        perStep.push(receiver.received - before);
      }
      const whileDown = receiver.received;
      // What was in flight ends as it does, and what took its place while the breaker was being written; then there are probes, one at a time.
      expect(perStep[0]).toBeLessThanOrEqual(MIN_ATTEMPTS + 2 * CONCURRENCY);
      expect(Math.max(...perStep.slice(1))).toBe(1);
      expect(whileDown - perStep[0]!).toBeLessThanOrEqual(MAX_PROBES);
      expect((await dispatcher.stats({ endpointId: endpoint.id })).pending).toBe(5_000);

      receiver.hold();
      let most = 0;
      receiver.always(() => {
        most = Math.max(most, receiver.waiting);
        return 204;
      });
      for (let waited = 0; receiver.held === 0 && waited < 15 * MINUTE; waited += SECOND)
        await harness.advance(SECOND);
      await harness.advance(10 * SECOND);
      expect([receiver.held, receiver.received - whileDown]).toEqual([1, 1]);

      receiver.release();
      receiver.hold();
      await harness.advance(0);
      expect([receiver.held, receiver.received - whileDown]).toEqual([CONCURRENCY, 1 + CONCURRENCY]);
      receiver.release();
      await harness.advance(0);
      expect(receiver.received - whileDown).toBe(5_000);
      expect(most).toBe(CONCURRENCY);
      expect(await dispatcher.stats({ endpointId: endpoint.id })).toMatchObject({
        pending: 0,
        lifetime: { succeeded: 5_000, failed: 0 },
      });
    },
  );

  it(
    'and had no breaker: gets what failed at one moment spread over minutes',
    { timeout: 60_000 },
    async () => {
      await using harness = await createHarness({
        dispatcher: { random: createSeededRandom(), breaker: false },
      });
      const { clock, receiver } = harness;
      await harness.createEndpoint();
      receiver.always(500);
      const startedAt = clock.now();
      await emitMany(harness, 500);
      // After the first failure, that after 5 s and that after 5 min, the next attempt is 30 min away: 24 to 36.
      await harness.advance(10 * MINUTE);
      expect(receiver.received).toBe(1_500);
      const minutes = new Map<number, number>();
      receiver.always(() => {
        const minute = Math.floor((clock.now() - startedAt) / MINUTE);
        minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
        return 204;
      });
      await harness.advance(60 * MINUTE);
      expect(receiver.received).toBe(2_000);
      const counts = [...minutes.values()];
      const mean = 500 / counts.length;
      expect(minutes.size).toBeGreaterThanOrEqual(12);
      expect(Math.max(...counts), JSON.stringify([...minutes])).toBeLessThan(2 * mean);
    },
  );
});
