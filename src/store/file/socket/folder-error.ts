import { describeError, StoreError } from '../../../errors.ts';

const REFUSED = ['EACCES', 'EPERM'];

/** The error for a folder that cannot be used, and what to do about it. */
export function folderError(folder: string, cause: unknown): StoreError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return new StoreError(
    `Could not use the folder ${folder} for the file store: ${describeError(cause)}. ${adviceFor(code)}`,
    { cause },
  );
}

function adviceFor(code: string): string {
  if (REFUSED.includes(code))
    return 'Give the user of this process the permission to read, write and search it, or choose another folder.';
  if (code === 'EROFS') return 'Mount its file system for writing, or choose another folder.';
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'The disk is full: free some space.';
  return 'The file store needs a folder of its own on a local disk.';
}
