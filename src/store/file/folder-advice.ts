const REFUSED = ['EACCES', 'EPERM'];

/** What to do when the system refuses a folder, or a file in it. */
export function folderAdvice(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (REFUSED.includes(code))
    return 'Give the user of this process the permission to read, write and search it, or choose another folder.';
  if (code === 'EROFS') return 'Mount its file system for writing, or choose another folder.';
  if (code === 'EEXIST' || code === 'ENOTDIR')
    return 'There is a file where a folder must be: move it, or choose another folder.';
  if (isFull(cause)) return 'The disk is full: free some space.';
  return 'The file store needs a folder of its own on a local disk.';
}

/** True when there is no room on the disk, or for this user. */
export function isFull(cause: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException).code ?? '');
}
