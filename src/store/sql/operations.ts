import type { Operation } from './operation.ts';
import { append } from './operations/append.ts';
import { pruneChanges, readChanges } from './operations/changes.ts';
import { claimFanOut } from './operations/claim-fan-out.ts';
import { claimDue } from './operations/claim.ts';
import { completeFanOut } from './operations/complete-fan-out.ts';
import { findExpired } from './operations/find-expired.ts';
import { getLane } from './operations/get-lane.ts';
import { pruneCounts } from './operations/prune-counts.ts';
import { pruneHiddenEndpoints } from './operations/prune-hidden-endpoints.ts';
import { pruneLanes } from './operations/prune-lanes.ts';
import { putEndpoint } from './operations/put-endpoint.ts';
import { putLane } from './operations/put-lane.ts';
import { getEndpoint, listEndpoints } from './operations/read-endpoints.ts';
import { readDataVersion } from './operations/read-data-version.ts';
import { readNow } from './operations/read-now.ts';
import { getDelivery, getMessage } from './operations/read-records.ts';
import { release } from './operations/release.ts';
import { removeEndpoint } from './operations/remove-endpoint.ts';
import { removeMessages } from './operations/remove-messages.ts';
import { renew } from './operations/renew.ts';
import { getSetting, putSetting } from './operations/settings.ts';
import { settle } from './operations/settle.ts';

/** The operations that deliveries go through, and small ones, by name: a name is all that another thread needs. */
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

type BuiltOperations = typeof import('./built-operations.ts').BUILT_OPERATIONS;
type AllOperations = typeof OPERATIONS & BuiltOperations;

export type OperationName = keyof AllOperations;
export type ParamsOf<N extends OperationName> =
  AllOperations[N] extends Operation<infer P, unknown> ? P : never;
export type ResultOf<N extends OperationName> =
  AllOperations[N] extends Operation<never, infer R> ? R : never;

/** An operation of which only the name is known. */
export type AnyOperation = Operation<unknown, unknown>;

let built: BuiltOperations | undefined;
let building: Promise<void> | undefined;

/** An operation by its name: at once, except for one that has to be loaded. */
export function findOperation(name: OperationName): AnyOperation | Promise<AnyOperation> {
  if (name in OPERATIONS) return OPERATIONS[name as keyof typeof OPERATIONS] as unknown as AnyOperation;
  const known = (): AnyOperation => built![name as keyof BuiltOperations] as unknown as AnyOperation;
  return built === undefined ? loadBuilt().then(known) : known();
}

/** Resolves when no operation is being loaded: those that waited for one have begun. */
export async function whenLoaded(): Promise<void> {
  await building?.catch(() => undefined);
}

function loadBuilt(): Promise<void> {
  building ??= import('./built-operations.ts').then(
    ({ BUILT_OPERATIONS }) => void (built = BUILT_OPERATIONS),
    (error: unknown) => {
      // Such as too many open files: the next call tries again.
      building = undefined;
      throw error;
    },
  );
  return building;
}
