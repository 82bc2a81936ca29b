import { parseInput } from './core/parse-input.ts';
import type { EventPattern } from './core/event-pattern.ts';
import type { OperationalPattern } from './core/operational-event.ts';
import type { EventTypeDescription } from './core/event-type-description.ts';
import { createDispatcherParts, type DispatcherParts } from './dispatcher-parts.ts';
import type { Endpoints } from './endpoints.ts';
import type { Receipt } from './engine/inbox.ts';
import type { EmitOptions } from './engine/emit-options.ts';
import type { ReplayResult } from './engine/replayer.ts';
import { StoppedError } from './errors.ts';
import { type EndpointExplanation, explain, type ExplainOptions } from './explain.ts';
import { type Health, describeHealth } from './health.ts';
import type { LifecycleEventName, LifecycleListener } from './lifecycle-events.ts';
import { listen, listenOnce } from './listening.ts';
import { DEFAULTS, type DispatcherOptions } from './options.ts';
import { type PauseOptions, pauseSchema, type StopOptions, stopSchema } from './pause-and-stop.ts';
import type { Deliveries, Messages } from './records.ts';
import {
  isTransactional,
  type OutboxBatch,
  type OutboxOptions,
  type OutboxReceipt,
  type SyncTransactionOptions,
  type TransactionOptions,
} from './outbox.ts';
import { replay, type ReplayRequest } from './replay.ts';
import type { AttachOptions, EventSource, SubscribeOptions, SubscribeSource } from './sources.ts';
import { type ResolvedOptions, resolveOptions } from './resolve-options.ts';
import { readStats, type Stats, type StatsRequest } from './stats.ts';
import { memoryStore } from './store/memory/memory-store.ts';
import type { Page } from './store/store.ts';
import { undiciTransport } from './transport/undici-transport.ts';

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
  readonly endpoints: Endpoints<EventPattern<keyof Events & string> | OperationalPattern>;
  /** What was emitted. */
  readonly messages: Messages;
  /** What became of it, endpoint by endpoint. */
  readonly deliveries: Deliveries;

  readonly #options: ResolvedOptions;
  readonly #parts: DispatcherParts;

  constructor(options: Omit<DispatcherOptions, 'events'> & Pick<DispatcherOptions<Events>, 'events'> = {}) {
    this.#options = resolveOptions(options);
    this.#parts = createDispatcherParts(this.#options, {
      store: this.#options.store ?? memoryStore(),
      transport: this.#options.transport ?? undiciTransport(),
      emit: (type, data, emitOptions) =>
        this.emit(type as keyof Events & string, data as Events[keyof Events & string], emitOptions),
    });
    this.endpoints = this.#parts.endpoints;
    this.messages = this.#parts.messages;
    this.deliveries = this.#parts.deliveries;
  }

  /**
   * Stores a message in an open transaction of yours (Kysely, or any asynchronous driver), by one statement on its connection: rolled
   * back, it was never there. Endpoints are those at the time after the commit. Errors are yours alone: the promise must be awaited
   * before the transaction is committed.
   *
   * @throws OptionsError (rejects) too, when the store is not on a database, and for `to`
   * @throws OptionsError (rejects) on SQLite, when the schema is asynchronous; when the function answers without a promise: then the statement may have run, so roll back
   */
  emit<Type extends keyof Events & string>(
    type: Type,
    data: Events[Type],
    options: TransactionOptions,
  ): Promise<OutboxReceipt>;
  /**
   * The same for synchronous drivers (better-sqlite3, libsql, node:sqlite): all is checked and the statement was run when this
   * returns, and what is wrong is thrown, so the driver rolls back. The dispatcher must be started.
   *
   * @throws OptionsError when the schema is asynchronous, or the function answers with a promise: then the statement may have run, so roll back
   */
  emit<Type extends keyof Events & string>(
    type: Type,
    data: Events[Type],
    options: SyncTransactionOptions,
  ): OutboxReceipt;
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
  ): Promise<Receipt>;
  emit(
    type: string,
    data: unknown,
    options?: EmitOptions | TransactionOptions | SyncTransactionOptions,
  ): Promise<Receipt> | Promise<OutboxReceipt> | OutboxReceipt {
    if (isTransactional(options)) {
      const { outbox } = this.#parts;
      if (options.transactionSync === undefined) return outbox.emit(type, data, options);
      return outbox.emitSync(type, data, options);
    }
    const receipt = this.#parts.emitPath.emit(type, data, options);
    receipt.catch((error: unknown) => this.#parts.reporter.emitFailed(error));
    return receipt;
  }

  /**
   * A message as statements for your own transaction, where neither `transaction` nor `transactionSync` fits: run them on its
   * connection. Nothing is stored before. The dispatcher must be started.
   *
   * @throws what `emit` rejects with, OptionsError when the schema is asynchronous
   */
  outbox<Type extends keyof Events & string>(
    type: Type,
    data: Events[Type],
    options?: OutboxOptions,
  ): OutboxBatch {
    return this.#parts.outbox.statements(type, data, options);
  }

  /**
   * Emits the events of something that emits already: Node's EventEmitter, eventemitter3, eventemitter2, mitt, emittery,
   * EventTarget, and Observables. Never blocks it, never throws into it.
   *
   * @returns the function that ends it; a source that completes ends by itself, and `stop` ends all
   * @throws OptionsError for what is no such source, wrong options, and patterns where the source has no catch-all
   * @throws StoppedError after `stop`
   */
  attach(source: SubscribeSource, options?: SubscribeOptions<keyof Events & string>): () => void;
  attach(source: EventSource, options: AttachOptions<keyof Events & string>): () => void;
  attach(
    source: EventSource | SubscribeSource,
    options: AttachOptions<keyof Events & string> | SubscribeOptions<keyof Events & string> = {},
  ): () => void {
    if (this.#parts.host.status === 'stopped') throw new StoppedError('attach');
    return this.#parts.sources.attach(source, options);
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
  readonly process = (event: unknown): Promise<Receipt | undefined> => this.#parts.sources.process(event);

  /** Listens to a lifecycle event. Returns the function that ends it. */
  on<Name extends LifecycleEventName>(
    name: Name,
    listener: LifecycleListener<Name, keyof Events & string>,
  ): () => void {
    return listen(this.#parts.emitter, name, listener);
  }

  /** Listens to the next event of this name only. Returns the function that ends it. */
  once<Name extends LifecycleEventName>(
    name: Name,
    listener: LifecycleListener<Name, keyof Events & string>,
  ): () => void {
    return listenOnce(this.#parts.emitter, name, listener);
  }

  /** Opens store and transport and begins to deliver what the store holds. Called by the first use; idempotent. */
  async start(): Promise<void> {
    await this.#parts.host.ready('start');
  }

  /**
   * Detaches all sources, stops claiming at once, stores what was emitted before, waits for attempts in flight, calls off what takes longer,
   * closes transport and store. Everything not finished stays in the store. What waits for a store that does not open in this time is refused with a
   * StoppedError. Idempotent; a stopped dispatcher cannot be started again.
   */
  stop(options: StopOptions = {}): Promise<void> {
    const { timeoutMs = DEFAULTS.stopTimeoutMs } = parseInput(stopSchema, options, '');
    this.#parts.sources.detachAll();
    return this.#parts.host.stop(timeoutMs);
  }

  /**
   * Stops sending, for all endpoints and all processes that share the store, until `resume`; kept in the store, so a
   * restart does not end it. Requests in flight end by themselves; everything else waits without using up attempts. What is
   * emitted meanwhile waits too, or, with `whilePaused: 'discard'`, is `discarded` with the reason `dispatcher_paused`.
   * Called again, it changes `whilePaused`. `endpoints.test` still sends.
   */
  async pause(options: PauseOptions = {}): Promise<void> {
    const { whilePaused = DEFAULTS.whilePaused } = parseInput(pauseSchema, options, '');
    await (await this.#parts.host.ready('pause')).switch.set({ whilePaused });
  }

  /** Ends a `pause`: what was held is sent. Does nothing when nothing is paused. */
  async resume(): Promise<void> {
    await (await this.#parts.host.ready('resume')).switch.set(undefined);
  }

  /**
   * Resolves when nothing is left that is due now. Waiting retries, paused and blocked endpoints, and deliveries that a
   * `rateLimit` or `maxRate` holds back, or a `maxConcurrencyTotal` that other processes use up, do not count; nor does what another process
   * has claimed, one that was killed included, until its lease is taken back.
   */
  async drain(): Promise<void> {
    await (await this.#parts.host.ready('drain')).drain();
  }

  /** What the event catalog knows about each event type, in the order of their names. Empty without a catalog. */
  eventTypes(): readonly EventTypeDescription<keyof Events & string>[] {
    return (this.#parts.checker?.describe() ?? []) as readonly EventTypeDescription<keyof Events & string>[];
  }

  /**
   * Sends stored messages again, oldest first: the deliveries that they have, with a fresh run of the retry policy, and
   * those that they should have and have not, because the endpoint was created or enabled later. Resolves when all of
   * them are due; sending goes on after that. Replays of one dispatcher run one after the other. Like an emit, one that
   * nobody awaits cannot become an unhandled rejection.
   *
   * @throws OptionsError (rejects) for a wrong request
   * @throws NotFoundError (rejects) when the endpoint does not exist, or belongs to another tenant
   * @throws StoreError (rejects) when the store fails; repeat it with the same `asOf`
   * @throws StoppedError (rejects) after `stop`; the reason of `signal` when that is aborted
   */
  replay(request?: ReplayRequest): Promise<ReplayResult> {
    return replay(request, this.#parts);
  }

  /**
   * Deliveries and attempts in numbers: states, success rate, latency; by stretches of time with `bucketMs`.
   *
   * @throws OptionsError (rejects) for a wrong request
   * @throws NotFoundError (rejects) when the endpoint does not exist, or belongs to another tenant
   */
  stats(request?: StatsRequest): Promise<Stats> {
    return readStats(request, () => this.#parts.host.ready('read statistics'), this.#options.clock.now());
  }

  /**
   * Who would get a message, and why the others would not. Nothing is stored or sent; the event and its data are checked
   * as by `emit`.
   *
   * @throws OptionsError, PayloadError (reject) as `emit` does
   * @throws NotFoundError (rejects) when the endpoint does not exist, or belongs to another tenant
   */
  explain<Type extends keyof Events & string>(
    type: Type,
    data: Events[Type],
    options?: ExplainOptions,
  ): Promise<Page<EndpointExplanation>> {
    return explain(options, {
      engine: () => this.#parts.host.ready('explain'),
      functions: this.#options.functions,
      createMessage: (emitOptions) => this.#parts.emitPath.createMessage(type, data, emitOptions),
    });
  }

  /** How it is doing, for readiness checks and people. */
  health(): Promise<Health> {
    return describeHealth(this.#parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
