/**
 * The keeper: renews the leases this process holds, looks for work that others left, prunes what retention no longer
 * keeps. Bounded in every pass; no error ends it.
 */
import type { Timer } from '../clock.ts';
import type { Lease, Retention } from '../store/store.ts';
import type { EngineContext } from './engine-context.ts';

export interface KeeperOptions extends Pick<EngineContext, 'store' | 'clock' | 'reporter' | 'leaseMs'> {
  readonly retention: Retention;
  readonly pruneIntervalMs: number;
  readonly pruneBudgetMs: number;
  /** All leases held, queued and in flight. */
  readonly heldLeases: () => Lease[];
  /** These are no longer ours. */
  readonly onLost: (tokens: ReadonlySet<string>) => void;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #timers = new Set<Timer>();
  readonly #running = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    // A third of the lease: two renewals may fail before it is lost.
    this.#repeat(this.#options.leaseMs / 3, 'renew leases', () => this.#renew());
    this.#repeat(this.#options.pruneIntervalMs, 'prune', () => this.prune());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) timer.cancel();
    await Promise.all(this.#running);
  }

  /** Removes what is past its retention, pausing between passes so that delivery goes on. */
  async prune(): Promise<void> {
    const { store, retention, pruneBudgetMs, clock } = this.#options;
    for (;;) {
      const { more } = await store.prune({ retention, budgetMs: pruneBudgetMs });
      if (!more || this.#isStopped) return;
      await new Promise<void>((resolve) => clock.defer(resolve));
    }
  }

  async #renew(): Promise<void> {
    const leases = this.#options.heldLeases();
    if (leases.length === 0) return;
    const lost = await this.#options.store.renew({ leases, leaseMs: this.#options.leaseMs });
    if (lost.length > 0) this.#options.onLost(new Set(lost));
  }

  #repeat(intervalMs: number, what: string, task: () => Promise<void>): void {
    if (this.#isStopped) return;
    const timer = this.#options.clock.setTimer(() => {
      this.#timers.delete(timer);
      const run = task()
        .catch((error: unknown) => this.#options.reporter.error(error, what))
        .then(() => {
          this.#running.delete(run);
          this.#repeat(intervalMs, what, task);
        });
      this.#running.add(run);
    }, intervalMs);
    this.#timers.add(timer);
  }
}
