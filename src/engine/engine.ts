/**
 * The running part, wired: inbox → lanes → attempt → settle, with scheduler, fan-out and keeper around them. Decides
 * nothing: decisions are in core/, effects in the parts.
 */
import type { Clock, Random } from '../clock.ts';
import { isDirective } from '../core/decide.ts';
import { createToken } from '../core/id.ts';
import {
  type EndpointRecord,
  hasLimits,
  laneLimitsOf,
  type RateLimit,
  type ResolvedDeliverySettings,
} from '../core/endpoint.ts';
import type { Message } from '../core/message.ts';
import type { SwitchState } from '../core/switch-state.ts';
import type { TransitionLimits } from '../core/transition.ts';
import type { LeasedDelivery, NewDelivery, NewMessage, Retention, Store } from '../store/store.ts';
import type { Transport } from '../transport/transport.ts';
import { Alerts, type AlertsOptions } from './alerts.ts';
import { Activity } from './activity.ts';
import type { Attempt } from './attempt.ts';
import { Breakers } from './breakers.ts';
import { Deadlines } from './deadlines.ts';
import type { Destinations } from './destinations.ts';
import { Directory } from './directory.ts';
import { DeliveryAdmin } from './delivery-admin.ts';
import { EndpointAdmin } from './endpoint-admin.ts';
import { EndpointHolds } from './endpoint-holds.ts';
import { EndpointTests } from './endpoint-tests.ts';
import { EndpointVerifier } from './endpoint-verifier.ts';
import type { EngineContext } from './engine-context.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import { EndpointDirectives } from './endpoint-directives.ts';
import { FailureWatch } from './failure-watch.ts';
import { FanOut } from './fan-out.ts';
import { Inbox, type Receipt } from './inbox.ts';
import { Keeper } from './keeper.ts';
import { LeaseReturns } from './lease-returns.ts';
import { longestSleepMs } from './longest-sleep.ts';
import { Matcher } from './matcher.ts';
import { OrderGate } from './order-gate.ts';
import { Replayer } from './replayer.ts';
import type { Reporter } from './reporter.ts';
import type { Recipient } from './recipients.ts';
import { Scheduler } from './scheduler.ts';
import { laneSettingsOf, Sender } from './sender.ts';
import type { Settled } from './concluded-attempt.ts';
import { Settler } from './settler.ts';
import { Switch, SWITCH_KEY } from './switch.ts';
import { TokenSource } from './token-source.ts';
import { within } from './within.ts';

export interface EngineOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly reporter: Reporter;
  readonly compile: (record: EndpointRecord) => EndpointRuntime;
  readonly destinations: Destinations;
  readonly runtimeOfRemoved: (endpointId: string) => EndpointRuntime;
  readonly deliver: boolean;
  readonly maxConcurrency: number;
  readonly maxResponseBodyBytes: number;
  readonly idempotencyWindowMs: number;
  readonly emitTimeoutMs: number;
  readonly maxTokens: number;
  readonly tokenMarginMs: number;
  readonly tokenLifetimeMs: number;
  readonly leaseMs: number;
  readonly pollIntervalMs: number;
  readonly notifiedSleepMs: number;
  readonly unsharedSleepMs: number;
  readonly flushTimeoutMs: number;
  readonly retention: Retention;
  readonly limits: TransitionLimits;
  readonly pruneIntervalMs: number;
  readonly pruneBudgetMs: number;
  readonly alerts: AlertsOptions['alerts'];
  readonly alertIntervalMs: number;
  readonly maxVerifications: number;
  readonly verificationDelaysMs: readonly number[];
  readonly handshakeOrigin: string | undefined;
  readonly createOwnMessage: (type: string, data: object, tenant: string) => Message;
  readonly maxRate: RateLimit | undefined;
  readonly maxEndpointsPerTenant: number;
  /** Settings of endpoints that have none of their own. */
  readonly delivery: ResolvedDeliverySettings;
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
  readonly switch: Switch;
  readonly endpoints: EndpointAdmin;
  readonly tests: EndpointTests;
  readonly verifier: EndpointVerifier;
  readonly deliveries: DeliveryAdmin;
  readonly replays: Replayer;
  readonly #deadlines: Deadlines<Attempt>;
  readonly #tokens: TokenSource;
  readonly #directives: EndpointDirectives;
  readonly #breakers: Breakers;
  readonly #failures: FailureWatch;
  readonly #alerts: Alerts;
  readonly #returns: LeaseReturns;
  readonly #holds: EndpointHolds;
  readonly #gate = new OrderGate();
  readonly #options: EngineOptions;
  #unwatch: (() => void) | undefined;
  #isStopping = false;

  constructor(options: EngineOptions) {
    const { clock, random, reporter } = options;
    const token = (): string => createToken(random);
    const context: EngineContext = { ...options, activity: this.activity, owner: token(), token };
    const returns = new LeaseReturns({
      ...context,
      onDiscarded: ({ id, message, endpointId }, reason) =>
        this.directory.withRef(endpointId, (ref) => reporter.discarded(id, message, ref, reason)),
    });
    this.#returns = returns;
    this.#options = options;
    this.directory = new Directory({
      ...options,
      onChange: (runtime) => {
        this.sender.lanes.configure(runtime.laneId, laneSettingsOf(runtime));
        this.verifier.note(runtime);
      },
      onPaused: (endpointId) => void this.#returns.handBack(this.sender.takeQueued(endpointId)),
    });
    this.#deadlines = new Deadlines(clock);
    this.#tokens = new TokenSource(options);
    this.switch = new Switch({ ...context, onChange: (state) => this.#onSwitch(state) });
    this.matcher = new Matcher({
      ...context,
      directory: this.directory,
      discardReason: () => (this.switch.discards ? 'dispatcher_paused' : undefined),
    });
    this.settler = new Settler({
      ...context,
      limits: options.limits,
      onSettled: (settled) => this.#onSettled(settled),
      onDirective: (delivery) => this.sender.lanes.hold(delivery),
      onWritten: () => this.scheduler.onRoom(),
    });
    this.sender = new Sender({
      ...options,
      activity: this.activity,
      settler: this.settler,
      attempts: { ...options, deadlines: this.#deadlines, tokens: this.#tokens },
      runtimeOf: (endpointId) => this.directory.get(endpointId),
      findRuntime: (endpointId) => this.directory.find(endpointId),
      takeBack: (delivery, runtime) => this.#holds.takeBack(delivery, runtime),
      onRoom: () => this.scheduler.onRoom(),
      onSurplus: (deliveries) => void returns.handBack(deliveries).then(() => this.scheduler.wake()),
    });
    const { lanes } = this.sender;
    const maxSleepMs = longestSleepMs(options);
    this.scheduler = new Scheduler({
      ...context,
      deliver: options.deliver,
      lanes,
      maxRescues: options.limits.maxRescues,
      maxSleepMs,
      onLeased: (deliveries) => this.#onLeased(deliveries),
      onRescued: (delivery) =>
        this.directory.withRef(delivery.endpointId, (ref) => reporter.rescued(delivery, ref)),
    });
    const onStored = (message: NewMessage, deliveries: readonly NewDelivery[]): void =>
      reporter.stored(message, deliveries, this.directory);
    this.fanOut = new FanOut({
      ...context,
      maxSleepMs,
      match: (message) => this.matcher.match(message),
      upToDate: () => this.directory.upToDate(),
      onFannedOut: onStored,
      onWork: () => this.scheduler.wake(),
    });
    this.inbox = new Inbox({
      ...context,
      idempotencyWindowMs: options.idempotencyWindowMs,
      emitTimeoutMs: options.emitTimeoutMs,
      lanes: options.deliver ? lanes : undefined,
      onStored,
      onLeased: (deliveries) => this.#onLeased(deliveries),
      isLimited: (endpointId) => hasLimits(laneLimitsOf(this.directory.get(endpointId)?.record ?? {})),
      handBack: (deliveries) => void returns.handBack(deliveries).then(() => this.scheduler.wake()),
      onLeftBehind: (deliveries) => this.scheduler.wakeFor(deliveries.map(({ laneId }) => laneId)),
      onUnmatched: () => this.#onLeftBehind('fan_out'),
      onRoom: () => this.scheduler.onRoom(),
    });
    this.keeper = new Keeper({
      ...options,
      heldLeases: () => [...this.sender.heldLeases(), ...this.settler.heldLeases()],
      onLost: (leases) => this.sender.dropLost(leases),
    });
    const wakeIn = (delayMs: number): void => this.scheduler.wakeIn(delayMs);
    const { directory, sender, inbox } = this;
    this.#holds = new EndpointHolds({
      ...context,
      delivery: options.delivery,
      directory,
      sender,
      returns,
      wakeIn,
    });
    this.endpoints = new EndpointAdmin({
      ...context,
      maxEndpointsPerTenant: options.maxEndpointsPerTenant,
      holds: this.#holds,
      directory,
      sender,
      returns,
      wakeIn,
    });
    const admin = this.endpoints;
    this.tests = new EndpointTests({ ...context, deliver: options.deliver, admin, directory, sender, inbox });
    this.verifier = new EndpointVerifier({ ...options, ...context, tokens: this.#tokens, admin, directory });
    this.#directives = new EndpointDirectives({ ...context, admin, sender, returns, wakeIn });
    this.#breakers = new Breakers({
      ...context,
      hold: (delivery) => lanes.hold(delivery),
      letGo: (delivery) => lanes.letGo(delivery),
      handBack: async (laneId) => returns.handBack(sender.takeQueued(laneId)),
      wakeIn,
    });
    this.#failures = new FailureWatch({ ...context, admin });
    this.#alerts = new Alerts({ ...context, ...options });
    this.deliveries = new DeliveryAdmin({ ...context, directory, sender, returns, wakeIn });
    this.replays = new Replayer({ ...context, directory, matcher: this.matcher, wakeIn });
  }

  async start(): Promise<void> {
    // Watch first: a change between loading and watching would be missed.
    this.#unwatch = this.#options.store.watch((change) => {
      if (change.kind === 'endpoint') this.directory.onChange(change.id);
      else if (change.kind === 'problem') this.#options.reporter.storeTold(change.problem);
      else if (change.kind !== 'setting') this.#onLeftBehind(change.kind);
      else if (change.key === SWITCH_KEY) this.switch.refresh();
    });
    await this.switch.load();
    await this.directory.load();
    this.keeper.start();
    this.#alerts.start();
    this.#onLeftBehind('work');
    this.#onLeftBehind('fan_out');
  }

  /** Matches and stores a message. A process that only stores leaves the matching to the others. */
  emit(message: NewMessage, to: readonly Recipient[] | undefined): Promise<Receipt> {
    const changes = this.directory.upToDate();
    if (changes === undefined && this.#gate.isFree) return this.#store(message, to);
    return this.#gate.pass(changes, () => this.#store(message, to));
  }

  #store(message: NewMessage, to: readonly Recipient[] | undefined): Promise<Receipt> {
    if (to !== undefined) {
      const { deliveries, hiddenEndpoints } = this.matcher.address(message, to);
      return this.inbox.add({ message, deliveries, fannedOut: true }, hiddenEndpoints);
    }
    const matched = this.#options.deliver ? this.matcher.match(message) : undefined;
    return this.inbox.add({ message, deliveries: matched ?? [], fannedOut: matched !== undefined });
  }

  /** Matches and stores a message of our own, for others than the endpoint that it is about; nothing, when none of them wants it. */
  async emitOwn(message: NewMessage, aboutEndpointId: string): Promise<void> {
    await this.directory.upToDate();
    const matched = this.matcher.match(message);
    if (matched === undefined) {
      await this.inbox.add({ message, deliveries: [], fannedOut: false });
      return;
    }
    const deliveries = matched.filter(({ endpointId }) => endpointId !== aboutEndpointId);
    if (deliveries.length > 0) await this.inbox.add({ message, deliveries, fannedOut: true });
  }

  /** Resolves when nothing is left that is due now. */
  async drain(): Promise<void> {
    for (;;) {
      await this.activity.quiet();
      if (!this.#options.deliver) return;
      const matched = await this.fanOut.runAll();
      const claimed = await this.scheduler.claimAll();
      if (this.#isStopping || (matched === 0 && claimed === 0 && this.activity.count === 0)) return;
    }
  }

  /** Stops claiming, hands back what is queued, waits for what is in flight, then calls it off. */
  async stop(timeoutMs: number): Promise<void> {
    const { clock, flushTimeoutMs } = this.#options;
    this.#isStopping = true;
    this.sender.lanes.stop();
    this.directory.stop();
    this.verifier.stop();
    this.switch.stop();
    this.#alerts.stop();
    this.#unwatch?.();
    void this.#returns.handBack(this.sender.takeQueued());
    // A store that does not answer must not hold the host, so its calls are waited for inside the limit.
    const claimed = Promise.all([this.scheduler.stop(), this.fanOut.stop(), this.replays.stop()]);
    const finished = claimed.then(() => this.activity.quiet());
    if (!(await within(finished, timeoutMs, clock))) {
      this.sender.interruptAll();
      this.verifier.interruptAll();
      await within(finished, flushTimeoutMs, clock);
    }
    await within(this.keeper.stop(), flushTimeoutMs, clock);
    this.inbox.close();
    this.settler.close();
    this.tests.close();
    this.#tokens.stop();
    this.#deadlines.stop();
    this.activity.close();
  }

  #onSettled(settled: Settled): void {
    const { result, transition, decision, delivery } = settled;
    this.sender.lanes.onWritten(delivery);
    this.#options.reporter.settled(settled);
    if (result.kind === 'settled' && result.state === 'scheduled') this.scheduler.wakeIn(transition.delayMs);
    // The next one of its ordering key has its turn; or an earlier try was written though it seemed to fail, and has planned a retry.
    else if (delivery.ordered || result.kind === 'lost') this.scheduler.wakeFor([delivery.laneId]);
    // So has the next one of a lane that was full, whatever becomes of this one.
    if (delivery.counted) this.scheduler.wakeFor([delivery.laneId]);
    if (delivery.message.test) return;
    if (result.kind === 'settled') {
      this.#breakers.note(settled);
      this.#failures.note(settled);
      this.#alerts.note(settled);
    }
    if (!isDirective(decision)) return;
    const letGo = (): void => this.sender.lanes.letGo(delivery);
    if (result.kind === 'lost') letGo();
    else void this.#directives.apply(settled, decision).then(letGo);
  }

  /** Nothing is sent from now on, or again; attempts in flight end by themselves. */
  async #onSwitch(state: SwitchState): Promise<void> {
    const isOpen = state === undefined;
    this.sender.lanes.setOpen(isOpen);
    if (isOpen) this.#onLeftBehind('work');
    else await this.#returns.handBack(this.sender.takeQueued());
  }

  #onLeased(deliveries: readonly LeasedDelivery[]): void {
    this.keeper.onLeased();
    if (!this.#isStopping && this.switch.state === undefined && !this.directory.hasPaused)
      return this.#accept(deliveries);
    const isUnwanted = ({ endpointId, message }: LeasedDelivery): boolean =>
      this.#isStopping ||
      (!message.test && (this.switch.state !== undefined || this.directory.isPaused(endpointId)));
    if (deliveries.some(isUnwanted)) {
      void this.#returns.handBack(deliveries.filter(isUnwanted));
      return this.#accept(deliveries.filter((delivery) => !isUnwanted(delivery)));
    }
    this.#accept(deliveries);
  }

  #accept(deliveries: readonly LeasedDelivery[]): void {
    this.sender.accept(this.tests.takeLeased(deliveries));
  }

  #onLeftBehind(what: 'work' | 'fan_out'): void {
    if (!this.#options.deliver) return;
    if (what === 'work') this.scheduler.wake();
    else this.fanOut.wake();
  }
}
