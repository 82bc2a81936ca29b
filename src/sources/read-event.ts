import { catchRejection } from '../core/catch-rejection.ts';
import { describeValue } from '../core/describe-value.ts';
import type { EmitOptions } from '../engine/emit-options.ts';
import { FunctionError, PosthornError } from '../errors.ts';
import type { AdaptedEvent } from './event-adapter.ts';

/** An event as `emit` takes it. */
export interface ReadEvent {
  readonly type: string;
  readonly data: unknown;
  readonly options: EmitOptions;
}

/** What holds where the function of the host says nothing. */
export interface EventDefaults {
  readonly type?: string | undefined;
  readonly tenant?: string | undefined;
}

/**
 * Calls a function of the host, `map` or `eventAdapter`, and takes apart what it made of an event.
 *
 * @param what the function, for the message
 * @throws FunctionError when it throws, or gives anything but an object or undefined; an error of ours as it is
 */
export function readEvent(
  make: () => unknown,
  what: () => string,
  defaults: EventDefaults,
): ReadEvent | undefined {
  try {
    return takeApart(make(), defaults);
  } catch (error) {
    throw error instanceof PosthornError ? error : new FunctionError(what(), error);
  }
}

function takeApart(event: unknown, defaults: EventDefaults): ReadEvent | undefined {
  if (event === undefined) return undefined;
  if (catchRejection(event, () => undefined)) throw new TypeError('expected an event at once, got a promise');
  if (typeof event !== 'object' || event === null)
    throw new TypeError(`expected { data } or undefined, got ${describeValue(event)}`);
  const { type = defaults.type, data, ...options } = event as Partial<AdaptedEvent>;
  const tenant = options.tenant ?? defaults.tenant;
  // What is no event type is refused by emit, with all that can be wrong with it.
  return { type: type as string, data, options: tenant === undefined ? options : { ...options, tenant } };
}
