import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeFileLayer } from '../../../src/store/file/file-layer.ts';
import type { JournalOptions } from '../../../src/store/file/journal/journal-options.ts';
import { diskError, type Operation, temporaryDirectory, WatchedLayer } from './file-layers.ts';
import { type JournalWorld, openTexts, put } from './journal-world.ts';

const nameOf = (segment: number): string => `${String(segment).padStart(8, '0')}.log`;

async function setup(options: Partial<JournalOptions>): Promise<JournalWorld> {
  const world = await openTexts(temporaryDirectory(), options);
  onTestFinished(() => world.journal.close());
  return world;
}

/** What was done before a segment was removed, and where a text stood then. */
function watchRemoval({ layer, texts }: JournalWorld, segment: number, key: string) {
  const found: { before?: readonly Operation[]; place?: ReturnType<typeof texts.place> } = {};
  layer.fault = ({ kind, name }) => {
    if (kind === 'unlink' && name === nameOf(segment))
      Object.assign(found, { before: [...layer.operations], place: texts.place(key) });
    return undefined;
  };
  return found;
}

/** The sizes of all writes from now on, and whether a segment was removed meanwhile. */
function watchWrites({ layer }: JournalWorld): { writes: readonly number[]; hasRemoved: () => boolean } {
  const writes: number[] = [];
  let isRemoved = false;
  layer.fault = ({ kind }, bytes) => {
    if (kind === 'write') writes.push(bytes);
    isRemoved ||= kind === 'unlink';
    return undefined;
  };
  return { writes, hasRemoved: () => isRemoved };
}

/** Two callers, each of whom calls while the flush of the other one is under way: the journal is never idle. */
async function keepBusy(
  world: JournalWorld,
  goesOn: (round: number) => boolean,
  text = 'text',
): Promise<void> {
  let round = 0;
  const call = async (key: string): Promise<void> => {
    while (goesOn(round)) {
      round += 1;
      await put(world, { [key]: `${text} ${round}` });
    }
  };
  const first = call('first');
  await Promise.resolve();
  await Promise.resolve();
  await Promise.all([first, call('second')]);
}

/** A crash that keeps only what was synced finds the text. */
function expectOnDisk({ before, place }: ReturnType<typeof watchRemoval>): void {
  const { segment, offset, length } = place!;
  const name = nameOf(segment);
  const isWrite = (one: Operation): boolean =>
    one.kind === 'write' && one.name === name && one.end! >= offset + length;
  const written = before!.findIndex(isWrite);
  expect(written).toBeGreaterThanOrEqual(0);
  expect(before!.slice(written)).toContainEqual({ kind: 'dataSync', name });
  const created = before!.findIndex((one) => one.kind === 'open' && one.name === name);
  expect(before!.slice(created)).toContainEqual({ kind: 'syncDirectory', name: 'journal' });
}

describe.each([true, false])('journal compaction with fsync: %s', (fsync) => {
  it('syncs what it wrote again of a segment before it removes it', async () => {
    const world = await setup({ fsync, segmentBytes: 1_000 });
    await put(world, { old: 'x'.repeat(500) });
    const removal = watchRemoval(world, 1, 'old');
    for (let round = 0; removal.before === undefined; round += 1) await put(world, { key: `text ${round}` });
    expect(removal.place!.segment).toBeGreaterThan(1);
    expectOnDisk(removal);
  });

  it('syncs what overrules a segment before it removes it', async () => {
    const world = await setup({ fsync, segmentBytes: 1 });
    const removal = watchRemoval(world, 2, 'key');
    await put(world, { key: 'old' });
    await put(world, { key: 'new' });
    await expect.poll(() => removal.before).toBeDefined();
    expect(removal.place!.segment).toBeGreaterThan(2);
    expectOnDisk(removal);
  });
});

describe('journal compaction', () => {
  it('syncs each removal before the next one', async () => {
    const world = await setup({ segmentBytes: 200 });
    world.layer.fault = ({ kind }) => {
      if (kind === 'unlink') throw diskError('EIO');
      return undefined;
    };
    for (let round = 0; round < 20; round += 1) await put(world, { key: `text ${round}` });
    world.layer.fault = () => undefined;
    await put(world, { key: 'last' });
    await expect.poll(() => world.journal.usage.segments).toBeLessThanOrEqual(2);
    const kinds = world.layer.operations.map(({ kind }) => kind).filter((kind) => /unlink|syncD/.test(kind));
    expect(kinds.join()).toMatch(/unlink/);
    expect(kinds.join()).not.toMatch(/unlink,unlink/);
  });

  it('removes nothing once a sync failed: the next one could say that all is well', async () => {
    const world = await setup({ fsync: false, segmentBytes: 200 });
    let failures = 0;
    world.layer.fault = ({ kind }) => {
      if (kind !== 'dataSync' || failures > 0) return undefined;
      failures += 1;
      throw diskError('EIO');
    };
    for (let round = 0; round < 20; round += 1) await put(world, { key: `text ${round}` });
    await world.journal.close();
    expect(failures).toBe(1);
    expect(world.logged.join()).toMatch(/warn Cannot compact the journal .*EIO/);
    expect(world.layer.operations.filter(({ kind }) => kind === 'unlink')).toEqual([]);
  });

  it('removes nothing once another owner followed', async () => {
    const world = await openTexts(temporaryDirectory(), { fsync: false, segmentBytes: 200 });
    world.layer.fault = ({ kind }) => {
      if (kind === 'dataSync') writeFileSync(join(world.directory, 'journal', 'epoch'), '0000000000000009\n');
      return undefined;
    };
    const followed = (async () => {
      for (let round = 0; round < 50; round += 1) await put(world, { key: `text ${round}` });
    })();
    await expect(followed).rejects.toMatchObject({ code: 'store_owner_lost' });
    await world.journal.close();
    expect(world.layer.operations.filter(({ kind }) => kind === 'unlink')).toEqual([]);
  });

  it('does not stop an owner that opens the folder meanwhile', async () => {
    const layer = new WatchedLayer();
    const { list } = nodeFileLayer;
    // A file that goes after the folder was listed.
    layer.list = async (directory) => [nameOf(0), ...(await list(directory))];
    const world = await setup({ layer });
    await put(world, { key: 'text' });
    expect(world.logged).toEqual([]);
  });

  it('keeps the disk bounded while one flush follows the other', async () => {
    const world = await setup({ segmentBytes: 2_000 });
    await put(world, { old: 'x'.repeat(500) });
    let most = { segments: 0, bytes: 0 };
    await keepBusy(world, (round) => {
      const { segments, bytes } = world.journal.usage;
      most = { segments: Math.max(most.segments, segments), bytes: Math.max(most.bytes, bytes) };
      return round < 1_000;
    });
    // What is written while a segment is removed comes on top.
    expect(most.segments).toBeLessThan(12);
    expect(most.bytes).toBeLessThan(24_000);
  });

  it('adds no more to a flush than a small part of a segment, also while one follows the other', async () => {
    const world = await setup({ fsync: false, segmentBytes: 256 * 1024 });
    const kept = Array.from({ length: 64 }, (_, index) => [`old ${index}`, 'x'.repeat(4_000)] as const);
    await put(world, Object.fromEntries(kept));
    const { writes, hasRemoved } = watchWrites(world);
    await keepBusy(world, () => !hasRemoved(), 'x'.repeat(5_000));
    expect(world.texts.place('old 0')!.segment).toBeGreaterThan(1);
    expect(Math.max(...writes)).toBeLessThan(150_000);
  });

  it('adds no more to a flush than a small part of a segment', async () => {
    const world = await setup({ fsync: false, segmentBytes: 2 * 1024 * 1024 });
    const old = Array.from({ length: 512 }, (_, index) => [`old ${index}`, 'x'.repeat(4_000)] as const);
    await put(world, Object.fromEntries(old));
    const { writes, hasRemoved } = watchWrites(world);
    while (!hasRemoved()) await put(world, { key: 'x'.repeat(10_000) });
    expect(world.texts.place('old 0')!.segment).toBeGreaterThan(1);
    // The step, what is left of a line before it, and what the call stores.
    expect(Math.max(...writes)).toBeLessThan(150_000);
  });
});
