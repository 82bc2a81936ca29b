import type { PruneParams, PruneResult, Retention } from '../store.ts';
import type { Runner } from './runner.ts';

/** One step of the work on a table; true when there is more. */
type Step = () => Promise<boolean>;

/**
 * Removes what retention does not keep, batch by batch: first messages, oldest first, then what belongs to nothing any more. One round
 * may take several calls.
 */
export class SqlRetention {
  readonly #runner: Runner;
  readonly #clock: { now(): number };
  /** Where the walk over the messages goes on. */
  #after = 0;
  /** What is left of the round once the walk has ended. */
  #steps: readonly Step[] = [];

  /** @param clock - measures the time that a call takes */
  constructor(runner: Runner, clock: { now(): number }) {
    this.#runner = runner;
    this.#clock = clock;
  }

  async prune({ retention, budgetMs }: PruneParams): Promise<PruneResult> {
    const startedAt = this.#clock.now();
    const hasTime = (): boolean => this.#clock.now() - startedAt < budgetMs;
    let messages = 0;
    if (this.#steps.length === 0) {
      for (let isLast = false; !isLast;) {
        const step = await this.#removeMessages(retention);
        messages += step.removed;
        ({ isLast } = step);
        if (!isLast && !hasTime()) return { messages, more: true };
      }
      this.#steps = this.#createSteps(Math.max(retention.succeededMs, retention.unsuccessfulMs));
    }
    do await this.#step();
    while (this.#steps.length > 0 && hasTime());
    return { messages, more: this.#steps.length > 0 };
  }

  async #removeMessages(retention: Retention): Promise<{ removed: number; isLast: boolean }> {
    const { seqs, after, isLast } = await this.#runner.call('findExpired', { retention, after: this.#after });
    const removed = seqs.length === 0 ? 0 : await this.#runner.call('removeMessages', { retention, seqs });
    this.#after = isLast ? 0 : after;
    return { removed, isLast };
  }

  async #step(): Promise<void> {
    const left: Step[] = [];
    for (const step of this.#steps) if (await step()) left.push(step);
    this.#steps = left;
  }

  /** Lanes go after the endpoints that they belong to. */
  #createSteps(keepMs: number): readonly Step[] {
    const runner = this.#runner;
    let endpoint: number | undefined = 0;
    let lane: string | undefined = '';
    return [
      async () => {
        endpoint = await runner.call('pruneHiddenEndpoints', { after: endpoint ?? 0 });
        return endpoint !== undefined;
      },
      async () => {
        lane = await runner.call('pruneLanes', { after: lane ?? '' });
        return lane !== undefined;
      },
      () => runner.call('pruneCounts', { keepMs }),
      () => runner.call('pruneChanges', {}),
    ];
  }
}
