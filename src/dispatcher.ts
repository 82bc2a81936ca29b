import { z } from 'zod';
import { unexpected, unexpectedWord } from './core/expect-value.ts';
import { parseInput } from './core/parse-input.ts';
import { WHILE_PAUSED, type WhilePaused } from './core/switch-state.ts';
import type { EventPattern } from './core/event-pattern.ts';
import type { EventTypeDescription } from './core/event-type-description.ts';
import { createEndpoints, type Endpoints } from './endpoints.ts';
import { Destinations } from './engine/destinations.ts';
import { Engine } from './engine/engine.ts';
import { createEndpointCompiler, type EndpointCompiler } from './engine/endpoint-runtime.ts';
import { EventChecker } from './engine/event-checker.ts';
import type { Receipt } from './engine/inbox.ts';
import { type EmitOptions, MessageFactory } from './engine/message-factory.ts';
import { EngineHost } from './engine-host.ts';
import { type Recipient, readRecipients } from './engine/recipients.ts';
import { Reporter } from './engine/reporter.ts';
import { describeError, StoppedError } from './errors.ts';
import { type Health, describeHealth } from './health.ts';
import { LIFECYCLE_EVENTS, LifecycleEmitter } from './engine/lifecycle-emitter.ts';
import type { LifecycleEventName, LifecycleListener } from './lifecycle-events.ts';
import { DEFAULTS, type DispatcherOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { createDeliveries, createMessages, type Deliveries, type Messages } from './records.ts';
import {
  type AttachOptions,
  type EventSource,
  Sources,
  type SubscribeOptions,
  type SubscribeSource,
} from './sources.ts';
import { memoryStore } from './store/memory/memory-store.ts';
import type { Store } from './store/store.ts';
import { undiciTransport } from './transport/undici-transport.ts';
import type { Transport } from './transport/transport.ts';

const stopSchema = z.strictObject({
  timeoutMs: z.union([z.number().min(0), z.literal(Infinity)]).optional(),
});

const pauseSchema = z.strictObject({ whilePaused: z.enum(WHILE_PAUSED).optional() });

/** Options of `pause`. */
export interface PauseOptions {
  /** What becomes of messages emitted meanwhile. `hold` (default): they wait. `discard`: their deliveries are `discarded`. */
  whilePaused?: WhilePaused | undefined;
}

/** Options of `stop`. */
export interface StopOptions {
  /**
   * How long to wait for attempts in flight before they are called off; their deliveries go back to the store, without
   * the attempt being counted. Default 10000. 0: at once. `Infinity`: as long as they take.
   */
  timeoutMs?: number | undefined;
}

/**
 * Sends webhooks: `emit` an event, and every endpoint that asked for it gets a signed request, tried again until it
 * arrives or its retry policy is spent, all of it recorded.
 *
 * `Events` maps event types to their data and types `emit`:
 * `new WebhookDispatcher<{ 'job.completed': { jobId: string } }>()`. With an event catalog they are taken from it:
 * `new WebhookDispatcher({ events: defineEvents({ … }) })`.
 *
 * Constructing does nothing but check the options; the first call that needs the store starts it.
 *
 * @throws OptionsError when an option is wrong
 */
export class WebhookDispatcher<Events extends object = Record<string, unknown>> implements AsyncDisposable {
  /**
   * For types only, never there. As the first member it makes TypeScript compare dispatchers by what they can do, so that
   * each passes for a `WebhookDispatcher` of any events.
   */
  declare readonly '~events'?: { readonly [Type in keyof Events]: Events[Type] } | undefined;
  /** Where messages go. */
  readonly endpoints: Endpoints<EventPattern<keyof Events & string>>;
  /** What was emitted. */
  readonly messages: Messages;
  /** What became of it, endpoint by endpoint. */
  readonly deliveries: Deliveries;

  readonly #options: ResolvedOptions;
  readonly #store: Store;
  readonly #transport: Transport;
  readonly #emitter: LifecycleEmitter;
  readonly #reporter: Reporter;
  readonly #factory: MessageFactory;
  readonly #checker: EventChecker | undefined;
  readonly #compiler: EndpointCompiler;
  readonly #destinations: Destinations;
  readonly #host: EngineHost;
  readonly #sources: Sources;

  constructor(options: DispatcherOptions<Events> = {}) {
    const resolved = resolveOptions(options);
    const { clock, random, logger } = resolved;
    this.#options = resolved;
    this.#store = resolved.store ?? memoryStore();
    this.#transport = resolved.transport ?? undiciTransport();
    this.#emitter = new LifecycleEmitter((error, event) =>
      this.#reporter.listenerFailed(error, event === 'error'),
    );
    this.#reporter = new Reporter({ emitter: this.#emitter, logger, clock });
    this.#factory = new MessageFactory({
      ...resolved,
      onTraceError: (error) => this.#reporter.functionFailed(error, 'The option traceContext'),
    });
    this.#checker =
      resolved.events === undefined
        ? undefined
        : new EventChecker({ catalog: resolved.events, warn: (message) => this.#reporter.warn(message) });
    this.#compiler = createEndpointCompiler({
      defaults: resolved.delivery,
      functions: resolved.functions,
      userAgent: resolved.userAgent,
      addressPolicy: resolved.addressPolicy,
      requireHttps: resolved.requireHttps,
    });
    const surroundings = { functions: resolved.functions, clock, defaults: resolved.delivery };
    this.#destinations = new Destinations({
      ...surroundings,
      compiler: this.#compiler,
      maxDestinations: DEFAULTS.maxDestinations,
      warn: (message) => this.#reporter.warn(message),
    });
    this.#host = new EngineHost({
      ...DEFAULTS,
      ...resolved,
      store: this.#store,
      transport: this.#transport,
      reporter: this.#reporter,
      createEngine: () => this.#createEngine(),
    });
    this.#sources = new Sources({
      emit: (type, data, emitOptions) =>
        this.emit(type as keyof Events & string, data as Events[keyof Events & string], emitOptions),
      reporter: this.#reporter,
      eventAdapter: resolved.eventAdapter,
      maxPending: DEFAULTS.maxPending,
    });
    this.endpoints = createEndpoints({
      admin: async () => (await this.#host.ready('use endpoints')).endpoints,
      compiler: this.#compiler,
      ...surroundings,
      random,
      secretPolicy: resolved.secretPolicy,
      warn: (message) => this.#reporter.warn(message),
      createTestMessage: (tenant, endpointId) => this.#factory.createTest(tenant, endpointId),
      checkEvents: (events, known = []) => this.#checker?.checkPatterns(events, known),
    });
    const deliveryAdmin = async (): Promise<Engine['deliveries']> =>
      (await this.#host.ready('read the record')).deliveries;
    this.messages = createMessages(deliveryAdmin);
    this.deliveries = createDeliveries(deliveryAdmin);
  }

  /**
   * Stores a message and lets every endpoint that asked for it have it. When the promise resolves, the message is as
   * safe as the store promises; sending comes after that.
   *
   * An emit that nobody awaits cannot become an unhandled rejection: its error is also reported by the `error` event.
   *
   * With an event catalog, the schema of the type parses the data first, and what it makes of it is stored and sent. While
   * an asynchronous schema is at work, the data must not be changed.
   *
   * @throws OptionsError (rejects) for a wrong type, option or destination, and for a type that is not in the event catalog
   * @throws PayloadError (rejects) for data that does not pass its schema, that JSON cannot carry, or that is larger than
   *   `maxPayloadBytes`
   * @throws FunctionError (rejects) when the schema itself throws
   * @throws ConflictError (rejects) when id or idempotency key belong to a message with other content
   * @throws NotFoundError (rejects) when `to` names an endpoint that does not exist in this tenant
   * @throws StoreError (rejects) when the store cannot take it within `emitTimeoutMs`
   * @throws StoppedError (rejects) after `stop`
   */
  emit<Type extends keyof Events & string>(
    type: Type,
    data: Events[Type],
    options?: EmitOptions,
  ): Promise<Receipt> {
    const receipt = this.#emit(type, data, options);
    receipt.catch((error: unknown) => this.#reporter.emitFailed(error));
    return receipt;
  }

  /**
   * Emits the events of something that emits already: Node's EventEmitter, eventemitter3, eventemitter2, mitt, emittery,
   * EventTarget, and Observables. Never blocks it, never throws into it.
   *
   * @returns the function that ends it; a source that completes ends by itself, and `stop` ends all
   * @throws OptionsError for what is no such source, wrong options, and patterns where the source has no catch-all
   * @throws StoppedError after `stop`
   */
  attach(source: EventSource, options: AttachOptions<keyof Events & string>): () => void;
  attach(source: SubscribeSource, options?: SubscribeOptions<keyof Events & string>): () => void;
  attach(
    source: EventSource | SubscribeSource,
    options: AttachOptions<keyof Events & string> | SubscribeOptions<keyof Events & string> = {},
  ): () => void {
    if (this.#host.status === 'stopped') throw new StoppedError('attach');
    return this.#sources.attach(source, options);
  }

  /**
   * Emits an event object, read by the option `eventAdapter`. For broadcasters that hand over their events; bound, so it
   * can be the listener itself: `broadcaster.on('event', dispatcher.process)`.
   *
   * The promise has the receipt, or `undefined` when the adapter drops the event. Never throws, and like `emit` it need
   * not be awaited. At most 10,000 events wait for the store; more are refused, as those of an attached source are.
   *
   * @throws OptionsError (rejects) for an event that the adapter cannot read, and all that `emit` rejects with
   * @throws FunctionError (rejects) when the adapter throws
   * @throws SourceOverflowError (rejects) when too many wait
   */
  readonly process = (event: unknown): Promise<Receipt | undefined> => this.#sources.process(event);

  /** Listens to a lifecycle event. Returns the function that ends it. */
  on<Name extends LifecycleEventName>(
    name: Name,
    listener: LifecycleListener<Name, keyof Events & string>,
  ): () => void {
    if (!LIFECYCLE_EVENTS.includes(name))
      throw unexpectedWord('event', 'the name of a lifecycle event', LIFECYCLE_EVENTS, name);
    if (typeof listener !== 'function') throw unexpected('listener', 'a function', listener);
    // Wrapped, so that a listener that is registered twice can be ended once.
    const call = (event: unknown): unknown => (listener as (event: unknown) => unknown)(event);
    this.#emitter.on(name, call);
    return () => this.#emitter.off(name, call);
  }

  /** Listens to the next event of this name only. Returns the function that ends it. */
  once<Name extends LifecycleEventName>(
    name: Name,
    listener: LifecycleListener<Name, keyof Events & string>,
  ): () => void {
    const end = this.on(name, (event) => {
      end();
      return listener(event);
    });
    return end;
  }

  /** Opens store and transport and begins to deliver what the store holds. Called by the first use; idempotent. */
  async start(): Promise<void> {
    await this.#host.ready('start');
  }

  /**
   * Detaches all sources, stops claiming at once, waits for attempts in flight, calls off what takes longer, closes transport and store.
   * Everything not finished stays in the store. Idempotent; a stopped dispatcher cannot be started again.
   */
  stop(options: StopOptions = {}): Promise<void> {
    const { timeoutMs = DEFAULTS.stopTimeoutMs } = parseInput(stopSchema, options, '');
    this.#sources.detachAll();
    return this.#host.stop(timeoutMs);
  }

  /**
   * Stops sending, for all endpoints and all processes that share the store, until `resume`; kept in the store, so a
   * restart does not end it. Requests in flight end by themselves; everything else waits without using up attempts. What is
   * emitted meanwhile waits too, or, with `whilePaused: 'discard'`, is `discarded` with the reason `dispatcher_paused`.
   * Called again, it changes `whilePaused`. `endpoints.test` still sends.
   */
  async pause(options: PauseOptions = {}): Promise<void> {
    const { whilePaused = DEFAULTS.whilePaused } = parseInput(pauseSchema, options, '');
    await (await this.#host.ready('pause')).switch.set({ whilePaused });
  }

  /** Ends a `pause`: what was held is sent. Does nothing when nothing is paused. */
  async resume(): Promise<void> {
    await (await this.#host.ready('resume')).switch.set(undefined);
  }

  /** Resolves when nothing is left that is due now. Waiting retries, paused and blocked endpoints do not count. */
  async drain(): Promise<void> {
    await (await this.#host.ready('drain')).drain();
  }

  /** What the event catalog knows about each event type, in the order of their names. Empty without a catalog. */
  eventTypes(): readonly EventTypeDescription<keyof Events & string>[] {
    return (this.#checker?.describe() ?? []) as readonly EventTypeDescription<keyof Events & string>[];
  }

  /** How it is doing, for readiness checks and people. */
  health(): Promise<Health> {
    return describeHealth({
      status: this.#host.status,
      engine: this.#host.engine,
      store: this.#store,
      transport: this.#transport,
      lastError: this.#reporter.lastError,
      refusedEvents: this.#sources.refused,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #emit(type: string, data: unknown, options: EmitOptions | undefined): Promise<Receipt> {
    try {
      // Read before anything is awaited: the caller may change what it gave after this call.
      const to = readRecipients(options, this.#destinations);
      if (this.#checker === undefined) return this.#accept(type, data, options, to);
      const parsed = this.#checker.parse(type, data);
      if (!(parsed instanceof Promise)) return this.#accept(type, parsed.value, options, to);
      const kept = this.#factory.keep(options);
      return parsed.then(({ value }) => this.#accept(type, value, kept, to));
    } catch (error) {
      // Not an async function: a promise less on the way of every message.
      return Promise.reject(error instanceof Error ? error : new Error(describeError(error)));
    }
  }

  #accept(
    type: string,
    data: unknown,
    options: EmitOptions | undefined,
    to: readonly Recipient[] | undefined,
  ): Promise<Receipt> {
    const { engine, status } = this.#host;
    if (status === 'stopped') throw new StoppedError('emit');
    // Serialised before anything else is awaited: the caller may change the data after this call.
    const message = this.#factory.create(type, data, options, to);
    if (engine !== undefined) return engine.emit(message, to);
    return this.#host.ready('emit').then((started) => started.emit(message, to));
  }

  #createEngine(): Engine {
    const { maxRescues, maxFaults, faultDelayMs } = DEFAULTS;
    return new Engine({
      ...DEFAULTS,
      ...this.#options,
      store: this.#store,
      transport: this.#transport,
      reporter: this.#reporter,
      compile: this.#compiler.compile,
      destinations: this.#destinations,
      runtimeOfRemoved: this.#compiler.placeholder,
      limits: { maxRescues, maxFaults, faultDelayMs },
    });
  }
}
