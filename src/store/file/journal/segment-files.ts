import type { OpenFile } from '../file-layer.ts';
import type { JournalOptions } from './journal-options.ts';
import { segmentNumber } from './segment.ts';

/** Writes all bytes, however few the file takes at a time. */
export async function writeAll(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const count = await file.write(bytes.subarray(done), position + done);
    if (count === 0) throw new Error('The file takes no more bytes.');
    done += count;
  }
}

/** `undefined` when an owner that was followed has just removed the file, as one of no use. */
export async function openUnlessGone({ layer }: JournalOptions, path: string): Promise<OpenFile | undefined> {
  return unlessGone(layer.open(path, 'existing'));
}

/** Removes a file of no use. An owner that was followed may have done so. */
export async function unlinkUnlessGone({ layer }: JournalOptions, path: string): Promise<void> {
  await unlessGone(layer.unlink(path));
}

async function unlessGone<Result>(done: Promise<Result>): Promise<Result | undefined> {
  try {
    return await done;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Numbers of the segments in the folder, in order. */
export async function listSegments({ layer, directory }: JournalOptions): Promise<number[]> {
  const numbers = (await layer.list(directory)).map(segmentNumber);
  return numbers.filter((number) => number !== undefined).sort((a, b) => a - b);
}
