import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OpenFile } from '../../../src/store/file/file-layer.ts';
import { scanSegment } from '../../../src/store/file/journal/scan-segment.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { StoreWorld } from '../../../src/testing/store-suite/store-world.ts';
import { copyOf, temporaryDirectory } from './file-layers.ts';
import { openTexts, put } from './journal-world.ts';
import { type Logged, startOwned } from './owned-world.ts';

const FLUSH = { a: 'new', b: 'text', c: 'täxt' };
const FIRST = '00000001.log';
const fileIn = (directory: string, name = FIRST): string => join(directory, 'journal', name);

interface LastFlush {
  readonly bytes: Buffer;
  /** Where it begins, where its commit does, and where it ends. */
  readonly start: number;
  readonly commit: number;
  readonly end: number;
  /** What a process finds that opens a copy of the folder in which the segment has these bytes. */
  reread(bytes: Uint8Array): Promise<{ texts: Record<string, string | undefined>; logged: string[] }>;
}

/** A segment whose last flush is `values`, of a process that stopped cleanly or did not. */
async function setup(isClosed: boolean, values: Record<string, string> = FLUSH): Promise<LastFlush> {
  const world = await openTexts(temporaryDirectory());
  onTestFinished(() => world.journal.close());
  await put(world, { a: 'old', kept: 'text' });
  const path = fileIn(world.directory);
  const start = readFileSync(path).length;
  await put(world, values);
  const end = readFileSync(path).length;
  const last = world.texts.place(Object.keys(values).at(-1)!)!;
  if (isClosed) await world.journal.close();
  return {
    bytes: readFileSync(path),
    start,
    commit: last.offset + last.length,
    end,
    async reread(bytes) {
      const copy = copyOf(world.directory);
      writeFileSync(fileIn(copy), bytes);
      const next = await openTexts(copy);
      await next.journal.close();
      return { texts: next.texts.read(), logged: next.logged };
    },
  };
}

/** What is found in a segment of these bytes. */
async function scan(
  bytes: Buffer,
): Promise<{ keys: Set<string>; damages: number; tear: string | undefined }> {
  const file = {
    read: async (into: Uint8Array, position: number) => bytes.copy(into, 0, position),
  } as Partial<OpenFile> as OpenFile;
  const keys = new Set<string>();
  let damages = 0;
  const { tear } = await scanSegment(file, bytes.length, false, {
    line: ({ record }) => void keys.add(Object.values(record).join()),
    damage: () => void (damages += 1),
  });
  return { keys, damages, tear };
}

function changed(bytes: Buffer, change: (copy: Buffer) => unknown): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}

describe.each([
  { what: 'a journal that was closed', isClosed: true },
  { what: 'a journal of a process that was killed', isClosed: false },
])('journal damage: the last flush of $what', ({ isClosed }) => {
  it('loses no more than the line of which a bit was flipped', async () => {
    const { bytes, start } = await setup(isClosed);
    const { keys: all } = await scan(bytes);
    expect(all.size).toBe(5);
    for (let bit = start * 8; bit < bytes.length * 8; bit += 1) {
      const at = bit >> 3;
      const { keys, damages, tear } = await scan(changed(bytes, (copy) => (copy[at]! ^= 1 << (bit & 7))));
      expect({ at, tear }).toEqual({ at, tear: undefined });
      const lineFrom = bytes.lastIndexOf('\n', at - 1) + 1;
      const line = bytes.toString('utf8', lineFrom, bytes.indexOf('\n', at) + 1);
      const isRow = line.includes('"key"') && bytes[at] !== 0x0a;
      const lost = [...all].filter((key) => !keys.has(key)).length;
      // A digit of the sum may change its case, which changes nothing.
      expect(lost, `byte ${at}`).toBeLessThanOrEqual(isRow ? 1 : 0);
      expect(damages, `byte ${at}`).toBeGreaterThanOrEqual(lost);
    }
  });

  it('is kept and reported when its commit is damaged', async () => {
    const { bytes, commit, end, reread } = await setup(isClosed);
    for (let at = commit; at < end; at += 1) {
      const { texts, logged } = await reread(changed(bytes, (copy) => (copy[at]! ^= 0x04)));
      expect(texts).toEqual({ kept: 'text', ...FLUSH });
      expect(logged).toEqual([expect.stringMatching(/^error The journal is damaged: .*01\.log/)]);
    }
  });

  it('says that a line of it is missing', async () => {
    const { bytes, start, commit, reread } = await setup(isClosed);
    const second = bytes.indexOf('\n', start) + 1;
    const { texts, logged } = await reread(Buffer.concat([bytes.subarray(0, start), bytes.subarray(second)]));
    expect(texts).toEqual({ kept: 'text', ...FLUSH, a: 'old' });
    const at = commit - (second - start);
    expect(logged.join()).toContain(`error The journal is damaged: bytes at offset ${at} of `);
    expect(logged).toHaveLength(1);
  });

  it('is kept as far as it can be read when its end is garbage', async () => {
    const { bytes, commit, reread } = await setup(isClosed);
    const { texts, logged } = await reread(changed(bytes, (copy) => copy.fill(0xa5, commit - 5)));
    expect(texts).toEqual({ kept: 'text', a: 'new', b: 'text' });
    expect(logged).toEqual([expect.stringMatching(/^error The journal is damaged/)]);
  });
});

describe('journal damage: blocks of zeros', () => {
  const values = { a: 'x'.repeat(3_000), b: 'text' };
  const withHole = (bytes: Buffer): Buffer => changed(bytes, (copy) => copy.fill(0, 1024, 1536));

  it('leave a flush out that nothing follows, whole: it was under way when the power failed', async () => {
    const { bytes, start, reread } = await setup(false, values);
    const { texts, logged } = await reread(withHole(bytes));
    expect(texts).toEqual({ a: 'old', kept: 'text' });
    expect(logged).toEqual([
      expect.stringMatching(new RegExp(`^warn The last \\d+ bytes .*from offset ${start}, .*zeros`)),
    ]);
    const { texts: toTheEnd } = await reread(changed(bytes, (copy) => copy.fill(0, 1024)));
    expect(toTheEnd).toEqual({ a: 'old', kept: 'text' });
  });

  it('are damage after the journal was closed', async () => {
    const { bytes, reread } = await setup(true, values);
    const { texts, logged } = await reread(withHole(bytes));
    expect(texts).toEqual({ a: 'old', kept: 'text', b: 'text' });
    expect(logged).toEqual([expect.stringMatching(/^error The journal is damaged/)]);
  });
});

describe('journal damage: a flush that is cut off', () => {
  it('is told from a damaged one at every byte', async () => {
    const { bytes, start, end } = await setup(false);
    for (let length = start; length < end; length += 1) {
      const { keys, damages, tear } = await scan(bytes.subarray(0, length));
      expect({ length, tear, keys: keys.size, damages }).toEqual({
        length,
        tear: length === start ? undefined : 'cut',
        keys: 2,
        damages: 0,
      });
    }
  });

  it('takes no flush along whose commit is damaged', async () => {
    const { bytes, start, commit, end, reread } = await setup(false);
    const cut = Buffer.concat([bytes, bytes.subarray(start, commit - 5)]);
    for (let at = commit; at < end; at += 1) {
      const { texts, logged } = await reread(changed(cut, (copy) => (copy[at]! ^= 0x04)));
      expect(texts).toEqual({ kept: 'text', ...FLUSH });
      expect(logged.map((line) => line.slice(0, 30))).toEqual([
        'error The journal is damaged: ',
        expect.stringMatching(/^warn The last \d+ bytes/),
      ]);
    }
  });

  it('may have been confirmed without fsync', async () => {
    const world = await openTexts(temporaryDirectory(), { fsync: false });
    await put(world, { a: 'text' });
    const copy = copyOf(world.directory);
    await world.journal.close();
    writeFileSync(fileIn(copy), readFileSync(fileIn(copy)).subarray(0, -3));
    const next = await openTexts(copy, { fsync: false });
    await next.journal.close();
    expect(next.logged.join()).toMatch(/if the system crashed, it may have been, because fsync is false/);
  });
});

describe('file store: damage', () => {
  it('keeps all messages of a flush whose commit is damaged', async () => {
    const directory = temporaryDirectory();
    const clock = createManualClock();
    const store = await startOwned(directory, { clock });
    const world = new StoreWorld({ store, close: async () => undefined }, clock);
    const emitted = await world.emit(['ep', 'ep', 'ep', 'ep', 'ep']);
    await store.close();
    const bytes = readFileSync(fileIn(directory));
    bytes[bytes.lastIndexOf('"commit":1') + 9]! ^= 1;
    writeFileSync(fileIn(directory), bytes);
    const logged: Logged = [];
    const next = await startOwned(directory, { clock, logged });
    onTestFinished(() => next.close());
    expect((await world.claim({}, next)).leased.map(({ id }) => id)).toEqual(emitted);
    expect(logged).toEqual([expect.stringMatching(/^error The journal is damaged/)]);
  });

  it('mends a line feed when it writes the line again', async () => {
    const directory = temporaryDirectory();
    const clock = createManualClock();
    const store = await startOwned(directory, { clock, segmentBytes: 4_096, maxMessages: 20 });
    onTestFinished(() => store.close());
    const world = new StoreWorld({ store, close: async () => undefined }, clock);
    await world.emitOne('paused');
    await store.putLane({ laneId: 'paused', paused: true });
    const bytes = readFileSync(fileIn(directory));
    bytes[bytes.indexOf('\n', bytes.indexOf('jobId'))]! ^= 1;
    writeFileSync(fileIn(directory), bytes);
    while (readdirSync(join(directory, 'journal')).includes(FIRST)) {
      await world.emitOne('ep');
      await world.succeed((await world.claim()).leased[0]!);
    }
    const logged: Logged = [];
    const next = await startOwned(copyOf(directory), { clock, logged });
    onTestFinished(() => next.close());
    expect(logged).toEqual([]);
    const { items } = await next.list({ of: 'messages', where: { endpointId: 'paused' }, limit: 1 });
    expect(items[0]?.dataJson).toBe('{"jobId":"42"}');
  });
});
