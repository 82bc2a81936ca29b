/**
 * The keeper: renews the leases this process holds, and the blocks of lanes that wait for a probe of it, prunes what retention no longer keeps, and looks how far the clock of the
 * store is from that of this process. Bounded in every pass; no error ends it.
 */
import type { Timer } from '../clock.ts';
import type { Lease, LeasedDelivery, Retention } from '../store/store.ts';
import { backoffMs } from './backoff.ts';
import type { EngineContext } from './engine-context.ts';
import { leaseOf } from './lease-returns.ts';

export interface KeeperOptions extends Pick<
  EngineContext,
  'store' | 'clock' | 'random' | 'reporter' | 'leaseMs'
> {
  readonly retention: Retention;
  readonly pruneIntervalMs: number;
  readonly pruneBudgetMs: number;
  /** All that is leased: queued, in flight, and with an outcome that is not written yet. */
  readonly held: () => readonly LeasedDelivery[];
  /** These are no longer ours. */
  readonly onLost: (leases: readonly Lease[]) => void;
  /** All others are, for a while. */
  readonly onRenewed: () => void;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #running = new Set<Promise<void>>();
  #pruneTimer: Timer | undefined;
  #renewTimer: Timer | undefined;
  /** All leases that are held were taken or renewed then or later, by the clock that never jumps. */
  #heldSince = -Infinity;
  #failures = 0;
  #isStopped = false;
  #clockDifferenceMs: number | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Time of the store minus that of this process, when it was last compared. */
  get clockDifferenceMs(): number | undefined {
    return this.#clockDifferenceMs;
  }

  start(): void {
    this.#run('read the time of the store', () => this.#compareClocks());
    this.#pruneTimer = this.#options.clock.setTimer(
      () => this.#run('prune', () => this.prune()),
      this.#options.pruneIntervalMs,
    );
  }

  /** Leases are held from now on: they are renewed until there are none. */
  onLeased(): void {
    if (this.#renewTimer !== undefined) return;
    this.#heldSince = this.#options.clock.elapsed();
    this.#renewIn(this.#intervalMs);
  }

  /**
   * False when leases may have run out, because this process stood still or the store did not answer: others may have what waits here, and may be
   * further. Until the store has said what is still held.
   */
  get holdsLeases(): boolean {
    const { clock, leaseMs } = this.#options;
    return clock.elapsed() < this.#heldSince + leaseMs;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#pruneTimer?.cancel();
    this.#renewTimer?.cancel();
    await Promise.all(this.#running);
  }

  /** Removes what is past its retention, pausing between passes so that delivery goes on. */
  async prune(): Promise<void> {
    const { store, retention, pruneBudgetMs, clock } = this.#options;
    for (let more = true; more && !this.#isStopped;) {
      ({ more } = await store.prune({ retention, budgetMs: pruneBudgetMs }));
      if (more) await new Promise<void>((resolve) => clock.defer(resolve));
    }
  }

  /** A third of the lease: two renewals may fail before it is lost. */
  get #intervalMs(): number {
    return this.#options.leaseMs / 3;
  }

  #renewIn(delayMs: number): void {
    this.#renewTimer?.cancel();
    if (this.#isStopped) return;
    this.#renewTimer = this.#options.clock.setTimer(
      () => this.#run('renew leases', () => this.#renew()),
      delayMs,
    );
  }

  async #renew(): Promise<void> {
    this.#renewTimer = undefined;
    const { store, clock, random, leaseMs, onLost, onRenewed } = this.#options;
    const held = this.#options.held();
    if (held.length === 0) return;
    this.#renewIn(this.#intervalMs);
    const since = clock.elapsed();
    try {
      const lost = await store.renew({ leases: held.map(leaseOf), leaseMs });
      this.#failures = 0;
      this.#heldSince = Math.max(this.#heldSince, since);
      if (lost.length > 0) onLost(lost);
      onRenewed();
      await this.#prolongProbes(held, lost);
    } catch (error) {
      this.#failures += 1;
      this.#renewIn(Math.min(this.#intervalMs, backoffMs(this.#failures, random)));
      throw error;
    }
  }

  /** A lane stays blocked for as long as its probe takes. */
  async #prolongProbes(held: readonly LeasedDelivery[], lost: readonly Lease[]): Promise<void> {
    const { store, leaseMs } = this.#options;
    const lostIds = new Set(lost.map(({ deliveryId }) => deliveryId));
    for (const { id, laneId, probe } of held)
      if (probe && !lostIds.has(id))
        await store.putLane({ laneId, blockForMs: leaseMs, blockedReason: 'breaker', prolong: true });
  }

  async #compareClocks(): Promise<void> {
    const { store, clock } = this.#options;
    const before = clock.now();
    const now = await store.now();
    this.#clockDifferenceMs = Math.round(now - (before + clock.now()) / 2);
  }

  #run(what: 'prune' | 'renew leases' | 'read the time of the store', task: () => Promise<void>): void {
    const run = task()
      .catch((error: unknown) => this.#options.reporter.error(error, what))
      .then(() => {
        this.#running.delete(run);
        if (what === 'prune' && !this.#isStopped) this.start();
      });
    this.#running.add(run);
  }
}
