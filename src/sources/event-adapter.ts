import { describeValue } from '../core/describe-value.ts';
import type { EmitOptions } from '../engine/emit-options.ts';
import { OptionsError } from '../errors.ts';

/** What an event adapter makes of an event object: what `emit` is to be given. */
export interface AdaptedEvent extends EmitOptions {
  /** Event type of the message. */
  type: string;
  /** Anything that JSON carries; `null` for none. */
  data: unknown;
}

/**
 * Reads the event objects of a broadcaster: `(event: JobEvent) => ({ type: event.kind, data: event.job, tenant: event.owner })`.
 * `undefined` drops the event. Called at once, and has to answer at once. Its parameter may have the type of your events.
 */
// A method's parameter may be narrower than what it is called with; that of a function type may not.
export type EventAdapter = { adapt(event: unknown): AdaptedEvent | undefined }['adapt'];

/** The default: an object with a `type`; its data is the member `data`, or, without one, all other members. */
export function readTypedEvent(event: unknown): AdaptedEvent {
  if (typeof event !== 'object' || event === null) throw unreadable(describeValue(event));
  const { type, ...others } = event as { readonly type?: unknown; readonly data?: unknown };
  if (typeof type !== 'string')
    throw unreadable(`${describeValue(event)} whose type is ${describeValue(type)}`);
  return { type, data: Object.hasOwn(event, 'data') ? (others.data ?? null) : others };
}

function unreadable(got: string): OptionsError {
  return new OptionsError(
    'event',
    `event: expected an object with a string "type", got ${got}. ` +
      'Give the dispatcher an eventAdapter that reads your events, or attach a map.',
  );
}
