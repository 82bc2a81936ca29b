/** The real file system, watched and disturbed: what a disk does wrong cannot be had on demand otherwise. */
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type FileLayer, nodeFileLayer, type OpenFile } from '../../../src/store/file/file-layer.ts';

/** A folder that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'posthorn-file-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** What is in a folder now, as a crash would leave it. */
export function copyOf(directory: string): string {
  const copy = temporaryDirectory();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

/** One operation of a file layer, after it was done. */
export interface Operation {
  readonly kind: 'open' | 'write' | 'dataSync' | 'truncate' | 'unlink' | 'syncDirectory';
  readonly name: string;
  /** Of writes: behind the last byte. */
  readonly end?: number;
}

/** Decides whether an operation goes wrong: throws, or says how many bytes a write takes. */
export type Fault = (operation: Operation, bytes: number) => number | undefined;

/** Records operations, and lets them fail where `fault` says so. */
export class WatchedLayer implements FileLayer {
  readonly operations: Operation[] = [];
  fault: Fault = () => undefined;

  async open(path: string, how: 'create' | 'existing' | 'either'): Promise<OpenFile> {
    this.#run({ kind: 'open', name: basename(path) });
    const file = await nodeFileLayer.open(path, how);
    return this.#watch(file, basename(path));
  }

  makeDirectory(path: string): Promise<string | undefined> {
    return nodeFileLayer.makeDirectory(path);
  }

  list(directory: string): Promise<string[]> {
    return nodeFileLayer.list(directory);
  }

  async unlink(path: string): Promise<void> {
    this.#run({ kind: 'unlink', name: basename(path) });
    await nodeFileLayer.unlink(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#run({ kind: 'syncDirectory', name: basename(path) });
    await nodeFileLayer.syncDirectory(path);
  }

  #watch(file: OpenFile, name: string): OpenFile {
    return {
      write: async (bytes, position) => {
        const operation = { kind: 'write', name, end: position + bytes.length } as const;
        const taken = this.fault(operation, bytes.length) ?? bytes.length;
        const count = await file.write(bytes.subarray(0, taken), position);
        this.operations.push({ ...operation, end: position + count });
        return count;
      },
      read: (into, position) => file.read(into, position),
      peek: (into, position) => file.peek(into, position),
      dataSync: async () => {
        this.fault({ kind: 'dataSync', name }, 0);
        await file.dataSync();
        this.operations.push({ kind: 'dataSync', name });
      },
      truncate: async (length) => {
        this.#run({ kind: 'truncate', name });
        await file.truncate(length);
      },
      size: () => file.size(),
      isAt: (path) => file.isAt(path),
      close: () => file.close(),
    };
  }

  #run(operation: Operation): void {
    this.fault(operation, 0);
    this.operations.push(operation);
  }
}

/** A disk on which the files of a folder may have so many bytes. */
export function fullAt(directory: string, limit: number): Fault {
  const sizeOf = (name: string): number => statSync(join(directory, name)).size;
  return ({ kind, name, end }) => {
    if (kind !== 'write') return undefined;
    const used = readdirSync(directory).reduce((sum, one) => sum + sizeOf(one), 0);
    if (used + Math.max(0, end! - sizeOf(name)) > limit) throw diskError('ENOSPC');
    return undefined;
  };
}

/** The error of a file system. */
export function diskError(code: 'ENOSPC' | 'EIO'): Error {
  const text = code === 'ENOSPC' ? 'no space left on device' : 'i/o error';
  return Object.assign(new Error(`${code}: ${text}, write`), { code, syscall: 'write' });
}
