import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { StoreWorld } from '../../../src/testing/store-suite/store-world.ts';
import { copyOf, diskError, fullAt, temporaryDirectory, WatchedLayer } from './file-layers.ts';
import { openTexts, put } from './journal-world.ts';
import { startOwned } from './owned-world.ts';

const LITTLE = { segmentBytes: 200 };
/** More than a header has, and less than any flush. */
const HEADER_BYTES = 120;

function segmentsOf(directory: string): string[] {
  const names = readdirSync(join(directory, 'journal'));
  return names.filter((name) => name.endsWith('.log')).sort();
}

function bytesOf(directory: string): number {
  const names = readdirSync(join(directory, 'journal'));
  return names.reduce((sum, name) => sum + statSync(join(directory, 'journal', name)).size, 0);
}

/** A folder whose journal is of little use, because nothing could be removed while it was written. */
async function fillFolder(): Promise<string> {
  const world = await openTexts(temporaryDirectory(), LITTLE);
  world.layer.fault = ({ kind }) => {
    if (kind === 'unlink') throw diskError('EIO');
    return undefined;
  };
  for (let round = 0; round < 20; round += 1) await put(world, { key: `text ${round}` });
  await world.journal.close();
  return world.directory;
}

describe('journal: a disk that is full when it is opened', () => {
  it('gets room from segments in which nothing is of use', async () => {
    const directory = await fillFolder();
    const before = segmentsOf(directory);
    const layer = new WatchedLayer();
    layer.fault = fullAt(join(directory, 'journal'), bytesOf(directory));
    const world = await openTexts(directory, { ...LITTLE, layer });
    expect(segmentsOf(directory)[0]).toBe(before.at(-1));
    await put(world, { key: 'new' });
    const next = await openTexts(copyOf(directory));
    expect(next.texts.read()).toEqual({ key: 'new' });
    expect(next.logged).toEqual([]);
    // As the header of the last one says.
    expect(next.texts.sequence).toBe(20);
    await world.journal.close();
    await next.journal.close();
  });

  it('has what is of use before they go, one after the other', async () => {
    const directory = await fillFolder();
    const before = segmentsOf(directory);
    const layer = new WatchedLayer();
    layer.fault = fullAt(join(directory, 'journal'), bytesOf(directory));
    const world = await openTexts(directory, { ...LITTLE, layer });
    const kinds = layer.operations.map(({ kind, name }) => `${kind} ${name}`);
    const removed = kinds.indexOf(`unlink ${before[0]}`);
    expect(kinds.slice(0, removed)).toContain(`dataSync ${before.at(-1)}`);
    expect(kinds.join()).not.toMatch(/unlink[^,]*,unlink/);
    await world.journal.close();
  });

  it('keeps them when another owner follows', async () => {
    const directory = await fillFolder();
    const before = segmentsOf(directory);
    const layer = new WatchedLayer();
    const isFull = fullAt(join(directory, 'journal'), bytesOf(directory));
    layer.fault = (operation, bytes) => {
      if (operation.kind === 'dataSync')
        writeFileSync(join(directory, 'journal', 'epoch'), '0000000000000009\n');
      return isFull(operation, bytes);
    };
    await expect(openTexts(directory, { ...LITTLE, layer })).rejects.toMatchObject({
      code: 'store_owner_lost',
    });
    expect(segmentsOf(directory)).toEqual(before);
  });

  it('is said with what to do when all is of use', async () => {
    const first = await openTexts(temporaryDirectory());
    await put(first, { key: 'text' });
    await first.journal.close();
    const layer = new WatchedLayer();
    layer.fault = fullAt(join(first.directory, 'journal'), bytesOf(first.directory));
    await expect(openTexts(first.directory, { layer })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Cannot open the journal in .*ENOSPC.* The disk is full: free some space\.$/,
      ) as string,
    });
    expect(segmentsOf(first.directory)).toEqual(['00000001.log']);
  });
});

describe('journal: a disk that takes a header and no more', () => {
  it('gathers no segments, however often it is opened', async () => {
    const first = await openTexts(temporaryDirectory());
    await put(first, { key: 'text' });
    await first.journal.close();
    const { directory } = first;
    const layer = new WatchedLayer();
    layer.fault = fullAt(join(directory, 'journal'), bytesOf(directory) + HEADER_BYTES);
    for (let start = 0; start < 3; start += 1) {
      const world = await openTexts(directory, { layer });
      await expect(put(world, { key: 'lost'.repeat(50) })).rejects.toMatchObject({
        cause: { code: 'ENOSPC' },
      });
      await world.journal.close();
    }
    expect(segmentsOf(directory)).toEqual(['00000001.log']);
    const last = await openTexts(copyOf(directory));
    expect(last.texts.read()).toEqual({ key: 'text' });
    expect(last.logged).toEqual([]);
    await last.journal.close();
  });

  it('gathers no segments, however often a call tries again', async () => {
    let world = await openTexts(temporaryDirectory());
    const { directory, layer } = world;
    await put(world, { key: 'text' });
    layer.fault = fullAt(join(directory, 'journal'), bytesOf(directory) + HEADER_BYTES);
    for (let call = 0; call < 3; call += 1) {
      await expect(put(world, { key: 'lost'.repeat(50) })).rejects.toMatchObject({
        cause: { code: 'ENOSPC' },
      });
      world = await openTexts(directory, { layer }, await world.journal.abandon());
      expect(world.texts.read()).toEqual({ key: 'text' });
    }
    expect(segmentsOf(directory)).toEqual(['00000001.log', '00000002.log']);
    layer.fault = () => undefined;
    await put(world, { other: 'text' });
    await world.journal.close();
    const last = await openTexts(copyOf(directory));
    expect(last.texts.read()).toEqual({ key: 'text', other: 'text' });
    expect(last.logged).toEqual([]);
    await last.journal.close();
  });
});

describe('file store: a disk that takes a header and no more', () => {
  it('leaves nothing of a start that failed', async () => {
    const clock = createManualClock();
    const directory = temporaryDirectory();
    const first = await startOwned(directory, { clock });
    const world = new StoreWorld({ store: first, close: async () => undefined }, clock);
    await world.putEndpoint({ id: 'ep' });
    await world.emitOne('ep');
    await first.putLane({ laneId: 'ep', paused: true });
    await first.close();
    // What belonged to it is written anew at the start.
    writeFileSync(join(directory, 'endpoints.json'), '{ "endpoints": [] }');
    const before = readFileSync(join(directory, 'journal', '00000001.log'));
    const layer = new WatchedLayer();
    layer.fault = fullAt(join(directory, 'journal'), bytesOf(directory) + HEADER_BYTES);
    for (let start = 0; start < 3; start += 1)
      await expect(startOwned(directory, { clock, layer })).rejects.toMatchObject({
        cause: { code: 'ENOSPC' },
      });
    expect(segmentsOf(directory)).toEqual(['00000001.log']);
    expect(readFileSync(join(directory, 'journal', '00000001.log'))).toEqual(before);
  });
});
