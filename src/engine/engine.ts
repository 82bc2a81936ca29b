/**
 * The running part, wired: inbox → lanes → attempt → settle, with scheduler, fan-out and keeper around them; what comes after is in
 * after-attempt.ts. Decides nothing: decisions are in core/, effects in the parts.
 */
import { createToken } from '../core/id.ts';
import { hasLimits, type LaneLimits, laneLimitsOf } from '../core/endpoint.ts';
import type { SwitchState } from '../core/switch-state.ts';
import type { LeasedDelivery, NewDelivery, NewMessage } from '../store/store.ts';
import { Activity } from './activity.ts';
import { AfterAttempt } from './after-attempt.ts';
import type { Attempt } from './attempt.ts';
import { ChangeReads } from './change-reads.ts';
import { Deadlines } from './deadlines.ts';
import { Directory } from './directory.ts';
import { DeliveryAdmin } from './delivery-admin.ts';
import { EndpointAdmin } from './endpoint-admin.ts';
import { EndpointHolds } from './endpoint-holds.ts';
import { EndpointTests } from './endpoint-tests.ts';
import { EndpointVerifier } from './endpoint-verifier.ts';
import type { EngineContext } from './engine-context.ts';
import type { EngineOptions } from './engine-options.ts';
import { FanOut } from './fan-out.ts';
import { Inbox } from './inbox.ts';
import { Intake } from './intake.ts';
import { Keeper } from './keeper.ts';
import { LeaseGate } from './lease-gate.ts';
import { LeaseReturns } from './lease-returns.ts';
import { longestSleepMs } from './longest-sleep.ts';
import { Matcher } from './matcher.ts';
import { Replayer } from './replayer.ts';
import { Scheduler } from './scheduler.ts';
import { laneSettingsOf, Sender } from './sender.ts';
import { Settler } from './settler.ts';
import { Switch, SWITCH_KEY } from './switch.ts';
import { TokenSource } from './token-source.ts';
import { within } from './within.ts';

export class Engine {
  readonly activity = new Activity();
  readonly directory: Directory;
  readonly inbox: Inbox;
  readonly intake: Intake;
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
  readonly #changes: ChangeReads;
  readonly #deadlines: Deadlines<Attempt>;
  readonly #tokens: TokenSource;
  readonly #afterAttempt: AfterAttempt;
  readonly #returns: LeaseReturns;
  readonly #leaseGate: LeaseGate;
  readonly #holds: EndpointHolds;
  readonly #options: EngineOptions;
  #unwatch: (() => void) | undefined;
  /** Endpoints and the switch are known: before, messages would be matched with none of them, or sent though they are to wait. */
  #isLoaded = false;
  #isStopping = false;

  constructor(options: EngineOptions) {
    const { clock, random, reporter } = options;
    const token = (): string => createToken(random);
    this.#changes = new ChangeReads(options);
    const changes = this.#changes;
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
      changes,
      onChange: (runtime) => {
        this.sender.lanes.configure(runtime.laneId, laneSettingsOf(runtime));
        this.verifier.note(runtime);
      },
      onWaiting: (endpointId) => void this.#leaseGate.handBack(this.sender.takeQueued(endpointId)),
      onReady: () => this.#onLeftBehind('work'),
      onReadable: () => this.#onLeftBehind('fan_out'),
    });
    this.#deadlines = new Deadlines(clock);
    this.#tokens = new TokenSource(options);
    this.switch = new Switch({ ...context, changes, onChange: (state) => this.#onSwitch(state) });
    this.#leaseGate = new LeaseGate({
      returns,
      directory: this.directory,
      switch: this.switch,
      isStopping: () => this.#isStopping,
      onWork: () => this.#onLeftBehind('work'),
    });
    this.matcher = new Matcher({ ...context, directory: this.directory, switch: this.switch });
    this.settler = new Settler({
      ...context,
      limits: options.limits,
      onSettled: (settled) => this.#afterAttempt.onSettled(settled),
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
      holdsLeases: () => this.keeper.holdsLeases,
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
      changes,
      deliver: options.deliver,
      maxSleepMs,
      match: (message) => this.matcher.match(message),
      canMatch: () => !this.directory.hasUnreadable,
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
      isLimited: (endpointId) => hasLimits(this.#limitsOf(endpointId)),
      handBack: (deliveries) => void returns.handBack(deliveries).then(() => this.scheduler.wake()),
      onLeftBehind: (deliveries) => this.scheduler.wakeFor(deliveries.map(({ laneId }) => laneId)),
      onUnmatched: () => this.#onLeftBehind('fan_out'),
      onRoom: () => this.scheduler.onRoom(),
    });
    this.intake = new Intake({ ...options, changes, matcher: this.matcher, inbox: this.inbox });
    this.keeper = new Keeper({
      ...options,
      held: () => [...this.sender.held(), ...this.settler.held()],
      onLost: (leases) => this.sender.dropLost(leases),
      onRenewed: () => this.sender.lanes.pump(),
    });
    const wakeIn = (delayMs: number): void => this.scheduler.wakeIn(delayMs);
    const { directory, sender, inbox } = this;
    this.#holds = new EndpointHolds({
      ...context,
      delivery: options.delivery,
      directory,
      sender,
      returns,
      mark: (id, change) => this.endpoints.mark(id, change),
      wakeIn,
    });
    this.endpoints = new EndpointAdmin({
      ...context,
      changes,
      maxEndpointsPerTenant: options.maxEndpointsPerTenant,
      holds: this.#holds,
      directory,
      sender,
      returns,
      wakeIn,
    });
    this.#afterAttempt = new AfterAttempt({
      ...context,
      alerts: options.alerts,
      alertIntervalMs: options.alertIntervalMs,
      admin: this.endpoints,
      sender,
      scheduler: this.scheduler,
      returns,
      limitsOf: (endpointId) => this.#limitsOf(endpointId),
    });
    const admin = this.endpoints;
    this.tests = new EndpointTests({ ...context, admin, directory, sender, inbox });
    this.verifier = new EndpointVerifier({ ...options, ...context, tokens: this.#tokens, admin, directory });
    this.deliveries = new DeliveryAdmin({ ...context, directory, sender, returns, wakeIn });
    this.replays = new Replayer({ ...context, changes, directory, matcher: this.matcher, wakeIn });
  }

  async start(): Promise<void> {
    // Watch first: a change between loading and watching would be missed.
    this.#unwatch = this.#options.store.watch((change) => {
      if (change.kind === 'endpoint') this.directory.onChange(change.id);
      else if (change.kind === 'problem') this.#options.reporter.storeTold(change.problem);
      else if (change.kind !== 'setting') this.#onLeftBehind(change.kind);
      else if (change.key === undefined || change.key === SWITCH_KEY) this.switch.refresh();
    });
    await this.switch.load();
    await this.directory.load();
    this.#isLoaded = true;
    this.keeper.start();
    this.#afterAttempt.start();
    this.#onLeftBehind('work');
    this.#onLeftBehind('fan_out');
  }

  /** Resolves when nothing is left that is due now, and that no limit holds back. */
  async drain(): Promise<void> {
    const held = (): number => this.sender.lanes.heldByRate;
    for (;;) {
      await this.activity.quiet(held);
      if (!this.#options.deliver) return;
      const matched = await this.fanOut.runAll();
      const claimed = await this.scheduler.claimAll();
      if (this.#isStopping || (matched === 0 && claimed === 0 && this.activity.count <= held())) return;
    }
  }

  /** Stops claiming, hands back what is queued, waits for what is in flight, then calls it off. */
  async stop(timeoutMs: number): Promise<void> {
    const { clock, flushTimeoutMs } = this.#options;
    this.#isStopping = true;
    this.sender.lanes.stop();
    this.verifier.stop();
    this.#afterAttempt.stop();
    void this.#returns.handBack(this.sender.takeQueued());
    // A store that does not answer must not hold the host, so its calls are waited for inside the limit.
    const matched = Promise.all([this.fanOut.stop(), this.intake.cleared]).then(() => this.#stopListening());
    const claimed = Promise.all([this.scheduler.stop(), matched, this.replays.stop()]);
    const finished = claimed.then(() => this.activity.quiet());
    if (!(await within(finished, timeoutMs, clock))) {
      this.#stopListening();
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

  /** What is matched after it, others have to match: nobody here hears of changes any more. */
  #stopListening(): void {
    this.#changes.stop();
    this.#unwatch?.();
  }

  /** As far as this process knows. */
  #limitsOf(endpointId: string): LaneLimits {
    return laneLimitsOf(this.directory.get(endpointId)?.record ?? {});
  }

  /** Nothing is sent from now on, or again; attempts in flight end by themselves. */
  async #onSwitch(state: SwitchState): Promise<void> {
    const isOpen = state === undefined;
    this.sender.lanes.setOpen(isOpen);
    if (isOpen) this.#onLeftBehind('work');
    else await this.#leaseGate.handBack(this.sender.takeQueued());
  }

  #onLeased(deliveries: readonly LeasedDelivery[]): void {
    this.keeper.onLeased();
    this.sender.accept(this.tests.takeLeased(this.#leaseGate.admit(deliveries)));
  }

  #onLeftBehind(what: 'work' | 'fan_out'): void {
    if (!this.#options.deliver || !this.#isLoaded) return;
    if (what === 'work') this.scheduler.wake();
    else this.fanOut.wake();
  }
}
