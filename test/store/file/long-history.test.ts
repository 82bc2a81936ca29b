/** What stays of tens of thousands of messages that came and went: on the disk, and in memory. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AppendResult, Settlement } from '../../../src/store/store.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { StoreWorld } from '../../../src/testing/store-suite/store-world.ts';
import { temporaryDirectory } from './file-layers.ts';
import { startOwned } from './owned-world.ts';

const HOUR = 3_600_000;
const SEGMENT_BYTES = 64 * 1024;
const RETENTION = { succeededMs: 5 * HOUR, unsuccessfulMs: 10 * HOUR };
/** Messages of an hour: half of them succeed. */
const HOURLY = 100;
/** Of the hours before, and the one that is kept for ever. */
const KEPT = (HOURLY / 2) * (5 - 1) + (HOURLY / 2) * (10 - 1) + 1;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What this thread has in use. */
function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return getHeapStatistics().used_heap_size;
}

const leasedOf = (results: readonly AppendResult[]): Parameters<StoreWorld['settlement']>[0][] =>
  results.flatMap((result) => (result.kind === 'stored' ? result.leased : []));

describe('a file store with a long history', () => {
  it('keeps disk and memory as small as what retention keeps', { timeout: 120_000 }, async () => {
    const directory = temporaryDirectory();
    const clock = createManualClock();
    const store = await startOwned(directory, { clock, segmentBytes: SEGMENT_BYTES, fsync: false });
    onTestFinished(() => store.close());
    const world = new StoreWorld({ store, close: async () => undefined }, clock);
    const diskBytes = (): number[] =>
      readdirSync(join(directory, 'journal')).map(
        (name) => statSync(join(directory, 'journal', name), { throwIfNoEntry: false })?.size ?? 0,
      );

    async function live(hours: number): Promise<void> {
      for (let hour = 0; hour < hours; hour += 1) {
        const hidden = world.hiddenEndpoint({ id: world.id('adhoc') });
        const entries = Array.from({ length: HOURLY }, (_, index) => {
          const message = { idempotencyKey: world.id('key'), dataJson: JSON.stringify('x'.repeat(200)) };
          if (index === 0) return world.hiddenEntry([hidden], { lease: 'live' }, message);
          return world.entry([world.delivery(`ep_${index % 7}`, { lease: 'live' })], message);
        });
        const results = await world.append(entries, { hiddenEndpoints: [hidden] });
        const settlements = leasedOf(results).map((one, index): Settlement => {
          if (index % 2 === 0) return world.settlement(one, { kind: 'succeeded' });
          return world.settlement(one, {
            kind: 'endpoint_failed',
            reason: 'http_status',
            next: { kind: 'stop' },
          });
        });
        await store.settle({ settlements });
        await clock.advance(HOUR);
        await store.prune({ retention: RETENTION, budgetMs: 60_000 });
      }
    }

    const forever = await world.emitOne('paused');
    await store.putLane({ laneId: 'paused', paused: true });
    await live(100);
    const heapBefore = heapBytes();
    await live(300);
    const { byState } = await store.stats({ where: {} });
    const kept = Object.values(byState).reduce((sum, count) => sum + count, 0);
    expect(kept).toBe(KEPT);
    // 30,000 messages more left nothing behind: fifty bytes of each would show.
    expect(heapBytes() - heapBefore).toBeLessThan(1_500_000);
    // Removal waits for the disk, and nobody for removal.
    await expect.poll(() => diskBytes().length, { timeout: 20_000 }).toBeLessThan(30);
    await expect
      .poll(() => diskBytes().reduce((sum, size) => sum + size, 0), { timeout: 20_000 })
      .toBeLessThan(2 * kept * 1_200 + 3 * SEGMENT_BYTES);
    expect((await store.getDelivery({ id: forever }))?.state).toBe('scheduled');
  });
});
