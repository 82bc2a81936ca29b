import { StoreError } from '../../../errors.ts';

/** The error for a file that is in use and is not where others find it: what is written to it is lost with this process. */
export function lostFile(path: string): StoreError {
  return new StoreError(
    `The folder of the file store was removed while it was in use, or a file in it: ${path} is gone, or another file is in its ` +
      'place. Nothing more is stored by this process. Restore the folder from a backup if you have one, and restart the process.',
  );
}
