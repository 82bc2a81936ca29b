import type { Operation } from '../operation.ts';

/** Reads the time of the store. */
export const readNow: Operation<Readonly<Record<never, never>>, number> = {
  isTransaction: false,
  *script(db) {
    return yield* db.now();
  },
};
