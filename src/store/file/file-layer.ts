import { fstatSync, readSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, unlink } from 'node:fs/promises';
import { giveToFolder } from './give-away.ts';
import { makeFolder } from './make-folder.ts';
import { syncFolder } from './sync-folder.ts';

/** One open file. Positions and lengths are in bytes. */
export interface OpenFile {
  /** Writes at a position; may write less than it was given, and says how much. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Reads from a position until `into` is full or the file ends; says how much. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** The same within this call: for a few bytes that are in memory anyway, since a turn of another thread costs many times as much. */
  peek(into: Uint8Array, position: number): number;
  /** Resolves when everything written before is on the disk. */
  dataSync(): Promise<void>;
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  /** False once it was removed, moved or replaced: what is written from then on is lost. Asked of the system within this call. */
  isAt(path: string): boolean;
  /** Waits for what is under way, then closes. */
  close(): Promise<void>;
}

/**
 * All that the journal asks of the file system, so that tests can record it and let it fail. Errors are those of
 * `node:fs`.
 */
export interface FileLayer {
  /** Opens a file for reading and writing. `create`: fails when there is one. */
  open(path: string, how: 'create' | 'existing' | 'either'): Promise<OpenFile>;
  /** Creates a folder, and those above it. Returns the topmost one that was created. */
  makeDirectory(path: string): Promise<string | undefined>;
  /** Names in a folder. */
  list(directory: string): Promise<string[]>;
  unlink(path: string): Promise<void>;
  /** Resolves when the names in a folder are on the disk. */
  syncDirectory(path: string): Promise<void>;
}

/** Who may read what lies in the folder: it holds the data of messages. */
const FILE_MODE = 0o600;

const NEW = 'wx+';
const EXISTING = 'r+';

/** The file system of Node.js. */
export const nodeFileLayer: FileLayer = {
  async open(path, how) {
    if (how === 'existing') return new NodeFile(await open(path, EXISTING));
    try {
      const handle = await open(path, NEW, FILE_MODE);
      await giveToFolder(handle, path);
      return new NodeFile(handle);
    } catch (error) {
      if (how === 'create' || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return new NodeFile(await open(path, EXISTING));
    }
  },
  makeDirectory: makeFolder,
  list: async (directory) => readdir(directory),
  unlink: async (path) => unlink(path),
  syncDirectory: syncFolder,
};

class NodeFile implements OpenFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.length, position)).bytesWritten;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let total = 0;
    while (total < into.length) {
      const { bytesRead } = await this.#handle.read(into, total, into.length - total, position + total);
      if (bytesRead === 0) break;
      total += bytesRead;
    }
    return total;
  }

  peek(into: Uint8Array, position: number): number {
    return readSync(this.#handle.fd, into, 0, into.length, position);
  }

  dataSync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  isAt(path: string): boolean {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    const own = fstatSync(this.#handle.fd, { bigint: true });
    return found !== undefined && found.ino === own.ino && found.dev === own.dev;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
