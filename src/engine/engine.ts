/**
 * The running part, wired: inbox → lanes → attempt → settle, with scheduler, fan-out and keeper around them. Decides
 * nothing: decisions are in core/, effects in the parts.
 */
import type { Clock, Random } from '../clock.ts';
import { createToken } from '../core/id.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import type { TransitionLimits } from '../core/transition.ts';
import { FunctionError } from '../errors.ts';
import type {
  AppendEntry,
  Lease,
  LeasedDelivery,
  NewDelivery,
  NewMessage,
  Retention,
  Store,
} from '../store/store.ts';
import type { Transport } from '../transport/transport.ts';
import { Activity } from './activity.ts';
import { Deadlines } from './deadlines.ts';
import { Directory } from './directory.ts';
import { DeliveryAdmin } from './delivery-admin.ts';
import { EndpointAdmin } from './endpoint-admin.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import { FanOut } from './fan-out.ts';
import { Inbox, type Receipt } from './inbox.ts';
import { Keeper } from './keeper.ts';
import { Matcher } from './matcher.ts';
import type { Reporter } from './reporter.ts';
import { Scheduler } from './scheduler.ts';
import { Sender } from './sender.ts';
import { Settler } from './settler.ts';

export interface EngineOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly reporter: Reporter;
  readonly compile: (record: EndpointRecord) => EndpointRuntime;
  readonly runtimeOfRemoved: (endpointId: string) => EndpointRuntime;
  readonly deliver: boolean;
  readonly maxConcurrency: number;
  readonly maxResponseBodyBytes: number;
  readonly idempotencyWindowMs: number;
  readonly emitTimeoutMs: number;
  readonly leaseMs: number;
  readonly pollIntervalMs: number;
  readonly retention: Retention;
  readonly limits: TransitionLimits;
  readonly pruneIntervalMs: number;
  readonly pruneBudgetMs: number;
}

export class Engine {
  readonly activity = new Activity();
  readonly directory: Directory;
  readonly inbox: Inbox;
  readonly settler: Settler;
  readonly sender: Sender;
  readonly scheduler: Scheduler;
  readonly fanOut: FanOut;
  readonly keeper: Keeper;
  readonly matcher: Matcher;
  readonly endpoints: EndpointAdmin;
  readonly deliveries: DeliveryAdmin;
  /** Unique per process start: a reused name would let a new process pass for the dead one. */
  readonly owner: string;
  readonly #options: EngineOptions;
  readonly #deadlines: Deadlines;
  #unwatch: (() => void) | undefined;
  #isStopping = false;

  constructor(options: EngineOptions) {
    const { store, clock, random, reporter } = options;
    this.#options = options;
    this.owner = createToken(random);
    const token = (): string => createToken(random);
    const refOf = (endpointId: string): EndpointRuntime['ref'] | undefined =>
      this.directory.get(endpointId)?.ref;
    const reportFunction = (error: unknown, what: string): void =>
      reporter.error(new FunctionError(what, error), what);
    this.#deadlines = new Deadlines(clock);
    this.directory = new Directory({
      store,
      compile: options.compile,
      onChange: (runtime) =>
        this.sender.lanes.setConcurrency(runtime.record.id, runtime.settings.concurrency),
      onError: (error, what) => reporter.error(error, what),
    });
    this.settler = new Settler({
      store,
      clock,
      random,
      activity: this.activity,
      limits: options.limits,
      onSettled: (settled) => {
        reporter.settled(settled);
        if (settled.result.kind === 'settled' && settled.result.state === 'scheduled')
          this.scheduler.wakeIn(settled.transition.delayMs);
      },
      onDirective: (runtime, decision) => this.endpoints.applyDirective(runtime, decision),
      onFunctionError: (error, what) => reportFunction(error, `The named function ${what}`),
      onStoreError: (error, what) => reporter.error(error, what),
    });
    this.sender = new Sender({
      context: {
        clock,
        transport: options.transport,
        deadlines: this.#deadlines,
        maxResponseBodyBytes: options.maxResponseBodyBytes,
      },
      settler: this.settler,
      activity: this.activity,
      maxConcurrency: options.maxConcurrency,
      runtimeOf: (endpointId) => this.directory.get(endpointId),
      runtimeOfRemoved: options.runtimeOfRemoved,
      onRoom: () => this.scheduler.onRoom(),
    });
    this.scheduler = new Scheduler({
      store,
      clock,
      random,
      lanes: this.sender.lanes,
      owner: this.owner,
      leaseMs: options.leaseMs,
      maxRescues: options.limits.maxRescues,
      maxSleepMs:
        store.capabilities.shared && !store.capabilities.notifications
          ? options.pollIntervalMs
          : options.leaseMs,
      token,
      onLeased: (deliveries) => this.#onLeased(deliveries),
      onRescued: (delivery) => reporter.rescued(delivery, refOf(delivery.endpointId)),
      onError: (error) => reporter.error(error, 'claim due deliveries'),
    });
    this.matcher = new Matcher({
      directory: this.directory,
      random,
      onFilterError: (runtime, error) => reportFunction(error, `The filter of endpoint ${runtime.record.id}`),
    });
    this.fanOut = new FanOut({
      store,
      clock,
      random,
      leaseMs: options.leaseMs,
      match: (message) => this.matcher.match(message),
      onFannedOut: (message, deliveries) => reporter.stored(message, deliveries, refOf),
      onWork: () => this.scheduler.wake(),
      onError: (error) => reporter.error(error, 'match stored messages'),
    });
    this.inbox = new Inbox({
      store,
      clock,
      random,
      activity: this.activity,
      lanes: options.deliver ? this.sender.lanes : undefined,
      owner: this.owner,
      leaseMs: options.leaseMs,
      idempotencyWindowMs: options.idempotencyWindowMs,
      emitTimeoutMs: options.emitTimeoutMs,
      token,
      onStored: (message, deliveries) => reporter.stored(message, deliveries, refOf),
      onLeased: (deliveries) => this.#onLeased(deliveries),
      onLeftBehind: (what) => this.#onLeftBehind(what),
      onStoreError: (error, what) => reporter.error(error, what),
    });
    this.keeper = new Keeper({
      store,
      clock,
      leaseMs: options.leaseMs,
      retention: options.retention,
      pruneIntervalMs: options.pruneIntervalMs,
      pruneBudgetMs: options.pruneBudgetMs,
      heldLeases: () => this.sender.heldLeases(),
      onLost: (tokens) => this.sender.dropLost(tokens),
      onError: (error, what) => reporter.error(error, what),
    });
    const wakeIn = (delayMs: number): void => {
      if (options.deliver) this.scheduler.wakeIn(delayMs);
    };
    this.endpoints = new EndpointAdmin({
      store,
      random,
      reporter,
      activity: this.activity,
      directory: this.directory,
      sender: this.sender,
      inbox: this.inbox,
      handBack: (deliveries) => this.#handBack(deliveries),
      wakeIn,
    });
    this.deliveries = new DeliveryAdmin({ store, reporter, directory: this.directory, wakeIn });
  }

  async start(): Promise<void> {
    // Watch first: a change between loading and watching would be missed.
    this.#unwatch = this.#options.store.watch((change) => {
      if (change.kind === 'endpoint') void this.directory.refresh(change.id);
      else this.#onLeftBehind(change.kind);
    });
    await this.directory.load();
    this.keeper.start();
    this.#onLeftBehind('work');
    this.#onLeftBehind('fan_out');
  }

  /** Matches and stores a message. A process that only stores leaves the matching to the others. */
  emit(message: NewMessage, to: readonly string[] | undefined): Promise<Receipt> {
    const matched =
      to !== undefined
        ? this.matcher.address(message, to)
        : this.#options.deliver
          ? this.matcher.match(message)
          : undefined;
    const entry: AppendEntry = {
      message,
      deliveries: matched ?? NO_DELIVERIES,
      fannedOut: matched !== undefined,
    };
    return this.inbox.add(entry);
  }

  /** Resolves when nothing is left that is due now. */
  async drain(): Promise<void> {
    for (;;) {
      await this.activity.quiet();
      if (!this.#options.deliver) return;
      const matched = await this.fanOut.runAll();
      const claimed = await this.scheduler.claimAll();
      if (matched === 0 && claimed === 0 && this.activity.count === 0) return;
    }
  }

  /** Stops claiming, hands back what is queued, waits for what is in flight, then calls it off. */
  async stop(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#isStopping = true;
    this.sender.lanes.stop();
    this.#unwatch?.();
    this.#handBack(this.sender.takeQueued());
    await Promise.all([this.scheduler.stop(), this.fanOut.stop(), this.keeper.stop()]);
    if (!(await within(this.activity.quiet(), timeoutMs, clock))) {
      this.sender.interruptAll();
      await within(this.activity.quiet(), FLUSH_TIMEOUT_MS, clock);
    }
  }

  #onLeased(deliveries: readonly LeasedDelivery[]): void {
    if (this.#isStopping) this.#handBack(deliveries);
    else
      this.sender.accept(
        deliveries[0]?.message.test === true ? this.endpoints.takeTests(deliveries) : deliveries,
      );
  }

  /** As if never claimed: due now, attempt refunded. */
  #handBack(deliveries: readonly LeasedDelivery[]): void {
    if (deliveries.length === 0) return;
    const leases = deliveries.map(({ id, lease }): Lease => ({ deliveryId: id, lease }));
    this.activity.begin(1);
    this.#options.store
      .release({ leases, refund: true })
      .catch((error: unknown) =>
        this.#options.reporter.error(error, 'hand back leases; they are rescued when they expire'),
      )
      .finally(() => this.activity.end(1));
  }

  #onLeftBehind(what: 'work' | 'fan_out'): void {
    if (!this.#options.deliver) return;
    if (what === 'work') this.scheduler.wake();
    else this.fanOut.wake();
  }
}

const NO_DELIVERIES: readonly NewDelivery[] = [];
/** How long a stop waits for outcomes of called-off attempts to be written. */
const FLUSH_TIMEOUT_MS = 2_000;

/** Whether it happened within the time. */
async function within(happening: Promise<void>, timeoutMs: number, clock: Clock): Promise<boolean> {
  if (timeoutMs <= 0) return false;
  let timer: { cancel(): void } | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = clock.setTimer(() => resolve(false), timeoutMs, true);
  });
  const result = await Promise.race([happening.then(() => true), late]);
  timer?.cancel();
  return result;
}
