/**
 * Outcomes become state: decide what follows, write it in groups, then tell the world. An outcome that cannot be
 * written is kept and tried again; it is never sent a second time because the record of it failed.
 */
import { decideNext, type Decision } from '../core/decide.ts';
import {
  transition,
  type DeliveryEvent,
  type Transition,
  type TransitionLimits,
} from '../core/transition.ts';
import { StoreError } from '../errors.ts';
import type { Lease, LeasedDelivery, Settlement } from '../store/store.ts';
import type { EngineContext } from './engine-context.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { ConcludedAttempt, Settled } from './concluded-attempt.ts';
import { GroupCommit } from './group-commit.ts';
import { callRetryFunctions } from './retry-functions.ts';

export interface SettlerOptions extends Pick<
  EngineContext,
  'store' | 'clock' | 'random' | 'activity' | 'reporter'
> {
  readonly limits: TransitionLimits;
  readonly onSettled: (settled: Settled) => void;
  /** The endpoint asks for a pause (Retry-After), or is gone (410). */
  readonly onDirective: (runtime: EndpointRuntime, decision: Decision) => void;
}

interface Pending {
  readonly concluded: ConcludedAttempt;
  readonly settlement: Settlement;
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
      onFailure: (batch, error) => {
        options.reporter.error(
          error,
          `write the outcome of ${batch.length} attempts; they are kept in memory and written when the store is back`,
        );
        return batch;
      },
    });
  }

  /** Outcomes not written yet. */
  get pending(): number {
    return this.#commit.size;
  }

  /** Leases of outcomes not written yet: a lease that ran out would have its request sent again. */
  heldLeases(): Lease[] {
    return this.#commit.items().map(({ settlement }) => settlement);
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
    const next = this.#decide(concluded);
    const settlement: Settlement = {
      deliveryId: delivery.id,
      lease: delivery.lease,
      transition: next,
      attempt: {
        outcome: outcome.kind,
        reason:
          outcome.kind === 'endpoint_failed' || outcome.kind === 'dispatcher_failed'
            ? outcome.reason
            : undefined,
        detail: outcome.kind === 'delivered' ? undefined : outcome.detail,
        attempt: delivery.attempts,
        durationMs,
        response:
          outcome.kind === 'delivered' || outcome.kind === 'endpoint_failed' ? outcome.response : undefined,
      },
    };
    this.#options.activity.begin(1);
    this.#commit.push({ concluded, settlement, onWritten });
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
    this.#options.activity.begin(1);
    this.#commit.push({
      concluded,
      settlement: { deliveryId: delivery.id, lease: delivery.lease, transition: next, attempt: undefined },
      onWritten: undefined,
    });
  }

  #decide(concluded: ConcludedAttempt): Transition {
    const { delivery, outcome, runtime } = concluded;
    if (outcome.kind === 'delivered') return this.#transition(delivery, { kind: 'succeeded' });
    if (outcome.kind !== 'endpoint_failed')
      return this.#transition(
        delivery,
        outcome.kind === 'interrupted'
          ? { kind: 'interrupted' }
          : { kind: 'dispatcher_failed', reason: outcome.reason },
      );
    const attemptInRun = delivery.attempts - delivery.attemptsBeforeRun;
    const answers = callRetryFunctions(runtime, delivery, outcome, attemptInRun, (error, what) =>
      this.#options.reporter.functionFailed(error, `The named function ${what}`),
    );
    const decision = decideNext({
      reason: outcome.reason,
      status: outcome.response?.status,
      retryAfter: outcome.response?.headers['retry-after'],
      attemptInRun,
      policy: delivery.message.test ? runtime.testPolicy : runtime.policy,
      nowMs: this.#options.clock.now(),
      draw: this.#options.random.fraction(),
      override: answers.shouldRetry,
      customDelayMs: answers.delayMs,
    });
    if ((decision.blockLaneMs !== undefined || decision.disableEndpoint) && !delivery.message.test)
      this.#options.onDirective(runtime, decision);
    return this.#transition(delivery, {
      kind: 'endpoint_failed',
      reason: outcome.reason,
      next: decision.verdict,
    });
  }

  #transition(delivery: LeasedDelivery, event: DeliveryEvent): Transition {
    const snapshot = {
      state: 'sending',
      attempts: delivery.attempts,
      attemptsBeforeRun: delivery.attemptsBeforeRun,
      rescues: delivery.rescues,
      faults: delivery.faults,
    } as const;
    return transition(snapshot, event, this.#options.limits)!;
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    const results = await this.#options.store.settle({
      settlements: batch.map((pending) => pending.settlement),
    });
    for (let index = 0; index < batch.length; index += 1) {
      const { concluded, settlement, onWritten } = batch[index]!;
      const settled: Settled = { ...concluded, transition: settlement.transition, result: results[index]! };
      this.#options.onSettled(settled);
      onWritten?.(settled);
    }
    this.#options.activity.end(batch.length);
  }
}
