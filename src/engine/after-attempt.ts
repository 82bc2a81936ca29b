/** What follows an attempt once its outcome is written: its event, the turn of the next delivery, circuit breaker, failures, alerts, and what the answer asked for. */
import { isDirective } from '../core/decide.ts';
import type { LaneLimits } from '../core/endpoint.ts';
import { Alerts, type AlertsOptions } from './alerts.ts';
import { Breakers } from './breakers.ts';
import type { Settled } from './concluded-attempt.ts';
import type { EndpointAdmin } from './endpoint-admin.ts';
import { EndpointDirectives } from './endpoint-directives.ts';
import type { EngineContext } from './engine-context.ts';
import { FailureWatch } from './failure-watch.ts';
import type { LeaseReturns } from './lease-returns.ts';
import type { Scheduler } from './scheduler.ts';
import type { Sender } from './sender.ts';

export interface AfterAttemptOptions
  extends EngineContext, Pick<AlertsOptions, 'alerts' | 'alertIntervalMs'> {
  readonly admin: EndpointAdmin;
  readonly sender: Sender;
  readonly scheduler: Scheduler;
  readonly returns: LeaseReturns;
  /** Of an endpoint's lane, as far as this process knows. */
  readonly limitsOf: (endpointId: string) => LaneLimits;
}

export class AfterAttempt {
  readonly #options: AfterAttemptOptions;
  readonly #directives: EndpointDirectives;
  readonly #breakers: Breakers;
  readonly #failures: FailureWatch;
  readonly #alerts: Alerts;

  constructor(options: AfterAttemptOptions) {
    const { sender, returns, scheduler } = options;
    const { lanes } = sender;
    const wakeIn = (delayMs: number): void => scheduler.wakeIn(delayMs);
    this.#options = options;
    this.#directives = new EndpointDirectives({ ...options, wakeIn });
    this.#breakers = new Breakers({
      ...options,
      hold: (delivery) => lanes.hold(delivery),
      letGo: (delivery) => lanes.letGo(delivery),
      handBack: async (laneId) => returns.handBack(sender.takeQueued(laneId)),
      wakeIn,
    });
    this.#failures = new FailureWatch(options);
    this.#alerts = new Alerts(options);
  }

  start(): void {
    this.#alerts.start();
  }

  stop(): void {
    this.#alerts.stop();
  }

  onSettled(settled: Settled): void {
    const { sender, scheduler, reporter, limitsOf } = this.#options;
    const { result, transition, decision, delivery } = settled;
    sender.lanes.onWritten(delivery);
    reporter.settled(settled);
    if (result.kind === 'settled' && result.state === 'scheduled') scheduler.wakeIn(transition.delayMs);
    // The next one of its ordering key has its turn; or an earlier try was written though it seemed to fail, and has planned a retry.
    else if (delivery.ordered || result.kind === 'lost') scheduler.wakeFor([delivery.laneId]);
    // So has the next one of a lane that was full, whatever becomes of this one; it may have got its most of leases after this one was leased.
    if (delivery.counted || limitsOf(delivery.endpointId).maxLeases !== undefined)
      scheduler.wakeFor([delivery.laneId]);
    if (delivery.message.test) return;
    if (result.kind === 'settled') {
      this.#breakers.note(settled);
      this.#failures.note(settled);
      this.#alerts.note(settled);
    }
    if (!isDirective(decision)) return;
    const letGo = (): void => sender.lanes.letGo(delivery);
    if (result.kind === 'lost') letGo();
    else void this.#directives.apply(settled, decision).then(letGo);
  }
}
