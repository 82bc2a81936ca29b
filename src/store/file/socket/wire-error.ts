/** How errors travel between processes: as plain data, and back into errors of the same code. */
import { describeError, OptionsError, StoreError } from '../../../errors.ts';

/** An error as plain data. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  /** Of an `OptionsError`. */
  readonly path: string | undefined;
  readonly cause: WireError | undefined;
}

/** Causes of causes are told so deep. */
const MAX_CAUSES = 4;

/** Any code of a `StoreError`. */
type StoreCode = NonNullable<NonNullable<ConstructorParameters<typeof StoreError>[1]>['code']>;

/** The data of whatever was thrown. Never throws. */
export function toWireError(error: unknown, depth = 0): WireError {
  const cause = read(error, 'cause');
  return {
    name: text(error, 'name') ?? 'Error',
    message: describeError(error),
    code: text(error, 'code'),
    path: text(error, 'path'),
    cause: cause === undefined || depth === MAX_CAUSES ? undefined : toWireError(cause, depth + 1),
  };
}

/** The error that was thrown elsewhere: an `OptionsError` or a `TypeError` where it was one, else a `StoreError`. */
export function fromWireError({ name, message, code, path, cause }: WireError): Error {
  const options = cause === undefined ? {} : { cause: toCause(cause) };
  if (code === 'invalid_option') return new OptionsError(path ?? '', message, options);
  if (code === undefined && name === 'TypeError') return new TypeError(message, options);
  if (name === 'StoreError' && code !== undefined) {
    return new StoreError(message, { ...options, code: code as StoreCode });
  }
  return new StoreError(message, { cause: toCause({ name, message, code, path, cause }) });
}

/** With name and code as the driver gave them: `ENOSPC`. */
function toCause({ name, message, code, cause }: WireError): Error {
  const error = new Error(message, cause === undefined ? {} : { cause: toCause(cause) });
  error.name = name;
  return code === undefined ? error : Object.assign(error, { code });
}

function text(error: unknown, key: string): string | undefined {
  const value = read(error, key);
  return typeof value === 'string' ? value : undefined;
}

function read(error: unknown, key: string): unknown {
  try {
    return error instanceof Error ? error[key as keyof Error] : undefined;
  } catch {
    return undefined;
  }
}
