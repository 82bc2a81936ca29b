import type { Operation } from './operation.ts';
import { append } from './operations/append.ts';
import { claimFanOut } from './operations/claim-fan-out.ts';
import { claimDue } from './operations/claim.ts';
import { completeFanOut } from './operations/complete-fan-out.ts';
import { release } from './operations/release.ts';
import { renew } from './operations/renew.ts';
import { settle } from './operations/settle.ts';
import { getSetting, putSetting } from './operations/settings.ts';

/** All operations by name: a name is all that another thread needs. */
export const OPERATIONS = {
  append,
  claimFanOut,
  completeFanOut,
  claimDue,
  settle,
  renew,
  release,
  getSetting,
  putSetting,
} as const satisfies Readonly<Record<string, Operation<never, unknown>>>;

export type OperationName = keyof typeof OPERATIONS;
export type ParamsOf<N extends OperationName> =
  (typeof OPERATIONS)[N] extends Operation<infer P, unknown> ? P : never;
export type ResultOf<N extends OperationName> =
  (typeof OPERATIONS)[N] extends Operation<never, infer R> ? R : never;
