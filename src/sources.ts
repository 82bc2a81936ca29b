/** Attaching an event emitter that exists already: its events become messages. Never blocks it, never throws into it. */
import { z } from 'zod';
import { catchRejection } from './core/catch-rejection.ts';
import { describeValue } from './core/describe-value.ts';
import { isEventType, EVENT_TYPE_EXPECTED } from './core/message.ts';
import { parseInput } from './core/parse-input.ts';
import type { EmitOptions } from './engine/message-factory.ts';
import type { Reporter } from './engine/reporter.ts';
import { FunctionError, OptionsError, type PosthornError, SourceOverflowError } from './errors.ts';

/** What is needed of an emitter: Node's EventEmitter, eventemitter3 and their like. */
export interface EventSource {
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
}

/** What `map` makes of an event. */
export interface MappedEvent extends EmitOptions {
  /** Event type of the message. Default: what `events` says. */
  type?: string | undefined;
  data: unknown;
}

/** How an attached source is listened to. */
export interface AttachOptions<Type extends string = string> {
  /**
   * Events to listen to: a list of event types that are emitted under the same name, or an object from the emitter's
   * names to event types. Patterns are refused: an emitter without a catch-all cannot serve them.
   */
  events: readonly Type[] | Readonly<Record<string, Type>>;
  /**
   * Makes a message of an event; `undefined` drops it. `values` is what the emitter passed to its listeners. Default:
   * the first value is the data.
   */
  map?(type: Type, ...values: unknown[]): MappedEvent | undefined;
  /** Tenant of all its messages, unless `map` gives one. Default `'default'`. */
  tenant?: string | undefined;
  /** Events of this source that may wait for the store; more are refused, counted and reported as `source_overflow`. At least 1. Default 10000. */
  maxPending?: number | undefined;
}

export interface SourcesOptions {
  readonly emit: (type: string, data: unknown, options: EmitOptions) => Promise<unknown>;
  readonly reporter: Reporter;
  readonly maxPending: number;
}

/** The attached sources of one dispatcher. */
export class Sources {
  readonly #options: SourcesOptions;
  readonly #attached = new Set<() => void>();
  #refused = 0;

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /** Events refused because too many waited. */
  get refused(): number {
    return this.#refused;
  }

  /** Starts listening. Returns the function that ends it. */
  attach(source: EventSource, options: AttachOptions): () => void {
    const { emit, reporter, maxPending } = this.#options;
    const detach = attachSource(source, options, {
      emit,
      onRefused: (error) => {
        this.#refused += 1;
        reporter.error(error, 'take an event');
      },
      onMapError: (error) => reporter.error(error, 'map an event'),
      defaultMaxPending: maxPending,
    });
    const end = (): void => {
      this.#attached.delete(end);
      detach();
    };
    this.#attached.add(end);
    return end;
  }

  /** Ends them all, whatever one of them throws. */
  detachAll(): void {
    for (const detach of this.#attached) {
      try {
        detach();
      } catch (error) {
        this.#options.reporter.functionFailed(error, 'off() of an attached source');
      }
    }
  }
}

interface AttachHooks {
  readonly emit: SourcesOptions['emit'];
  readonly onRefused: (error: PosthornError) => void;
  readonly onMapError: (error: PosthornError) => void;
  readonly defaultMaxPending: number;
}

const schema = z.strictObject({
  events: z.unknown(),
  map: z
    .custom<AttachOptions['map']>((value) => typeof value === 'function', { error: 'a function' })
    .optional(),
  tenant: z.string().min(1).max(256).optional(),
  maxPending: z.union([z.number().int().min(1), z.literal(Infinity)]).optional(),
});

function attachSource(source: EventSource, options: AttachOptions, hooks: AttachHooks): () => void {
  checkSource(source);
  parseInput(schema, options, '');
  const names = readEvents(options.events);
  const maxPending = options.maxPending ?? hooks.defaultMaxPending;
  let pending = 0;
  const listeners = names.map(([name, type]) => {
    const listener = (...values: unknown[]): void => {
      if (pending >= maxPending) return hooks.onRefused(new SourceOverflowError(type, maxPending));
      const event = mapSafely(options, type, values, hooks);
      if (event === undefined) return;
      const done = (): void => {
        pending -= 1;
      };
      pending += 1;
      hooks.emit(event.type, event.data, event.emitOptions).then(done, done);
    };
    source.on(name, listener);
    return { name, listener };
  });
  return () => {
    for (const { name, listener } of listeners.splice(0)) source.off(name, listener);
  };
}

function mapSafely(
  options: AttachOptions,
  type: string,
  values: unknown[],
  hooks: AttachHooks,
): { readonly type: string; readonly data: unknown; readonly emitOptions: EmitOptions } | undefined {
  const { tenant } = options;
  try {
    const event: unknown =
      options.map === undefined ? { data: values[0] ?? null } : options.map(type, ...values);
    if (event === undefined) return undefined;
    if (catchRejection(event, () => undefined)) {
      throw new TypeError('expected an event at once, got a promise');
    }
    if (typeof event !== 'object' || event === null) {
      throw new TypeError(`expected { data } or undefined, got ${describeValue(event)}`);
    }
    const { type: mappedType = type, data, ...rest } = event as MappedEvent;
    return { type: mappedType, data, emitOptions: tenant === undefined ? rest : { tenant, ...rest } };
  } catch (error) {
    hooks.onMapError(
      new FunctionError(`The map function of an attached source (event ${JSON.stringify(type)})`, error),
    );
    return undefined;
  }
}

function checkSource(source: unknown): void {
  const candidate = source as Partial<EventSource> | null | undefined;
  if (typeof candidate?.on === 'function' && typeof candidate.off === 'function') return;
  throw new OptionsError(
    'source',
    `attach: expected an event emitter with on() and off(), got ${describeValue(source)}`,
  );
}

function readEvents(events: AttachOptions['events']): [name: string, type: string][] {
  if (typeof events !== 'object' || events === null)
    throw new OptionsError(
      'events',
      `events: expected a list of event types, or an object from event names to types, got ${describeValue(events)}`,
    );
  const pairs = Array.isArray(events)
    ? (events as string[]).map((type): [string, string] => [type, type])
    : Object.entries(events as Record<string, string>);
  if (pairs.length === 0)
    throw new OptionsError('events', 'events: expected at least one event to listen to, got none');
  for (const [name, type] of pairs) {
    if (typeof type === 'string' && type.includes('*')) {
      throw new OptionsError(
        'events',
        `events: ${JSON.stringify(type)} is a pattern, and this emitter has no way to listen to everything. List the names of its events.`,
      );
    }
    if (!isEventType(type))
      throw new OptionsError(
        'events',
        `events: expected ${EVENT_TYPE_EXPECTED} for ${JSON.stringify(name)}, got ${describeValue(type)}`,
      );
  }
  return pairs;
}
