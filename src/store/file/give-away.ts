import { lchownSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Whose a file is. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Gives a file that was just created away. Only root may; others keep what they have written. */
export async function giveTo(handle: FileHandle, owner: Owner): Promise<void> {
  await handle.chown(owner.uid, owner.gid).catch(() => undefined);
}

/** The same to the owner of its folder, so that a command that root ran locks nobody out. */
export async function giveToFolder(handle: FileHandle, path: string): Promise<void> {
  if (process.getuid?.() === 0) await giveTo(handle, await stat(dirname(path)));
}

/** The same for a socket. */
export function giveSocketToFolder(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  lchownSync(path, uid, gid);
}
