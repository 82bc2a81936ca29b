import { dirname } from 'node:path';
import { describeError, StoreError } from '../../../errors.ts';

const REFUSED = ['EACCES', 'EPERM', 'EROFS'];
const FULL = ['ENOSPC', 'EDQUOT'];

/** The error for trouble with the file, and what to do about it. */
export function diskError(action: 'read' | 'write', file: string, cause: unknown): StoreError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const start = `Cannot ${action} ${file}`;
  if (FULL.includes(code))
    return new StoreError(`${start}: the disk is full (${code}). Free some space; it is tried again.`, {
      cause,
      code: 'store_full',
    });
  if (REFUSED.includes(code))
    return new StoreError(`${start}: it is not allowed (${code}). ${adviceFor(action, file)}`, { cause });
  if (code === 'EISDIR')
    return new StoreError(`${start}: it is a folder. Move it away, or choose another name.`, { cause });
  return new StoreError(`${start}: ${describeError(cause)}`, { cause });
}

function adviceFor(action: 'read' | 'write', file: string): string {
  if (action === 'read') return 'Give the user of this process the permission to read it.';
  return (
    `Give the user of this process the permission to write in the folder ${dirname(file)}: the file is replaced as a whole, ` +
    'so permission on the file alone is not enough. A read-only file system must be mounted for writing.'
  );
}
