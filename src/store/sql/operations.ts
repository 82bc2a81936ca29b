import type { Operation } from './operation.ts';
import { getSetting, putSetting } from './operations/settings.ts';

/** All operations by name: a name is all that another thread needs. */
export const OPERATIONS = {
  getSetting,
  putSetting,
} as const satisfies Readonly<Record<string, Operation<never, unknown>>>;

export type OperationName = keyof typeof OPERATIONS;
export type ParamsOf<N extends OperationName> =
  (typeof OPERATIONS)[N] extends Operation<infer P, unknown> ? P : never;
export type ResultOf<N extends OperationName> =
  (typeof OPERATIONS)[N] extends Operation<never, infer R> ? R : never;
