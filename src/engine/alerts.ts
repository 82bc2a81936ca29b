/** Looks at a few numbers now and then, and says when they leave what was called normal, and when they are back. */
import type { Timer } from '../clock.ts';
import { type AlertKind, judgeSuccessRate, type Measured } from '../core/alerts.ts';
import { AttemptWindow } from '../core/attempt-window.ts';
import type { Settled } from './concluded-attempt.ts';
import type { EngineContext } from './engine-context.ts';

/** The same as `AlertOptions` with nothing missing. */
export interface AlertRules {
  readonly successRate:
    { readonly below: number; readonly windowMs: number; readonly minAttempts: number } | undefined;
  readonly backlog: { readonly above: number } | undefined;
}

export interface AlertsOptions extends Pick<EngineContext, 'store' | 'clock' | 'reporter'> {
  readonly alerts: AlertRules;
  readonly alertIntervalMs: number;
}

export class Alerts {
  readonly #options: AlertsOptions;
  readonly #window = new AttemptWindow();
  readonly #raised = new Set<AlertKind>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  start(): void {
    const { alerts, clock, alertIntervalMs } = this.#options;
    if (alerts.successRate === undefined && alerts.backlog === undefined) return;
    this.#timer = clock.setTimer(() => void this.#look(), alertIntervalMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Takes note of an attempt whose outcome is written, that of a test message aside. */
  note({ outcome }: Settled): void {
    const { alerts, clock } = this.#options;
    if (alerts.successRate === undefined) return;
    if (outcome.kind !== 'delivered' && outcome.kind !== 'endpoint_failed') return;
    this.#window.note(clock.elapsed(), outcome.kind === 'endpoint_failed', alerts.successRate);
  }

  async #look(): Promise<void> {
    try {
      this.#judgeSuccessRate();
      await this.#judgeBacklog();
    } catch (error) {
      this.#options.reporter.error(error, 'look at the backlog');
    }
    if (!this.#isStopped) this.start();
  }

  #judgeSuccessRate(): void {
    const { alerts, clock } = this.#options;
    if (alerts.successRate === undefined) return;
    const share = this.#window.countAt(clock.elapsed(), alerts.successRate);
    const judged = judgeSuccessRate(share, alerts.successRate);
    if (judged === undefined) return;
    const since = new Date(clock.now() - alerts.successRate.windowMs).toISOString();
    const detail = `${percent(judged.value)} of the ${share.attempts} attempts since ${since} were delivered`;
    this.#conclude('success_rate', judged.isRaised, judged, detail);
  }

  async #judgeBacklog(): Promise<void> {
    const { alerts, store } = this.#options;
    if (alerts.backlog === undefined) return;
    const { byState, unmatchedMessages } = await store.stats({ where: {}, bucketMs: undefined });
    const deliveries = byState.scheduled + byState.sending;
    const value = deliveries + unmatchedMessages;
    const threshold = alerts.backlog.above;
    const unmatched = unmatchedMessages === 0 ? '' : `, and ${unmatchedMessages} messages not matched yet`;
    this.#conclude(
      'backlog',
      value > threshold,
      { value, threshold },
      `${deliveries} deliveries are waiting${unmatched}`,
    );
  }

  #conclude(alert: AlertKind, isRaised: boolean, measured: Measured, detail: string): void {
    if (isRaised === this.#raised.has(alert)) return;
    if (isRaised) this.#raised.add(alert);
    else this.#raised.delete(alert);
    this.#options.reporter.alert(isRaised ? 'alert.raised' : 'alert.cleared', alert, measured, detail);
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
