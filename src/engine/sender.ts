/**
 * The sender: from a leased delivery to a concluded attempt. Owns what is in flight.
 */
import type { Outcome } from '../core/outcome.ts';
import type { Lease, LeasedDelivery } from '../store/store.ts';
import type { Activity } from './activity.ts';
import { Attempt, type AttemptContext } from './attempt.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import { Lanes, type Lane } from './lanes.ts';
import type { Settled } from './concluded-attempt.ts';
import type { Settler } from './settler.ts';

export interface SenderOptions {
  readonly attempts: AttemptContext;
  readonly settler: Settler;
  readonly activity: Activity;
  readonly maxConcurrency: number;
  readonly runtimeOf: (endpointId: string) => EndpointRuntime | undefined;
  /** Stands in for an endpoint that is gone. */
  readonly runtimeOfRemoved: (endpointId: string) => EndpointRuntime;
  readonly onRoom: () => void;
}

export class Sender {
  readonly lanes: Lanes;
  readonly #options: SenderOptions;
  readonly #inFlight = new Set<Attempt>();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.lanes = new Lanes({
      maxConcurrency: options.maxConcurrency,
      concurrencyOf: (endpointId) => options.runtimeOf(endpointId)?.settings.concurrency ?? 1,
      start: (delivery, lane) => this.#start(delivery, lane),
      onRoom: options.onRoom,
    });
  }

  get inFlight(): number {
    return this.#inFlight.size;
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
      this.#inFlight.add(attempt);
      attempt.start();
    });
  }

  heldLeases(): Lease[] {
    const leases: Lease[] = [];
    for (const delivery of this.lanes.queuedDeliveries())
      leases.push({ deliveryId: delivery.id, lease: delivery.lease });
    for (const { delivery } of this.#inFlight)
      leases.push({ deliveryId: delivery.id, lease: delivery.lease });
    return leases;
  }

  /** Takes queued deliveries back, as unsent: of one endpoint, or all. */
  takeQueued(endpointId?: string): LeasedDelivery[] {
    const taken = this.lanes.takeQueued(endpointId);
    this.#options.activity.end(taken.length);
    return taken;
  }

  /** Takes one queued delivery back, as unsent; undefined when it is not queued here. */
  takeOne(deliveryId: string, endpointId: string): LeasedDelivery | undefined {
    const taken = this.lanes.takeOne(deliveryId, endpointId);
    if (taken !== undefined) this.#options.activity.end(1);
    return taken;
  }

  /** Drops queued deliveries whose lease is lost; somebody else has them. */
  dropLost(tokens: ReadonlySet<string>): void {
    for (const delivery of [...this.lanes.queuedDeliveries()]) {
      if (tokens.has(delivery.lease)) this.takeOne(delivery.id, delivery.endpointId);
    }
  }

  /** Calls off everything in flight. */
  interruptAll(): void {
    for (const attempt of [...this.#inFlight]) attempt.interrupt();
  }

  #start(delivery: LeasedDelivery, lane: Lane): void {
    const runtime = this.#options.runtimeOf(delivery.endpointId);
    if (runtime === undefined || runtime.record.status === 'disabled') {
      this.#options.settler.withdraw(
        delivery,
        runtime ?? this.#options.runtimeOfRemoved(delivery.endpointId),
        runtime === undefined ? 'endpoint_removed' : 'endpoint_disabled',
      );
      this.lanes.finish(lane);
      this.#options.activity.end(1);
      return;
    }
    const attempt = new Attempt(this.#options.attempts, delivery, runtime, (ended, outcome) => {
      this.#conclude(ended, outcome, undefined);
      this.lanes.finish(lane);
    });
    this.#inFlight.add(attempt);
    attempt.start();
  }

  #conclude(attempt: Attempt, outcome: Outcome, onWritten: ((settled: Settled) => void) | undefined): void {
    this.#inFlight.delete(attempt);
    this.#options.settler.settle(
      { delivery: attempt.delivery, runtime: attempt.runtime, outcome, durationMs: attempt.durationMs },
      onWritten,
    );
    this.#options.activity.end(1);
  }
}
