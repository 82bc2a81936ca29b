/**
 * Outcomes become state: decide what follows, write it in groups, then tell the world. An outcome that cannot be
 * written is kept and tried again; it is never sent a second time because the record of it failed.
 */
import { decideNext, type Decision, isDirective } from '../core/decide.ts';
import {
  transition,
  type DeliveryEvent,
  type Transition,
  type TransitionLimits,
} from '../core/transition.ts';
import { reasonOf, responseOf } from '../core/outcome.ts';
import { StoreError } from '../errors.ts';
import type { LeasedDelivery, Settlement } from '../store/store.ts';
import type { EngineContext } from './engine-context.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { ConcludedAttempt, Settled } from './concluded-attempt.ts';
import { GroupCommit } from './group-commit.ts';
import { leaseOf } from './lease-returns.ts';
import { capitalize } from './named-function.ts';
import { callRetryFunctions } from './retry-functions.ts';

export interface SettlerOptions extends Pick<
  EngineContext,
  'store' | 'clock' | 'random' | 'activity' | 'reporter'
> {
  readonly limits: TransitionLimits;
  /** An answer concerns the whole endpoint; it is applied once it is written. */
  readonly onDirective: (delivery: LeasedDelivery) => void;
  readonly onSettled: (settled: Settled) => void;
  /** There are fewer outcomes that are not written. */
  readonly onWritten: () => void;
}

interface Pending {
  readonly concluded: ConcludedAttempt;
  readonly decision: Decision | undefined;
  settlement: Settlement;
  tries: number;
  readonly onWritten: ((settled: Settled) => void) | undefined;
}

const MAX_BATCH = 500;

export class Settler {
  readonly #options: SettlerOptions;
  readonly #commit: GroupCommit<Pending>;

  constructor(options: SettlerOptions) {
    this.#options = options;
    this.#commit = new GroupCommit<Pending>({
      clock: options.clock,
      random: options.random,
      maxBatch: MAX_BATCH,
      write: (batch) => this.#write(batch),
      onFailure: (batch, error) => this.#onFailure(batch, error),
      onWritten: options.onWritten,
    });
  }

  /** Outcomes not written yet. */
  get pending(): number {
    return this.#commit.size;
  }

  /** Deliveries whose outcome is not written yet: one whose lease ran out would have its request sent again. */
  held(): LeasedDelivery[] {
    return this.#commit.items().map(({ concluded }) => concluded.delivery);
  }

  /** Gives up on outcomes that could not be written until now; their leases run out and they are sent again. */
  close(): void {
    const left = this.#commit.close();
    if (left.length === 0) return;
    this.#options.reporter.error(
      new StoreError(
        `Stopped before the outcomes of ${left.length} attempts could be written; they will be sent again.`,
      ),
      'write outcomes',
    );
    this.#options.activity.end(left.length);
  }

  settle(concluded: ConcludedAttempt, onWritten?: (settled: Settled) => void): void {
    const { delivery, outcome, durationMs } = concluded;
    const decision = this.#decide(concluded);
    if (isDirective(decision) && !delivery.message.test) this.#options.onDirective(delivery);
    const settlement: Settlement = {
      deliveryId: delivery.id,
      lease: delivery.lease,
      ordered: delivery.ordered,
      transition: this.#transitionAfter(concluded, decision),
      attempt: {
        outcome: outcome.kind,
        reason: reasonOf(outcome),
        detail: outcome.kind === 'delivered' ? undefined : outcome.detail,
        attempt: delivery.attempts,
        durationMs,
        response: responseOf(outcome),
        traceparent: delivery.message.trace?.traceparent,
      },
    };
    this.#push({ concluded, decision, settlement, tries: 0, onWritten });
  }

  /** A leased delivery that must not be sent: its endpoint is gone or disabled. No attempt is logged. */
  withdraw(
    delivery: LeasedDelivery,
    runtime: EndpointRuntime,
    reason: 'endpoint_removed' | 'endpoint_disabled',
  ): void {
    const next = this.#transition(delivery, { kind: 'withdrawn', reason });
    const concluded = {
      delivery,
      runtime,
      outcome: { kind: 'interrupted', detail: 'not sent' },
      durationMs: 0,
    } as const;
    const settlement = { ...leaseOf(delivery), transition: next, attempt: undefined };
    this.#push({ concluded, decision: undefined, settlement, tries: 0, onWritten: undefined });
  }

  #push(pending: Pending): void {
    if (this.#commit.push(pending)) this.#options.activity.begin(1);
  }

  /** What the policy says to a failure of the endpoint. */
  #decide({ delivery, outcome, runtime }: ConcludedAttempt): Decision | undefined {
    if (outcome.kind !== 'endpoint_failed') return undefined;
    const { clock, random, reporter } = this.#options;
    const attemptInRun = delivery.attempts - delivery.attemptsBeforeRun;
    const answers = callRetryFunctions(runtime, delivery, outcome, attemptInRun, (error, what) =>
      reporter.functionFailed(error, capitalize(what)),
    );
    return decideNext({
      reason: outcome.reason,
      status: outcome.response?.status,
      retryAfter: outcome.response?.headers['retry-after'],
      attemptInRun,
      policy: delivery.message.test ? runtime.testPolicy : runtime.policy,
      nowMs: clock.now(),
      draw: random.fraction(),
      override: answers.shouldRetry,
      customDelayMs: answers.delayMs,
    });
  }

  #transitionAfter({ delivery, outcome }: ConcludedAttempt, decision: Decision | undefined): Transition {
    switch (outcome.kind) {
      case 'delivered':
        return this.#transition(delivery, { kind: 'succeeded' });
      case 'endpoint_failed':
        return this.#transition(delivery, {
          kind: 'endpoint_failed',
          reason: outcome.reason,
          next: decision!.verdict,
        });
      case 'interrupted':
        // A test is made once, now, or not at all.
        if (delivery.message.test)
          return this.#transition(delivery, { kind: 'withdrawn', reason: 'cancelled' });
        return this.#transition(delivery, { kind: 'interrupted' });
      case 'dispatcher_failed':
        return this.#transition(delivery, { kind: 'dispatcher_failed', reason: outcome.reason });
    }
  }

  #transition(delivery: LeasedDelivery, event: DeliveryEvent): Transition {
    const { limits } = this.#options;
    const { attempts, attemptsBeforeRun, rescues, faults } = delivery;
    const snapshot = { state: 'sending', attempts, attemptsBeforeRun, rescues, faults } as const;
    const once = { ...limits, maxFaults: 1, maxProxyFaults: 1 };
    return transition(snapshot, event, delivery.message.test ? once : limits)!;
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    for (const pending of batch) pending.tries += 1;
    const results = await this.#options.store.settle({
      settlements: batch.map((pending) => pending.settlement),
    });
    for (let index = 0; index < batch.length; index += 1) {
      const { concluded, decision, settlement, onWritten } = batch[index]!;
      const { delivery, runtime, outcome, durationMs } = concluded;
      const { transition: next } = settlement;
      const result = results[index]!;
      const settled: Settled = { delivery, runtime, outcome, durationMs, decision, transition: next, result };
      // Written is written: what a report of it throws must not have it written again.
      try {
        this.#options.onSettled(settled);
      } catch (error) {
        this.#options.reporter.error(error, 'report an outcome');
      }
      onWritten?.(settled);
    }
    this.#options.activity.end(batch.length);
  }

  /** An outcome that is refused even alone is written without what a stranger put into it. */
  #onFailure(batch: readonly Pending[], error: unknown): readonly Pending[] {
    const what = `write the outcome of ${batch.length} attempts; they are kept in memory and tried again`;
    this.#options.reporter.error(error, what);
    const [alone] = batch;
    if (
      batch.length === 1 &&
      alone !== undefined &&
      alone.tries > 1 &&
      alone.settlement.attempt !== undefined
    ) {
      const attempt = { ...alone.settlement.attempt, detail: undefined, response: undefined };
      alone.settlement = { ...alone.settlement, attempt };
    }
    return batch;
  }
}
