/** What was written is on the disk when a call resolves: the bytes before they get their name, the name before anybody is told. */
import { readlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Disk, nodeDisk } from '../../../../src/store/file/endpoints-file/node-disk.ts';
import { FileWorld, record } from './file-world.ts';

const KINDS = ['writeFile', 'datasync', 'sync'] as const;

interface Recording {
  /** What was done, in order, each after it was done. */
  readonly operations: string[];
  readonly disk: Disk;
}

/** Records all that files and folders are asked for from now on. */
async function recordDisk(): Promise<Recording> {
  const operations: string[] = [];
  const handle = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  for (const kind of KINDS) {
    const real = prototype[kind] as (...args: unknown[]) => Promise<void>;
    const spy = vi.spyOn(prototype, kind).mockImplementation(async function (
      this: FileHandle,
      ...args: unknown[]
    ) {
      await real.apply(this, args);
      operations.push(`${kind} ${nameOf(readlinkSync(`/proc/self/fd/${this.fd}`))}`);
    });
    onTestFinished(() => spy.mockRestore());
  }
  return {
    operations,
    disk: {
      ...nodeDisk,
      replace(temporary, path, check) {
        const isReplaced = nodeDisk.replace(temporary, path, check);
        if (isReplaced) operations.push(`replace ${nameOf(path)}`);
        return isReplaced;
      },
    },
  };
}

/** Tokens and names of temporary folders are random. */
function nameOf(path: string): string {
  const name = basename(path);
  return name.endsWith('.tmp') ? 'temporary' : name.startsWith('posthorn-') ? 'folder' : name;
}

const DURABLE = ['writeFile temporary', 'datasync temporary', 'replace endpoints.json', 'sync folder'];

describe('the file of endpoints', () => {
  it('is on the disk before it has its name, and its name before a put resolves', async () => {
    await using world = new FileWorld();
    const { operations, disk } = await recordDisk();
    const file = await world.open({ disk });
    operations.length = 0;
    await file.put({ record: record({ id: 'a' }), expectedRevision: 0 });
    expect(operations).toEqual(DURABLE);
    operations.length = 0;
    await file.remove('a');
    expect(operations).toEqual(DURABLE);
  });
});
