import type { Operation } from './operation.ts';
import { append } from './operations/append.ts';
import { pruneChanges, readChanges } from './operations/changes.ts';
import { claimFanOut } from './operations/claim-fan-out.ts';
import { claimDue } from './operations/claim.ts';
import { completeFanOut } from './operations/complete-fan-out.ts';
import { findExpired } from './operations/find-expired.ts';
import { getLane } from './operations/get-lane.ts';
import { listRecords } from './operations/list-records.ts';
import { pruneCounts } from './operations/prune-counts.ts';
import { pruneHiddenEndpoints } from './operations/prune-hidden-endpoints.ts';
import { pruneLanes } from './operations/prune-lanes.ts';
import { putEndpoint } from './operations/put-endpoint.ts';
import { putLane } from './operations/put-lane.ts';
import { getEndpoint, listEndpoints } from './operations/read-endpoints.ts';
import { readDataVersion } from './operations/read-data-version.ts';
import { readNow } from './operations/read-now.ts';
import { getDelivery, getMessage } from './operations/read-records.ts';
import { readStats } from './operations/read-stats.ts';
import { release } from './operations/release.ts';
import { removeEndpoint } from './operations/remove-endpoint.ts';
import { removeMessages } from './operations/remove-messages.ts';
import { renew } from './operations/renew.ts';
import { reschedule } from './operations/reschedule.ts';
import { getSetting, putSetting } from './operations/settings.ts';
import { settle } from './operations/settle.ts';

/** All operations by name: a name is all that another thread needs. */
export const OPERATIONS = {
  append,
  claimFanOut,
  completeFanOut,
  claimDue,
  settle,
  renew,
  release,
  putEndpoint,
  getEndpoint,
  listEndpoints,
  removeEndpoint,
  getLane,
  putLane,
  getMessage,
  getDelivery,
  listRecords,
  reschedule,
  readStats,
  findExpired,
  removeMessages,
  pruneHiddenEndpoints,
  pruneLanes,
  pruneCounts,
  pruneChanges,
  readChanges,
  readDataVersion,
  readNow,
  getSetting,
  putSetting,
} as const satisfies Readonly<Record<string, Operation<never, unknown>>>;

export type OperationName = keyof typeof OPERATIONS;
export type ParamsOf<N extends OperationName> =
  (typeof OPERATIONS)[N] extends Operation<infer P, unknown> ? P : never;
export type ResultOf<N extends OperationName> =
  (typeof OPERATIONS)[N] extends Operation<never, infer R> ? R : never;
