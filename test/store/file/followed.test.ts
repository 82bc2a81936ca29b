/** An owner of a folder that is followed, as one whose socket was removed, and goes on for a while in whatever it was doing. */
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OpenFile } from '../../../src/store/file/file-layer.ts';
import { copyOf, diskError, temporaryDirectory, WatchedLayer } from './file-layers.ts';
import { type JournalWorld, openTexts, put } from './journal-world.ts';

const SMALL = { segmentBytes: 200 };

const pathOf = (directory: string, segment: number): string =>
  join(directory, 'journal', `${String(segment).padStart(8, '0')}.log`);
const segmentsOf = (directory: string): string[] =>
  readdirSync(join(directory, 'journal')).filter((name) => name.endsWith('.log'));

/** Where something stands still, as a process that the system halts, until it is let go. */
class Halt {
  readonly reached: Promise<void>;
  #reach: (() => void) | undefined;
  #go: (() => void) | undefined;
  readonly #gone: Promise<void>;

  constructor() {
    this.reached = new Promise((resolve) => (this.#reach = resolve));
    this.#gone = new Promise((resolve) => (this.#go = resolve));
  }

  go(): void {
    this.#go!();
  }

  stand(): Promise<void> {
    this.#reach!();
    return this.#gone;
  }
}

/** Calls something before each write to the file of the epoch. */
class EpochLayer extends WatchedLayer {
  beforeEpochWrite: (position: number) => Promise<void> = () => Promise.resolve();

  override async open(path: string, how: 'create' | 'existing' | 'either'): Promise<OpenFile> {
    const file = await super.open(path, how);
    if (basename(path) !== 'epoch') return file;
    const write = async (bytes: Uint8Array, position: number): Promise<number> => {
      await this.beforeEpochWrite(position);
      return file.write(bytes, position);
    };
    return { ...file, write };
  }
}

function haltOnce(layer: WatchedLayer, method: 'unlink' | 'open', path: string, how?: string): Halt {
  const halt = new Halt();
  let isOver = false;
  const matches = (...args: readonly string[]): boolean => {
    if (isOver || args[0] !== path || (how !== undefined && args[1] !== how)) return false;
    return (isOver = true);
  };
  if (method === 'unlink') {
    const unlink = layer.unlink.bind(layer);
    layer.unlink = async (one) => {
      if (matches(one)) await halt.stand();
      return unlink(one);
    };
  } else {
    const open = layer.open.bind(layer);
    layer.open = async (one, kind) => {
      if (matches(one, kind)) await halt.stand();
      return open(one, kind);
    };
  }
  return halt;
}

/** Overrules the same text until something is so. */
async function overrule(world: JournalWorld, isSo: () => boolean): Promise<void> {
  for (let round = 0; !isSo(); round += 1) await put(world, { key: `${basename(world.directory)} ${round}` });
}

async function expectFollowed(world: JournalWorld): Promise<void> {
  const error: unknown = await put(world, { key: 'late' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'store_owner_lost' });
  await world.journal.close();
  expect(world.logged.join()).not.toContain('removed while it was in use');
}

async function reread(directory: string): Promise<{ texts: object; logged: string[] }> {
  const world = await openTexts(copyOf(directory));
  await world.journal.close();
  return { texts: world.texts.read(), logged: world.logged };
}

describe('journal: an owner that is followed', () => {
  it('may yet remove segments of no use, and its successor goes on', async () => {
    const directory = temporaryDirectory();
    const layer = new WatchedLayer();
    const first = await openTexts(directory, { ...SMALL, layer });
    const halt = haltOnce(layer, 'unlink', pathOf(directory, 1));
    let isReached = false;
    void halt.reached.then(() => (isReached = true));
    await overrule(first, () => isReached);
    const nextLayer = new WatchedLayer();
    const second = await openTexts(directory, { ...SMALL, layer: nextLayer });
    expect(second.logged).toEqual([]);
    halt.go();
    await expect.poll(() => existsSync(pathOf(directory, 1))).toBe(false);
    await put(second, { other: 'text' });
    const removedByNext = (): number => nextLayer.operations.filter(({ kind }) => kind === 'unlink').length;
    await overrule(second, () => removedByNext() > 3 && segmentsOf(directory).length <= 3);
    expect(second.logged).toEqual([]);
    await expectFollowed(first);
    await second.journal.close();
    expect(await reread(directory)).toEqual({ texts: second.texts.read(), logged: [] });
  });

  it('is not undone in what it removed while its successor raised the epoch', async () => {
    const directory = temporaryDirectory();
    const first = await openTexts(directory, SMALL);
    await overrule(first, () => segmentsOf(directory).length > 1);
    const layer = new EpochLayer();
    layer.beforeEpochWrite = async () => {
      layer.beforeEpochWrite = () => Promise.resolve();
      const [oldest] = segmentsOf(directory).sort();
      await overrule(first, () => !segmentsOf(directory).includes(oldest!));
    };
    const second = await openTexts(directory, { ...SMALL, layer });
    expect(second.logged).toEqual([]);
    await expectFollowed(first);
    await second.journal.close();
    expect((await reread(directory)).logged).toEqual([]);
  });

  it('says nothing of segments that counts later', async () => {
    const directory = temporaryDirectory();
    const layer = new EpochLayer();
    const first = await openTexts(directory, { ...SMALL, layer });
    const halt = new Halt();
    let isHalted = false;
    const oldestAt = 34;
    layer.beforeEpochWrite = async (position) => {
      if (position !== oldestAt) return;
      isHalted = true;
      await halt.stand();
    };
    await overrule(first, () => isHalted);
    const second = await openTexts(directory, SMALL);
    const before = segmentsOf(directory);
    await overrule(second, () => !segmentsOf(directory).some((name) => before.includes(name)));
    await second.journal.close();
    halt.go();
    await expectFollowed(first);
    expect((await reread(directory)).logged).toEqual([]);
  });

  it('does not keep its successor from beginning a segment when both want the same name', async () => {
    const directory = temporaryDirectory();
    const [layer, nextLayer] = [new WatchedLayer(), new WatchedLayer()];
    const first = await openTexts(directory, { segmentBytes: 1, layer });
    await put(first, { a: 'first' });
    const halt = haltOnce(layer, 'open', pathOf(directory, 3), 'create');
    const late = put(first, { a: 'late' });
    await halt.reached;
    const nextHalt = haltOnce(nextLayer, 'open', pathOf(directory, 3), 'create');
    const opened = openTexts(directory, { layer: nextLayer });
    await nextHalt.reached;
    halt.go();
    await expect(late).rejects.toMatchObject({ code: 'store_owner_lost' });
    expect(existsSync(pathOf(directory, 3))).toBe(true);
    nextHalt.go();
    const second = await opened;
    await put(second, { b: 'second' });
    expect(existsSync(pathOf(directory, 4))).toBe(true);
    await second.journal.close();
    await first.journal.close();
    expect(await reread(directory)).toEqual({ texts: { a: 'first', b: 'second' }, logged: [] });
  });

  it('says that it was followed when its successor took the name of its next segment', async () => {
    const directory = temporaryDirectory();
    const layer = new WatchedLayer();
    const first = await openTexts(directory, { segmentBytes: 1, layer });
    await put(first, { a: 'first' });
    const halt = haltOnce(layer, 'open', pathOf(directory, 3), 'create');
    const late = put(first, { a: 'late' });
    await halt.reached;
    const second = await openTexts(directory);
    halt.go();
    await expect(late).rejects.toMatchObject({ code: 'store_owner_lost' });
    await first.journal.close();
    await second.journal.close();
    expect(await reread(directory)).toEqual({ texts: { a: 'first' }, logged: [] });
  });

  it('is followed by the one who raised the epoch last, when two came to the same one', async () => {
    const directory = temporaryDirectory();
    const first = await openTexts(directory);
    await put(first, { a: 'first' });
    const layer = new EpochLayer();
    const halt = new Halt();
    layer.beforeEpochWrite = () => halt.stand();
    const opened = openTexts(directory, { layer });
    await halt.reached;
    const second = await openTexts(directory);
    await put(second, { b: 'second' });
    halt.go();
    const third = await opened;
    await expect(put(second, { b: 'late' })).rejects.toMatchObject({ code: 'store_owner_lost' });
    await put(third, { c: 'third' });
    expect(third.journal.epoch).toBeGreaterThan(second.journal.epoch);
    for (const world of [first, second, third]) await world.journal.close();
    expect(await reread(directory)).toEqual({
      texts: { a: 'first', b: 'second', c: 'third' },
      logged: [],
    });
  });

  it.each([
    { what: 'did not get to begin', failing: 'dataSync', written: 0 },
    { what: 'began in vain', failing: 'write', written: 1 },
  ] as const)('may yet remove a segment that it $what', async ({ failing, written }) => {
    const directory = temporaryDirectory();
    const layer = new WatchedLayer();
    const first = await openTexts(directory, { segmentBytes: 1, layer });
    await put(first, { a: 'first' });
    let writes = 0;
    layer.fault = ({ kind, name }) => {
      if (kind !== failing || name !== basename(pathOf(directory, 3))) return undefined;
      writes += 1;
      if (writes > written) throw diskError('ENOSPC');
      return undefined;
    };
    const halt = haltOnce(layer, 'unlink', pathOf(directory, 3));
    const failed = put(first, { a: 'late' }).catch((error: unknown) => error);
    const closed = failed.then(() => first.journal.close());
    await halt.reached;
    const second = await openTexts(directory, { segmentBytes: 1 });
    halt.go();
    await expect.poll(() => existsSync(pathOf(directory, 3))).toBe(false);
    for (let round = 0; round < 3; round += 1) await put(second, { b: `second ${round}` });
    await closed;
    expect(second.logged).toEqual([]);
    await second.journal.close();
    expect(await reread(directory)).toEqual({ texts: { a: 'first', b: 'second 2' }, logged: [] });
  });

  it('does not take what its successor removed for a folder that was removed', async () => {
    const directory = temporaryDirectory();
    const layer = new WatchedLayer();
    const open = layer.open.bind(layer);
    let isFollowed = false;
    layer.open = async (path, how) => {
      const file = await open(path, how);
      const isAt = (place: string): boolean => {
        if (isFollowed && place === pathOf(directory, 2)) {
          writeFileSync(join(directory, 'journal', 'epoch'), '0000000000000009\n');
          rmSync(place, { force: true });
        }
        return file.isAt(place);
      };
      return { ...file, isAt };
    };
    const first = await openTexts(directory, { segmentBytes: 1, layer });
    await put(first, { a: 'kept', b: 'kept' });
    isFollowed = true;
    await expect(put(first, { c: 'late' })).rejects.toMatchObject({ code: 'store_owner_lost' });
    await expectFollowed(first);
  });
});

describe('journal: a segment that was begun in part', () => {
  it('is passed over without a word, wherever it was cut off', async () => {
    const world = await openTexts(temporaryDirectory());
    await put(world, { a: 'text' });
    const header = readFileSync(pathOf(world.directory, 1)).subarray(0, -1).indexOf('\n');
    for (let length = 0; length <= header; length += 7) {
      const copy = copyOf(world.directory);
      writeFileSync(pathOf(copy, 2), readFileSync(pathOf(copy, 1)).subarray(0, length));
      expect(await reread(copy)).toEqual({ texts: { a: 'text' }, logged: [] });
    }
    await world.journal.close();
  });

  it('is told of when it had been begun in whole', async () => {
    const world = await openTexts(temporaryDirectory());
    await put(world, { a: 'text' });
    await world.journal.close();
    truncateSync(pathOf(world.directory, 1), 20);
    const { logged } = await reread(world.directory);
    expect(logged).toEqual([expect.stringMatching(/^warn The last 20 bytes of .*01\.log, from offset 0/)]);
  });
});
