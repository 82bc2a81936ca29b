import type { Operation } from './operation.ts';
import { listRecords } from './operations/list-records.ts';
import { readStats } from './operations/read-stats.ts';
import { reschedule } from './operations/reschedule.ts';

/** Operations whose statements are built for their parameters. A process that only delivers may never need them, nor what builds them. */
export const BUILT_OPERATIONS = { listRecords, reschedule, readStats } as const satisfies Readonly<
  Record<string, Operation<never, unknown>>
>;
