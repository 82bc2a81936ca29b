import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';

const selectDataVersion: TemplateText = () => 'pragma data_version';

/** SQLite: a number that is another one when another connection has committed something. */
export const readDataVersion: Operation<Readonly<Record<never, never>>, number> = {
  isTransaction: false,
  *script(db) {
    const [row] = yield* db.query<{ data_version: unknown }>(selectDataVersion);
    return Number(row?.data_version);
  },
};
