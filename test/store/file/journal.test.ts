import {
  appendFileSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sealLine } from '../../../src/store/file/journal/journal-line.ts';
import { copyOf, diskError, temporaryDirectory, WatchedLayer } from './file-layers.ts';
import { type JournalWorld, openTexts, put, type Texts } from './journal-world.ts';

const journalOf = (directory: string): string => join(directory, 'journal');
const segmentsOf = (directory: string): string[] =>
  readdirSync(journalOf(directory)).filter((name) => name.endsWith('.log'));
const lastSegment = (directory: string): string =>
  join(journalOf(directory), segmentsOf(directory).sort().at(-1)!);

/** What a process finds that opens a copy of the folder now. */
async function reread(directory: string): Promise<{ texts: ReturnType<Texts['read']>; logged: string[] }> {
  const world = await openTexts(copyOf(directory));
  await world.journal.close();
  return { texts: world.texts.read(), logged: world.logged };
}

/** Goes on after a failure, as the store does. */
async function resume({ journal, directory, layer }: JournalWorld): Promise<JournalWorld> {
  return openTexts(directory, { layer }, await journal.abandon());
}

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: (() => void) | undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open!() };
}

describe('journal: group commit', () => {
  it('resolves no call before the fdatasync that covers its bytes', async () => {
    const world = await openTexts(temporaryDirectory());
    const { journal, texts, layer } = world;
    const calls: Promise<void>[] = [];
    for (let call = 0; call < 50; call += 1) {
      texts.set(`key ${call}`, 'text');
      calls.push(
        journal.flushed().then(() => {
          const { segment, offset, length } = texts.place(`key ${call}`)!;
          const name = `${String(segment).padStart(8, '0')}.log`;
          const written = layer.operations.findIndex(
            (operation) =>
              operation.kind === 'write' && operation.name === name && operation.end! >= offset + length,
          );
          const synced = layer.operations.findIndex(
            (operation, index) => operation.kind === 'dataSync' && operation.name === name && index > written,
          );
          expect(written).toBeGreaterThanOrEqual(0);
          expect(synced).toBeGreaterThan(written);
        }),
      );
      if (call % 10 === 0) await Promise.resolve();
    }
    await Promise.all(calls);
    await journal.close();
  });

  it('puts what comes while a flush is under way into one further write', async () => {
    const world = await openTexts(temporaryDirectory());
    const { journal, texts, layer } = world;
    texts.set('first', 'text');
    const first = journal.flushed();
    await Promise.resolve();
    await Promise.resolve();
    const later = Array.from({ length: 20 }, (_, index) => {
      texts.set(`later ${index}`, 'text');
      return journal.flushed();
    });
    layer.operations.length = 0;
    await Promise.all([first, ...later]);
    expect(layer.operations.filter(({ kind }) => kind === 'write')).toHaveLength(2);
    expect(layer.operations.filter(({ kind }) => kind === 'dataSync')).toHaveLength(2);
    await journal.close();
  });

  it('lets a call that changed nothing wait for what it may have seen', async () => {
    const { journal, texts, layer } = await openTexts(temporaryDirectory());
    texts.set('key', 'text');
    const writer = journal.flushed();
    await Promise.resolve();
    layer.operations.length = 0;
    await journal.flushed();
    expect(layer.operations.at(-1)?.kind).toBe('dataSync');
    await writer;
    await journal.flushed();
    await journal.close();
  });

  it('writes what a short write left', async () => {
    const world = await openTexts(temporaryDirectory());
    world.layer.fault = ({ kind }, bytes) => (kind === 'write' ? Math.min(7, bytes) : undefined);
    await put(world, { a: 'text', b: 'täxt' });
    expect(await reread(world.directory)).toEqual({ texts: { a: 'text', b: 'täxt' }, logged: [] });
    await world.journal.close();
  });

  it('syncs the names of a new folder, and of each new segment', async () => {
    const directory = join(temporaryDirectory(), 'a');
    const world = await openTexts(directory, { segmentBytes: 1 });
    const synced = world.layer.operations
      .filter(({ kind }) => kind === 'syncDirectory')
      .map(({ name }) => name);
    expect(synced).toEqual(['a', expect.stringMatching(/^posthorn-file-/), 'journal']);
    world.layer.operations.length = 0;
    await put(world, { key: 'text' });
    const kinds = world.layer.operations
      .filter(({ name }) => name !== 'epoch')
      .map(({ kind, name }) => `${kind} ${name}`);
    expect(kinds.slice(0, 6)).toEqual([
      'open 00000002.log',
      'write 00000002.log',
      'dataSync 00000002.log',
      'syncDirectory journal',
      'write 00000002.log',
      'dataSync 00000002.log',
    ]);
    await world.journal.close();
  });

  it('waits for no disk without fsync', async () => {
    const world = await openTexts(temporaryDirectory(), { fsync: false, segmentBytes: 200 });
    await put(world, { key: 'x'.repeat(200) });
    await put(world, { other: 'text' });
    await world.journal.close();
    expect(segmentsOf(world.directory)).toHaveLength(2);
    const kinds = new Set(world.layer.operations.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(['open', 'write']);
    expect((await reread(world.directory)).texts).toEqual({ key: 'x'.repeat(200), other: 'text' });
  });
});

describe('journal: recovery', () => {
  it('finds what was there at every flush', async () => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 300 });
    const history: (string | undefined)[] = ['one', 'two', undefined, 'three', 'ünïcödé\n"\u2028', 'last'];
    for (const [index, text] of history.entries()) {
      await put(world, { key: text, [`key ${index}`]: 'text' });
      expect(await reread(world.directory)).toEqual({ texts: world.texts.read(), logged: [] });
    }
    await world.journal.close();
  });

  it('leaves a flush out that was cut off at any byte, and says so', async () => {
    const world = await openTexts(temporaryDirectory());
    await put(world, { a: 'old', b: 'kept' });
    const before = readFileSync(lastSegment(world.directory)).length;
    await put(world, { a: 'new', c: 'more' });
    const after = readFileSync(lastSegment(world.directory)).length;
    for (let length = before; length < after; length += 1) {
      const copy = copyOf(world.directory);
      truncateSync(lastSegment(copy), length);
      const { texts, logged } = await reread(copy);
      expect(texts).toEqual({ a: 'old', b: 'kept' });
      expect(logged).toHaveLength(length === before ? 0 : 1);
      if (length > before)
        expect(logged[0]).toMatch(/^warn The last \d+ bytes of .*01\.log, from offset \d+/);
    }
    expect((await reread(world.directory)).texts).toEqual({ a: 'new', b: 'kept', c: 'more' });
    await world.journal.close();
  });

  it('never counts later what it left out once', async () => {
    const directory = temporaryDirectory();
    const first = await openTexts(directory);
    await put(first, { a: 'confirmed' });
    await first.journal.close();
    appendFileSync(lastSegment(directory), lines({ key: 'a', text: 'never confirmed' }));
    const second = await openTexts(directory);
    expect(second.texts.read()).toEqual({ a: 'confirmed' });
    await second.journal.close();
    // Were it complete by now, as a late write of the dead process could make it.
    appendFileSync(join(journalOf(directory), '00000001.log'), lines({ commit: 1 }));
    expect((await reread(directory)).texts).toEqual({ a: 'confirmed' });
  });

  it('skips a damaged line, names file and offset, and keeps all others', async () => {
    const world = await openTexts(temporaryDirectory());
    await put(world, { a: 'old' });
    await put(world, { a: 'new', b: 'kept', c: 'kept' });
    const { offset, length } = world.texts.place('a')!;
    await world.journal.close();
    const next = await openTexts(world.directory);
    await put(next, { d: 'later' });
    await next.journal.close();
    const file = join(journalOf(world.directory), '00000001.log');
    const intact = readFileSync(file);
    for (let byte = offset; byte < offset + length; byte += 1) {
      const flipped = Buffer.from(intact);
      flipped[byte]! ^= 0x04;
      writeFileSync(file, flipped);
      const { texts, logged } = await reread(world.directory);
      // A line feed says nothing.
      const isFeed = byte === offset + length - 1;
      expect(texts).toEqual({ a: isFeed ? 'new' : 'old', b: 'kept', c: 'kept', d: 'later' });
      const from = isFeed ? byte : offset;
      expect(logged.join()).toMatch(
        new RegExp(`error The journal is damaged: \\d+ bytes at offset ${from} of .*00000001[.]log`),
      );
    }
  });

  it('keeps the rows of a segment whose first line is damaged', async () => {
    const world = await openTexts(temporaryDirectory());
    await put(world, { a: 'text' });
    await world.journal.close();
    const file = lastSegment(world.directory);
    const bytes = readFileSync(file);
    bytes[12]! ^= 1;
    writeFileSync(file, bytes);
    const { texts, logged } = await reread(world.directory);
    expect(texts).toEqual({ a: 'text' });
    expect(logged.join()).toMatch(/error The journal is damaged: \d+ bytes at offset 0 of/);
  });

  it('says which bytes are missing of a segment that was cut after it was complete', async () => {
    const world = await openTexts(temporaryDirectory());
    await put(world, { a: 'text' });
    await world.journal.close();
    const next = await openTexts(world.directory);
    await next.journal.close();
    const file = join(journalOf(world.directory), '00000001.log');
    truncateSync(file, readFileSync(file).length - 3);
    const { logged } = await reread(world.directory);
    expect(logged.join()).toContain('error The journal is damaged');
  });

  it('says that a segment is missing', async () => {
    const text = 'x'.repeat(1_000);
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 1_000 });
    for (let index = 0; index < 4; index += 1) await put(world, { [`key ${index}`]: text });
    await world.journal.close();
    rmSync(join(journalOf(world.directory), '00000002.log'));
    const { logged, texts } = await reread(world.directory);
    expect(logged).toEqual([expect.stringMatching(/^error Segment 2 of the journal is missing/)]);
    expect(texts).toEqual({ 'key 0': text, 'key 2': text, 'key 3': text });
  });

  it.each([
    { what: 'the oldest', gone: [1], said: [1] },
    { what: 'the newest', gone: [4], said: [4] },
    { what: 'two at the start', gone: [1, 2], said: [1, 2] },
    { what: 'all', gone: [1, 2, 3, 4], said: [1, 4] },
  ])('says that $what is missing, and takes no number again', async ({ gone, said }) => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 1_000 });
    for (let index = 0; index < 4; index += 1) await put(world, { [`key ${index}`]: 'x'.repeat(1_000) });
    await world.journal.close();
    for (const number of gone) rmSync(join(journalOf(world.directory), `0000000${number}.log`));
    const next = await openTexts(world.directory);
    expect(next.logged.map((line) => line.slice(0, 39))).toEqual(
      said.map((number) => `error Segment ${number} of the journal is missi`),
    );
    await next.journal.close();
    expect(segmentsOf(world.directory)).toContain('00000005.log');
  });

  it.each([
    { what: 'is gone', harm: (file: string) => rmSync(file) },
    { what: 'has the epoch alone', harm: (file: string) => truncateSync(file, 17) },
  ])('says that a segment is missing after the file of the epoch $what, and that it is', async ({ harm }) => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 1_000 });
    for (let index = 0; index < 4; index += 1) await put(world, { [`key ${index}`]: 'x'.repeat(1_000) });
    await world.journal.close();
    harm(join(journalOf(world.directory), 'epoch'));
    const next = await openTexts(world.directory);
    await next.journal.close();
    expect(next.logged).toEqual([expect.stringMatching(/^warn .*epoch is gone or cannot be read/)]);
    rmSync(join(journalOf(world.directory), '00000002.log'));
    const { logged } = await reread(world.directory);
    expect(logged).toEqual([expect.stringMatching(/^error Segment 2 of the journal is missing/)]);
  });

  it.each([
    { what: 'the next one', name: '00000006.log' },
    { what: 'the newest', name: '00000004.log' },
  ])('refuses a copy of a segment under the name of $what, until it is moved away', async ({ name }) => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 1_000 });
    for (let index = 0; index < 4; index += 1) await put(world, { [`key ${index}`]: 'x'.repeat(1_000) });
    await world.journal.close();
    const file = join(journalOf(world.directory), name);
    copyFileSync(join(journalOf(world.directory), '00000002.log'), file);
    await expect(openTexts(world.directory)).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining(
        `${name} holds segment 2 of the journal, not ${Number(name.slice(0, 8))}`,
      ),
    });
    rmSync(file);
    expect(Object.keys((await reread(world.directory)).texts)).toHaveLength(name === '00000004.log' ? 3 : 4);
  });

  it.each(['000000001.log', '99999999999999999999.log', '1.log'])(
    'passes over a file named %s',
    async (name) => {
      const world = await openTexts(temporaryDirectory());
      await put(world, { a: 'text' });
      await world.journal.close();
      copyFileSync(lastSegment(world.directory), join(journalOf(world.directory), name));
      for (let start = 0; start < 2; start += 1) await (await openTexts(world.directory)).journal.close();
      expect(await reread(world.directory)).toEqual({ texts: { a: 'text' }, logged: [] });
    },
  );

  it('says so when all segments are empty', async () => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 1_000 });
    for (let index = 0; index < 4; index += 1) await put(world, { [`key ${index}`]: 'x'.repeat(1_000) });
    await world.journal.close();
    for (const name of segmentsOf(world.directory)) truncateSync(join(journalOf(world.directory), name), 0);
    const { logged } = await reread(world.directory);
    expect(logged).toEqual([expect.stringMatching(/^error Segment 4 of the journal is missing, or empty/)]);
  });

  it.each([true, false])(
    'misses no segment that compaction removed, at any moment (fsync: %s)',
    async (fsync) => {
      const world = await openTexts(temporaryDirectory(), { segmentBytes: 200, fsync });
      const copies: string[] = [];
      world.layer.fault = ({ kind }) => {
        if (kind === 'unlink') copies.push(copyOf(world.directory));
        return undefined;
      };
      for (let round = 0; copies.length < 5; round += 1) await put(world, { key: `text ${round}` });
      await world.journal.close();
      copies.push(world.directory);
      for (const copy of copies) expect((await reread(copy)).logged.join()).not.toContain('is missing');
    },
  );

  it('misses nothing after a first start that failed', async () => {
    const layer = new WatchedLayer();
    const directory = temporaryDirectory();
    layer.fault = ({ kind, name }) => {
      if (kind === 'write' && name.endsWith('.log')) throw diskError('ENOSPC');
      return undefined;
    };
    await expect(openTexts(directory, { layer })).rejects.toMatchObject({ cause: { code: 'ENOSPC' } });
    expect((await reread(directory)).logged).toEqual([]);
  });

  it.each(['9999999999999999', '9007199254740991'])(
    'does not count on from an epoch of %s',
    async (epoch) => {
      const directory = temporaryDirectory();
      await (await openTexts(directory)).journal.close();
      writeFileSync(join(journalOf(directory), 'epoch'), `${epoch}\n`);
      const world = await openTexts(directory);
      await put(world, { key: 'text' });
      await world.journal.close();
      expect((await reread(directory)).texts).toEqual({ key: 'text' });
      expect(world.journal.epoch).toBe(2);
    },
  );

  it('refuses the format of a newer version', async () => {
    const world = await openTexts(temporaryDirectory());
    await world.journal.close();
    writeFileSync(
      join(journalOf(world.directory), '00000002.log'),
      lines({ journal: 2, segment: 2, epoch: 2, sequence: 0 }),
    );
    const error: unknown = await openTexts(world.directory).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'store_failed',
      message: expect.stringMatching(
        /00000002.log was written by a newer version of Posthorn \(format 2/,
      ) as string,
    });
  });

  it('gives no sequence number away twice', async () => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 1 });
    for (let index = 0; index < 9; index += 1) await put(world, { key: `text ${index}` });
    await put(world, { key: undefined });
    await world.journal.close();
    const next = await openTexts(world.directory);
    expect(next.texts.sequence).toBeGreaterThanOrEqual(9);
    await next.journal.close();
  });
});

describe('journal: failures', () => {
  it.each(['ENOSPC', 'EIO'] as const)('refuses calls after %s, and keeps nothing of them', async (code) => {
    const world = await openTexts(temporaryDirectory());
    await put(world, { a: 'stored' });
    world.layer.fault = ({ kind, name }, bytes) => {
      if (kind !== 'write' || !name.endsWith('.log')) return undefined;
      // Half of it first: the rest is what does not fit.
      if (bytes > 30) return 30;
      throw diskError(code);
    };
    const error: unknown = await put(world, { a: 'lost', b: 'lost' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'StoreError', code: 'store_failed', cause: { code } });
    await expect(world.journal.flushed()).rejects.toBe(error);
    expect(await reread(world.directory)).toEqual({ texts: { a: 'stored' }, logged: [] });
    const resumption = await world.journal.abandon();
    await expect(openTexts(world.directory, { layer: world.layer }, resumption)).rejects.toMatchObject({
      cause: { code },
    });
    world.layer.fault = () => undefined;
    const next = await openTexts(world.directory, { layer: world.layer }, resumption);
    expect(next.texts.read()).toEqual({ a: 'stored' });
    await put(next, { c: 'stored' });
    expect(await reread(world.directory)).toEqual({ texts: { a: 'stored', c: 'stored' }, logged: [] });
    await next.journal.close();
  });

  it('does not trust a segment whose fdatasync failed, even when it cannot be cut off', async () => {
    const world = await openTexts(temporaryDirectory());
    await put(world, { a: 'stored' });
    world.layer.fault = ({ kind, name }) => {
      if ((kind === 'dataSync' || kind === 'truncate') && name === '00000001.log') throw diskError('EIO');
      return undefined;
    };
    await expect(put(world, { a: 'unsure' })).rejects.toMatchObject({ cause: { code: 'EIO' } });
    const next = await resume(world);
    expect(next.texts.read()).toEqual({ a: 'stored' });
    await put(next, { b: 'stored' });
    expect(segmentsOf(world.directory)).toEqual(['00000001.log', '00000002.log']);
    expect(await reread(world.directory)).toEqual({ texts: { a: 'stored', b: 'stored' }, logged: [] });
    await next.journal.close();
  });

  it('goes on after a segment could not be begun', async () => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 1 });
    world.layer.fault = ({ kind, name }) => {
      if (kind === 'dataSync' && name === '00000002.log') throw diskError('EIO');
      return undefined;
    };
    await expect(put(world, { a: 'lost' })).rejects.toMatchObject({ cause: { code: 'EIO' } });
    world.layer.fault = () => undefined;
    const next = await resume(world);
    await put(next, { b: 'stored' });
    expect(await reread(world.directory)).toEqual({ texts: { b: 'stored' }, logged: [] });
    await next.journal.close();
  });

  it('cuts off what was written in part before it says so', async () => {
    const layer = new WatchedLayer();
    const directory = temporaryDirectory();
    const sizes: number[] = [];
    const error = (): void => void sizes.push(readFileSync(lastSegment(directory)).length);
    const world = await openTexts(directory, { layer, log: { warn: error, error } });
    await put(world, { a: 'stored' });
    const { length } = readFileSync(lastSegment(directory));
    layer.fault = ({ kind }) => {
      if (kind === 'dataSync') throw diskError('EIO');
      return undefined;
    };
    await expect(put(world, { a: 'lost' })).rejects.toMatchObject({ cause: { code: 'EIO' } });
    await world.journal.close();
    expect(sizes).toEqual([length]);
  });

  it('refuses all who wait, those of the next flush too', async () => {
    const world = await openTexts(temporaryDirectory());
    const { journal, texts, layer } = world;
    layer.fault = ({ kind }) => {
      if (kind === 'dataSync') throw diskError('EIO');
      return undefined;
    };
    texts.set('a', 'text');
    const first = journal.flushed();
    await Promise.resolve();
    await Promise.resolve();
    texts.set('b', 'text');
    const second = journal.flushed();
    const results = await Promise.allSettled([first, second]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await (await journal.abandon()).epochFile.close();
  });
});

describe('journal: epoch', () => {
  it('confirms nothing of an owner that another one followed', async () => {
    const directory = temporaryDirectory();
    const first = await openTexts(directory);
    await put(first, { a: 'first' });
    const second = await openTexts(directory);
    const error: unknown = await put(first, { a: 'late' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'store_owner_lost',
      message: expect.stringContaining('taken over by another process') as string,
    });
    await put(second, { b: 'second' });
    expect((await reread(directory)).texts).toEqual({ a: 'first', b: 'second' });
    await second.journal.close();
    await first.journal.close();
  });

  it('counts nothing of an owner that was followed while it began a segment', async () => {
    const directory = temporaryDirectory();
    const created = gate();
    const isRefused = gate();
    const late = new WatchedLayer();
    const first = await openTexts(directory, { layer: late, segmentBytes: 1 });
    await put(first, { a: 'first' });
    const open = late.open.bind(late);
    late.open = async (path, how) => {
      if (how === 'create') await created.opened;
      return open(path, how);
    };
    const refused = put(first, { a: 'late', b: 'late' }).catch((thrown: unknown) => thrown);
    void refused.then(isRefused.open);
    const next = new WatchedLayer();
    const list = next.list.bind(next);
    let lists = 0;
    next.list = async (path) => {
      lists += 1;
      // It has read what is there, and is about to begin its own segment.
      if (lists === 3) {
        created.open();
        await isRefused.opened;
      }
      return list(path);
    };
    const second = await openTexts(directory, { layer: next });
    expect(await refused).toMatchObject({ code: 'store_owner_lost' });
    await put(second, { c: 'second' });
    await second.journal.close();
    await first.journal.close();
    expect(await reread(directory)).toEqual({ texts: { a: 'first', c: 'second' }, logged: [] });
  });

  it('confirms nothing when it is followed while it writes', async () => {
    const directory = temporaryDirectory();
    const layer = new WatchedLayer();
    const first = await openTexts(directory, { layer });
    let second: Promise<JournalWorld> | undefined;
    layer.fault = ({ kind }) => {
      if (kind === 'dataSync') second ??= openTexts(directory);
      return undefined;
    };
    first.texts.set('a', 'text');
    const late = first.journal.flushed();
    await expect.poll(() => second).toBeDefined();
    const outcome = await late.then(
      () => 'confirmed',
      () => 'refused',
    );
    const world = await second!;
    // Either its successor saw it, or it was not confirmed.
    expect(outcome === 'refused' || world.texts.read()['a'] === 'text').toBe(true);
    await world.journal.close();
    await first.journal.close();
  });

  it('raises it even when its file is lost', async () => {
    const directory = temporaryDirectory();
    for (let start = 0; start < 3; start += 1) await (await openTexts(directory)).journal.close();
    rmSync(join(journalOf(directory), 'epoch'));
    await (await openTexts(directory)).journal.close();
    expect(readFileSync(lastSegment(directory), 'utf8')).toContain('"epoch":4');
  });
});

describe('journal: compaction', () => {
  it('removes a segment as soon as nothing in it is of use', async () => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 200 });
    for (let round = 0; round < 200; round += 1) await put(world, { key: `text ${round}` });
    await expect.poll(() => world.journal.usage.segments).toBeLessThanOrEqual(2);
    expect((await reread(world.directory)).texts).toEqual({ key: 'text 199' });
    await world.journal.close();
  });

  it('keeps the disk bounded when something old stays for ever', async () => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 2_000 });
    await put(world, { old: 'x'.repeat(500) });
    const forever: Record<string, string> = { old: 'x'.repeat(500) };
    for (let round = 0; round < 500; round += 1) {
      if (round % 50 === 0) {
        forever[`kept ${round}`] = `text ${round}`;
        await put(world, { [`kept ${round}`]: `text ${round}` });
      }
      await put(world, { [`key ${round % 7}`]: `text ${round}`, [`key ${(round + 3) % 7}`]: undefined });
      const { bytes, liveBytes } = world.journal.usage;
      expect(bytes).toBeLessThan(2 * liveBytes + 12_000);
    }
    const { texts, logged } = await reread(world.directory);
    expect(texts).toMatchObject(forever);
    expect(texts).toEqual(world.texts.read());
    expect(logged).toEqual([]);
    await world.journal.close();
  });

  it('does not gather a file for each start', async () => {
    const directory = temporaryDirectory();
    const first = await openTexts(directory);
    await put(first, { kept: 'text' });
    await first.journal.close();
    for (let start = 0; start < 30; start += 1) {
      const world = await openTexts(directory);
      await put(world, { [`key ${start}`]: 'text' });
      await world.journal.close();
    }
    const last = await openTexts(directory);
    await put(last, { key: 'text' });
    await expect.poll(() => segmentsOf(directory).length).toBeLessThan(12);
    expect(Object.keys((await reread(directory)).texts)).toHaveLength(32);
    await last.journal.close();
  });

  it('keeps what it knows of rows whose lines were damaged meanwhile', async () => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 500 });
    await put(world, { old: 'x'.repeat(600) });
    const { offset } = world.texts.place('old')!;
    const file = join(journalOf(world.directory), '00000001.log');
    const bytes = readFileSync(file);
    bytes[offset + 20]! ^= 1;
    writeFileSync(file, bytes);
    for (let round = 0; round < 200; round += 1) await put(world, { key: `text ${round}` });
    await expect.poll(() => segmentsOf(world.directory)).not.toContain('00000001.log');
    expect(world.logged.join()).toMatch(/error The journal is damaged/);
    expect((await reread(world.directory)).texts).toMatchObject({ old: 'x'.repeat(600) });
    await world.journal.close();
  });

  it('loses only room when it cannot remove a file', async () => {
    const world = await openTexts(temporaryDirectory(), { segmentBytes: 200 });
    world.layer.fault = ({ kind }) => {
      if (kind === 'unlink') throw diskError('EIO');
      return undefined;
    };
    for (let round = 0; round < 20; round += 1) await put(world, { key: `text ${round}` });
    expect(world.logged.join()).toMatch(/warn Cannot compact the journal/);
    world.layer.fault = () => undefined;
    await put(world, { key: 'last' });
    await expect.poll(() => world.journal.usage.segments).toBeLessThanOrEqual(2);
    await world.journal.close();
  });
});

/** Lines as a journal writes them. */
function lines(...records: object[]): Buffer {
  return Buffer.concat(
    records.map((record) => {
      const json = Buffer.from(JSON.stringify(record));
      const line = Buffer.alloc(json.length + 10);
      json.copy(line, 9);
      sealLine(line, 0, json.length);
      return line;
    }),
  );
}
