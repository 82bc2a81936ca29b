import { mkdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeDurableFolder, makeFolder } from '../../../src/store/file/make-folder.ts';
import { temporaryDirectory } from './file-layers.ts';

/** The folders that are synced from now on, in order. */
async function watchSyncs(): Promise<string[]> {
  const handle = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const synced: string[] = [];
  const { sync } = prototype;
  const spy = vi.spyOn(prototype, 'sync').mockImplementation(function (this: FileHandle) {
    synced.push(readlinkSync(`/proc/self/fd/${this.fd}`));
    return sync.call(this);
  });
  onTestFinished(() => spy.mockRestore());
  return synced;
}

describe('makeFolder', () => {
  it('makes a folder and those above it, for their user alone, and says which is the topmost', async () => {
    const top = join(temporaryDirectory(), 'a');
    const path = join(top, 'b', 'c');
    expect(await makeFolder(path)).toBe(top);
    for (let made = path; made.length >= top.length; made = dirname(made))
      expect(statSync(made).mode & 0o777).toBe(0o700);
    expect(await makeFolder(path)).toBeUndefined();
  });

  it('leaves a folder alone that is there, under whatever name', async () => {
    const directory = temporaryDirectory();
    symlinkSync(directory, `${directory}/link`);
    expect(await makeFolder(`${directory}/link`)).toBeUndefined();
    expect(await makeFolder('/')).toBeUndefined();
  });

  it('makes a folder that many want at once', async () => {
    const path = join(temporaryDirectory(), 'a', 'b');
    await Promise.all(Array.from({ length: 20 }, () => makeFolder(path)));
    expect(statSync(path).isDirectory()).toBe(true);
  });

  it.each([
    ['/proc/nope', 'ENOENT'],
    ['/proc/nope/deeper', 'ENOENT'],
    ['/dev/null/nope', 'ENOTDIR'],
  ])('fails where there can be none: %s', async (path, code) => {
    await expect(makeFolder(path)).rejects.toMatchObject({ code });
  });

  it('fails where something else is', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    await expect(makeFolder(join(directory, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe.runIf(process.platform === 'linux')('makeDurableFolder', () => {
  it('syncs the names of all that it made, and of nothing that was there', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'a'));
    const synced = await watchSyncs();
    await makeDurableFolder(join(directory, 'a', 'b', 'c'));
    expect(synced).toEqual([join(directory, 'a', 'b'), join(directory, 'a')]);
    await makeDurableFolder(join(directory, 'a', 'b', 'c'));
    expect(synced).toHaveLength(2);
  });
});
