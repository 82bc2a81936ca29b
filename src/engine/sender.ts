/**
 * The sender: from a leased delivery to a concluded attempt. Owns what is in flight.
 */
import type { Clock } from '../clock.ts';
import { isOutage } from '../core/breaker.ts';
import { hasLimits, laneLimitsOf, type RateLimit } from '../core/endpoint.ts';
import type { Outcome } from '../core/outcome.ts';
import { describeError } from '../errors.ts';
import type { Lease, LeasedDelivery } from '../store/store.ts';
import type { Activity } from './activity.ts';
import { Attempt, type AttemptContext } from './attempt.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { LaneSettings, LocalLane } from './local-lane.ts';
import { LocalLanes } from './local-lanes.ts';
import type { Settled } from './concluded-attempt.ts';
import type { Settler } from './settler.ts';

export interface SenderOptions {
  readonly attempts: AttemptContext;
  readonly clock: Clock;
  readonly settler: Settler;
  readonly activity: Activity;
  readonly maxConcurrency: number;
  readonly maxRate: RateLimit | undefined;
  readonly runtimeOf: (endpointId: string) => EndpointRuntime | undefined;
  /** Asks the store for an endpoint that is not known here; rejects when a stop comes before the answer. */
  readonly findRuntime: (endpointId: string) => Promise<EndpointRuntime | undefined>;
  /** Stands in for an endpoint that is gone. */
  readonly runtimeOfRemoved: (endpointId: string) => EndpointRuntime;
  /** Takes over a delivery of a disabled endpoint, not to be discarded; false when it is to be. */
  readonly takeBack: (delivery: LeasedDelivery, runtime: EndpointRuntime) => boolean;
  readonly holdsLeases: () => boolean;
  readonly onRoom: () => void;
  /** Deliveries that were taken back, unsent, because their endpoint has become slower. */
  readonly onSurplus: (deliveries: readonly LeasedDelivery[]) => void;
}

/** Until it is known. */
const UNKNOWN: LaneSettings = { concurrency: 1, isLimited: false };

/** What an endpoint says of its lane. */
export function laneSettingsOf({ settings, record }: EndpointRuntime): LaneSettings {
  return { concurrency: settings.concurrency, isLimited: hasLimits(laneLimitsOf(record)) };
}

export class Sender {
  readonly lanes: LocalLanes;
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.lanes = new LocalLanes({
      clock: options.clock,
      maxConcurrency: options.maxConcurrency,
      maxRate: options.maxRate,
      unwritten: () => options.settler.pending,
      settingsOf: (endpointId) => {
        const runtime = options.runtimeOf(endpointId);
        return runtime === undefined ? UNKNOWN : laneSettingsOf(runtime);
      },
      start: (delivery, lane) => this.#start(delivery, lane),
      holdsLeases: options.holdsLeases,
      onRoom: options.onRoom,
      onSurplus: (deliveries) => {
        options.activity.end(deliveries.length);
        options.onSurplus(deliveries);
      },
    });
  }

  get inFlight(): number {
    return this.#attempts.length;
  }

  accept(deliveries: readonly LeasedDelivery[]): void {
    this.#options.activity.begin(deliveries.length);
    for (const delivery of deliveries) this.lanes.enqueue(delivery);
    this.lanes.pump();
  }

  /** Makes one attempt at once, past its lane. Resolves when its outcome is written. */
  sendNow(delivery: LeasedDelivery, runtime: EndpointRuntime): Promise<Settled> {
    this.#options.activity.begin(1);
    return new Promise((resolve) => {
      const attempt = new Attempt(this.#options.attempts, delivery, runtime, (ended, outcome) => {
        this.#conclude(ended, outcome, resolve);
      });
      attempt.start();
    });
  }

  /** Deliveries that are queued or in flight. */
  held(): LeasedDelivery[] {
    return [...this.lanes.queuedDeliveries(), ...this.#attempts.map(({ delivery }) => delivery)];
  }

  /** Takes queued deliveries back, as unsent: of one lane, or all. */
  takeQueued(laneId?: string): LeasedDelivery[] {
    const taken = this.lanes.takeQueued(laneId);
    this.#options.activity.end(taken.length);
    return taken;
  }

  /** Takes one queued delivery back, as unsent; undefined when it is not queued here. */
  takeOne(deliveryId: string): LeasedDelivery | undefined {
    const taken = this.lanes.takeOne(deliveryId);
    if (taken !== undefined) this.#options.activity.end(1);
    return taken;
  }

  /** Drops queued deliveries whose lease is lost; somebody else has them. */
  dropLost(lost: readonly Lease[]): void {
    const tokens = new Map(lost.map(({ deliveryId, lease }) => [deliveryId, lease]));
    for (const { id, lease } of [...this.lanes.queuedDeliveries()]) {
      if (tokens.get(id) === lease) this.takeOne(id);
    }
  }

  /** Calls off everything in flight. */
  interruptAll(): void {
    for (const attempt of [...this.#attempts]) attempt.interrupt();
  }

  /**
   * What is in flight. Deadlines keep it: a Set here, which every attempt enters and leaves, is rebuilt all the time, and
   * its former tables keep ended attempts alive until the next full garbage collection.
   */
  get #attempts(): readonly Attempt[] {
    return this.#options.attempts.deadlines.entries;
  }

  #start(delivery: LeasedDelivery, lane: LocalLane): void {
    const runtime = this.#options.runtimeOf(delivery.endpointId);
    if (runtime === undefined) void this.#startUnknown(delivery, lane);
    else this.#startKnown(delivery, lane, runtime);
  }

  /** An endpoint may have been created by another process a moment ago: only the store knows that there is none. */
  async #startUnknown(delivery: LeasedDelivery, lane: LocalLane): Promise<void> {
    const { findRuntime, runtimeOfRemoved, settler } = this.#options;
    let runtime: EndpointRuntime | undefined;
    try {
      runtime = await findRuntime(delivery.endpointId);
    } catch (error) {
      const outcome = { kind: 'interrupted', detail: describeError(error) } as const;
      settler.settle({ delivery, runtime: runtimeOfRemoved(delivery.endpointId), outcome, durationMs: 0 });
      return this.#endUnsent(lane);
    }
    if (runtime !== undefined) return this.#startKnown(delivery, lane, runtime);
    this.#withdraw(delivery, lane, runtimeOfRemoved(delivery.endpointId), 'endpoint_removed');
  }

  #startKnown(delivery: LeasedDelivery, lane: LocalLane, runtime: EndpointRuntime): void {
    if (runtime.record.status === 'disabled') {
      if (this.#options.takeBack(delivery, runtime)) return this.#endUnsent(lane);
      return this.#withdraw(delivery, lane, runtime, 'endpoint_disabled');
    }
    const attempt = new Attempt(this.#options.attempts, delivery, runtime, (ended, outcome) => {
      try {
        this.#conclude(ended, outcome, undefined);
      } finally {
        this.lanes.finish(lane, isOutage(outcome));
      }
    });
    attempt.start();
  }

  #withdraw(
    delivery: LeasedDelivery,
    lane: LocalLane,
    runtime: EndpointRuntime,
    reason: 'endpoint_removed' | 'endpoint_disabled',
  ): void {
    this.#options.settler.withdraw(delivery, runtime, reason);
    this.#endUnsent(lane);
  }

  #endUnsent(lane: LocalLane): void {
    this.lanes.finish(lane);
    this.#options.activity.end(1);
  }

  #conclude(attempt: Attempt, outcome: Outcome, onWritten: ((settled: Settled) => void) | undefined): void {
    const { delivery, runtime, durationMs } = attempt;
    try {
      this.#options.settler.settle({ delivery, runtime, outcome, durationMs }, onWritten);
    } finally {
      this.#options.activity.end(1);
    }
  }
}
