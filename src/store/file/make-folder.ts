import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './sync-folder.ts';

/** What is in it concerns its user alone. */
const MODE = 0o700;

/**
 * Creates a folder, and those above it. Returns the topmost one that was created.
 *
 * Not by `recursive`: with that Node.js tries for ever where a folder that is there takes no other one, as in `/proc`.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  try {
    return (await makeOne(path)) ? path : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const first = await makeFolder(dirname(path));
  return (await makeOne(path)) ? (first ?? path) : first;
}

/** The same; and the names of those that were created are on the disk. */
export async function makeDurableFolder(path: string): Promise<void> {
  const first = await makeFolder(path);
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** False when it is there already. */
async function makeOne(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: MODE });
    return true;
  } catch (error) {
    if (await isFolder(path)) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() === true;
}
