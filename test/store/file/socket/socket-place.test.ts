import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSystemRandom } from '../../../../src/clock.ts';
import { findSocketPlace, type SocketPlace } from '../../../../src/store/file/socket/socket-place.ts';

const MAX_BYTES = process.platform === 'linux' ? 107 : 103;
const random = createSystemRandom();
const folders: string[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder of its own that is also the temporary directory of the places found in it. */
function root(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'posthorn-place-')));
  folders.push(dir);
  mkdirSync(join(dir, 'tmp'));
  vi.stubEnv('TMPDIR', join(dir, 'tmp'));
  return dir;
}

/** A folder whose socket would have a path of so many bytes. */
function folderFor(bytes: number, parent: string): string {
  const rest = bytes - Buffer.byteLength(join(parent, '/control.sock')) - 1;
  return join(parent, 'ä'.repeat(rest >> 1) + 'x'.repeat(rest & 1));
}

const place = (dir: string): Promise<SocketPlace> => findSocketPlace(dir, random);

describe('findSocketPlace', () => {
  it('makes the folder, for its user alone, and puts the socket into it', async () => {
    const dir = join(root(), 'a', 'b');
    expect(await place(dir)).toEqual({ dir, folder: dir, path: join(dir, 'control.sock') });
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('counts the bytes of the path, to the last one that fits', async () => {
    const parent = root();
    const fits = folderFor(MAX_BYTES, parent);
    expect((await place(fits)).folder).toBe(fits);
    expect(readdirSync(fits)).toEqual([]);
    const deep = folderFor(MAX_BYTES + 1, parent);
    expect((await place(deep)).folder).not.toBe(deep);
  });

  it('puts the socket of a deep folder into a private one, and writes down where', async () => {
    const parent = root();
    const deep = folderFor(150, parent);
    const { dir, folder, path } = await place(deep);
    expect(dir).toBe(deep);
    expect(folder.startsWith(join(parent, 'tmp', 'posthorn-'))).toBe(true);
    expect(dirname(path)).toBe(folder);
    for (const one of [folder, dirname(folder)]) expect(statSync(one).mode & 0o777).toBe(0o700);
    expect(readdirSync(deep)).toEqual(['control.sock.path']);
    expect(readFileSync(join(deep, 'control.sock.path'), 'utf8')).toBe(`${path}\n`);
  });

  it('finds it with another temporary directory, and after everything in there was removed', async () => {
    const parent = root();
    const deep = folderFor(150, parent);
    const first = await place(deep);
    vi.stubEnv('TMPDIR', parent);
    expect(await place(deep)).toEqual(first);
    rmSync(dirname(first.folder), { recursive: true });
    expect(await place(deep)).toEqual(first);
    expect(statSync(first.folder).mode & 0o777).toBe(0o700);
  });

  it('agrees on one place with all that ask at once', async () => {
    const parent = root();
    const deep = folderFor(150, parent);
    const asked = Array.from({ length: 20 }, (_, index) => {
      const temporary = join(parent, `tmp${index}`);
      mkdirSync(temporary);
      vi.stubEnv('TMPDIR', temporary);
      return place(deep);
    });
    expect(new Set((await Promise.all(asked)).map(({ path }) => path)).size).toBe(1);
    expect(readdirSync(deep)).toEqual(['control.sock.path']);
  });

  it('gives a copy of a folder a place of its own', async () => {
    const parent = root();
    const deep = folderFor(150, parent);
    const first = await place(deep);
    const copy = `${deep}-copy`;
    cpSync(deep, copy, { recursive: true });
    const second = await place(copy);
    expect(second.path).not.toBe(first.path);
    expect(readFileSync(join(copy, 'control.sock.path'), 'utf8')).toBe(`${second.path}\n`);
  });

  it('refuses a folder in the temporary directory that others can reach into', async () => {
    const deep = folderFor(150, root());
    const { folder } = await place(deep);
    chmodSync(folder, 0o755);
    await expect(place(deep)).rejects.toMatchObject({ code: 'store_failed' });
    await expect(place(deep)).rejects.toThrow(`${folder} is not private to this user`);
  });

  it('says so when the temporary directory is too deep itself', async () => {
    const parent = root();
    const deep = folderFor(150, parent);
    mkdirSync(deep);
    vi.stubEnv('TMPDIR', deep);
    await expect(place(deep)).rejects.toThrow('TMPDIR');
  });

  it('names the folder that cannot be made', async () => {
    const parent = root();
    writeFileSync(join(parent, 'file'), '');
    await expect(place(join(parent, 'file', 'x'))).rejects.toMatchObject({
      code: 'store_failed',
      cause: { code: 'ENOTDIR' },
    });
  });
});
