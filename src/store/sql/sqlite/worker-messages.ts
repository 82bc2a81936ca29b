import { isPosthornError, StoreError } from '../../../errors.ts';
import type { OperationName } from '../operations.ts';
import type { TablePlace } from '../schema/schema.ts';
import type { Synchronous } from './open-sqlite.ts';
import type { SqliteDriverName } from './sqlite-driver.ts';

/** What the thread needs to begin. */
export interface WorkerStart {
  readonly path: string;
  readonly driver: SqliteDriverName | undefined;
  readonly synchronous: Synchronous;
  readonly place: TablePlace;
  readonly autoMigrate: boolean;
}

/** An operation to run. */
export interface WorkerCall {
  readonly id: number;
  readonly name: OperationName;
  readonly params: unknown;
  /** The clock instead of that of the database. */
  readonly now: number | undefined;
}

/** What the thread answers: with id 0, that it has begun, or why not. */
export type WorkerAnswer =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: WorkerError };

/** An error on its way between threads, which carry no classes. */
export interface WorkerError {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  /** What the driver threw. */
  readonly cause: unknown;
}

export function packError(error: unknown): WorkerError {
  const { name, message, stack, cause } = error instanceof Error ? error : new TypeError(String(error));
  const code = isPosthornError(error) ? error.code : undefined;
  const { code: causeCode } = (cause ?? {}) as { readonly code?: unknown };
  return {
    name,
    code,
    message,
    stack,
    cause:
      cause instanceof Error
        ? { name: cause.name, message: cause.message, code: String(causeCode) }
        : undefined,
  };
}

export function unpackError({ name, code, message, stack, cause }: WorkerError): Error {
  const options = { cause: unpackCause(cause) };
  const error =
    name === 'StoreError'
      ? new StoreError(message, { ...options, code: code as 'store_failed' })
      : name === 'TypeError'
        ? new TypeError(message, options)
        : new Error(message, options);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function unpackCause(cause: unknown): unknown {
  if (typeof cause !== 'object' || cause === null) return undefined;
  const { name, message, code } = cause as { name: string; message: string; code: string };
  return Object.assign(new Error(message), { name, code });
}
