/** What data may be, now that bytes as a whole are data too. */
import { describe, expect, it } from 'vitest';
import { PayloadError } from 'posthorn';
import { createHarness } from 'posthorn/testing';

describe('data that JSON would change in silence is refused', () => {
  it.each<[what: string, data: unknown, path: string]>([
    ['a DataView, which JSON empties to {}', new DataView(new ArrayBuffer(2)), 'data'],
    ['a DataView inside', { view: new DataView(new ArrayBuffer(2)) }, 'data.view'],
    [
      'bytes inside, which JSON makes an object of numbered members',
      { file: Uint8Array.of(1, 2) },
      'data.file',
    ],
    ['a list of numbers that is no list to JSON', { list: Float64Array.of(0.5) }, 'data.list'],
    ['an ArrayBuffer', { buffer: new ArrayBuffer(1) }, 'data.buffer'],
  ])('%s', async (_, data, path) => {
    await using harness = await createHarness();
    const refused = harness.dispatcher.emit('file.ready', data);
    await expect(refused).rejects.toThrow(PayloadError);
    await expect(refused).rejects.toMatchObject({ path });
    expect((await harness.dispatcher.messages.list()).items).toEqual([]);
  });
});
