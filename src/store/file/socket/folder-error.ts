import { describeError, StoreError } from '../../../errors.ts';
import { folderAdvice } from '../folder-advice.ts';

/** The error for a folder that cannot be used, and what to do about it. */
export function folderError(folder: string, cause: unknown): StoreError {
  return new StoreError(
    `Could not use the folder ${folder} for the file store: ${describeError(cause)}. ${folderAdvice(cause)}`,
    { cause },
  );
}
