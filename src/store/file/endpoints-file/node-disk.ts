import type { Stats } from 'node:fs';
import { readFileSync, renameSync } from 'node:fs';
import { open, readdir, readFile, readlink, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { giveTo, giveToFolder } from '../give-away.ts';
import { makeDurableFolder } from '../make-folder.ts';
import { syncFolder } from '../sync-folder.ts';

/** All that the endpoints file asks of the file system, so that tests can step in between. Errors are those of `node:fs`. */
export interface Disk {
  /** The file that a path leads to, through symbolic links; it need not exist. */
  follow(path: string): Promise<string>;
  /** Its bytes; undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Changes whenever the file does, unless within one tick of the clock of the file system; undefined when there is none. */
  fingerprint(path: string): Promise<string | undefined>;
  /**
   * Writes a new file beside `path`, with the mode and the owner of the file at `path`, and 0600 where there is none. Its
   * bytes are on the disk when it resolves.
   */
  writeBeside(path: string, token: string, bytes: Uint8Array): Promise<string>;
  /**
   * Puts `temporary` in the place of `path`, if what is there now passes the check. No other code of this process runs
   * between the check and the change.
   */
  replace(temporary: string, path: string, check: (current: Uint8Array | undefined) => boolean): boolean;
  /** Resolves when the names in the folder of `path` are on the disk. */
  syncFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Removes what a process that was killed left beside `path`. */
  cleanUp(path: string): Promise<void>;
}

/** Secrets are in it. */
const NEW_FILE_MODE = 0o600;
const TEMPORARY_END = '.tmp';
/** As many symbolic links as Linux follows. */
const MAX_LINKS = 40;

/** The file system of Node.js. */
export const nodeDisk: Disk = {
  async follow(path) {
    let at = resolve(path);
    for (let links = 0; links < MAX_LINKS; links += 1) {
      const target = await readlink(at).catch(() => undefined);
      if (target === undefined) return at;
      at = resolve(dirname(at), target);
    }
    return at;
  },
  read: (path) => orUndefined(readFile(path)),
  async fingerprint(path) {
    const found = await orUndefined(stat(path, { bigint: true }));
    return found && [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
  },
  async writeBeside(path, token, bytes) {
    const like = await orUndefined(stat(path));
    const temporary = join(dirname(path), `${temporaryStart(path)}${token}${TEMPORARY_END}`);
    try {
      await writeNew(temporary, bytes, like);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      if (!isMissing(error)) throw error;
      await makeDurableFolder(dirname(path));
      await writeNew(temporary, bytes, like);
    }
    return temporary;
  },
  replace(temporary, path, check) {
    if (!check(readNow(path))) return false;
    renameSync(temporary, path);
    return true;
  },
  syncFolder: (path) => syncFolder(dirname(path)),
  remove: (path) => unlink(path),
  async cleanUp(path) {
    const names = (await orUndefined(readdir(dirname(path)))) ?? [];
    const left = names.filter(
      (name) => name.startsWith(temporaryStart(path)) && name.endsWith(TEMPORARY_END),
    );
    await Promise.all(left.map((name) => unlink(join(dirname(path), name))));
  },
};

async function writeNew(path: string, bytes: Uint8Array, like: Stats | undefined): Promise<void> {
  const handle = await open(path, 'wx', NEW_FILE_MODE);
  try {
    await handle.writeFile(bytes);
    await (like === undefined ? giveToFolder(handle, path) : giveTo(handle, like));
    if (like !== undefined) await handle.chmod(like.mode & 0o777);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function readNow(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function temporaryStart(path: string): string {
  return `.${basename(path)}.`;
}

async function orUndefined<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
