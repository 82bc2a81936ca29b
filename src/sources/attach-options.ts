import { z } from 'zod';
import { parseInput } from '../core/parse-input.ts';
import type { EmitOptions } from '../engine/emit-options.ts';
import type { AdaptedEvent } from './event-adapter.ts';

/** Any pattern of event types, whatever it covers: `job.*`, `job.**`, `*`. */
type StarPattern = `${string}*${string}`;

/** What `map` makes of an event. */
export interface MappedEvent extends EmitOptions {
  /** Event type of the message. Default: what `events` says. */
  type?: string | undefined;
  /** Anything that JSON carries; `null` for none. */
  data: unknown;
}

interface CommonOptions {
  /** Tenant of all its messages, unless an event is given one of its own. Default `'default'`. */
  tenant?: string | undefined;
  /** Events of this source that may wait for the store; more are refused, counted and reported as `source_overflow`. At least 1; `Infinity`: no limit. Default 10000. */
  maxPending?: number | undefined;
}

/** Options of `attach` for sources whose events have names. */
export interface AttachOptions<Type extends string = string> extends CommonOptions {
  /**
   * Events to listen to: a list of event types that are emitted under the same name, or an object from the source's
   * names to event types. The list may hold patterns (`job.*`) where the source can be asked for everything: mitt,
   * emittery, eventemitter2. Others refuse them.
   */
  events: readonly (Type | StarPattern)[] | Readonly<Record<string, Type>>;
  /**
   * Makes a message of an event; `undefined` drops it. `values` is what the source passed to its listeners: the Event,
   * for an EventTarget. Answers at once. Default: the first value is the data; for an EventTarget, its `detail`.
   */
  map?(type: Type, ...values: unknown[]): MappedEvent | undefined;
}

/** Options of `attach` for sources that hand over event objects. */
export interface SubscribeOptions<Type extends string = string> extends CommonOptions {
  /**
   * Events that become messages, by the type that `map` or the event adapter gives them: a list of types and patterns,
   * or an object from that type to the event type of the message. Others are ignored. Default: all.
   */
  events?: readonly (Type | StarPattern)[] | Readonly<Record<string, Type>> | undefined;
  /** Makes a message of an event object; `undefined` drops it. Answers at once. Default: the option `eventAdapter` of the dispatcher. */
  map?(event: unknown): AdaptedEvent | undefined;
}

const schema = z.strictObject({
  events: z.unknown().optional(),
  map: z
    .custom<(...values: unknown[]) => unknown>((value) => typeof value === 'function', {
      error: 'a function',
    })
    .optional(),
  tenant: z.string().min(1).max(256).optional(),
  maxPending: z.union([z.number().int().min(1), z.literal(Infinity)]).optional(),
});

/** Options of either kind, checked; `events` is read by `readSelection`. */
export type CheckedAttachOptions = z.output<typeof schema>;

/** @throws OptionsError naming the option, what was expected and what came */
export function checkAttachOptions(options: unknown): CheckedAttachOptions {
  return parseInput(schema, options, '');
}
