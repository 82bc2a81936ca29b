/**
 * Circuit breakers: each process counts what came of its own attempts, by lane. When it opens a breaker, it writes that into the lane, so that it is
 * open for all: what waits there stays in the store. Afterwards the store gives one delivery at a time, a probe, whose outcome closes the breaker,
 * or keeps it open for longer.
 */
import { AttemptWindow } from '../core/attempt-window.ts';
import { type BreakerPolicy, isOutage, isTripped, openForMs } from '../core/breaker.ts';
import { prolonging } from '../core/prolonging.ts';
import type { Lane, LeasedDelivery } from '../store/store.ts';
import type { Settled } from './concluded-attempt.ts';
import type { EngineContext } from './engine-context.ts';
import { keepTrying } from './keep-trying.ts';
import { RecentMap } from './recent-map.ts';

export interface BreakersOptions extends Pick<
  EngineContext,
  'store' | 'clock' | 'random' | 'activity' | 'reporter'
> {
  /** Starts nothing of this lane until `letGo`. */
  readonly hold: (delivery: LeasedDelivery) => void;
  readonly letGo: (delivery: LeasedDelivery) => void;
  /** Hands back what was leased of a lane and not begun. */
  readonly handBack: (laneId: string) => Promise<void>;
  readonly wakeIn: (delayMs: number) => void;
}

interface Watched {
  readonly window: AttemptWindow;
  /** Attempts that were in flight when the breaker opened tell nothing new until then. */
  quietUntil: number;
}

/** Lanes whose attempts are counted at the same time; one that was forgotten begins anew. */
const MAX_LANES = 20_000;
/** Until the next probe, after one that was called off. */
const SOON_MS = 1;

export class Breakers {
  readonly #options: BreakersOptions;
  readonly #lanes = new RecentMap<Watched>(MAX_LANES);

  constructor(options: BreakersOptions) {
    this.#options = options;
  }

  /** Takes note of an attempt whose outcome is written, that of a test message aside. */
  note(settled: Settled): void {
    const { delivery, runtime, outcome } = settled;
    const { laneId } = delivery;
    if (delivery.probe) return this.#conclude(settled);
    const { breaker } = runtime;
    const isFailure = isOutage(outcome);
    if (breaker === undefined || isFailure === undefined) return;
    const lane = this.#lane(laneId);
    const elapsed = this.#options.clock.elapsed();
    if (elapsed < lane.quietUntil) return;
    lane.window.note(elapsed, isFailure, breaker);
    if (!isFailure || !isTripped(lane.window.count(), breaker)) return;
    const forMs = this.#openForMs(breaker, 1);
    this.#silence(laneId, forMs);
    let trips: number | undefined;
    this.#whileHeld(settled, async () => {
      // As they were at first: what is written and not answered is written again, and is no other process that was faster.
      trips ??= (await this.#options.store.getLane({ laneId })).trips;
      if (trips === 0) await this.#open(settled, 1, forMs);
      await this.#options.handBack(laneId);
    });
  }

  /** A probe has ended. */
  #conclude(settled: Settled): void {
    const { delivery, runtime } = settled;
    this.#lanes.delete(delivery.laneId);
    const what = `conclude the probe ${delivery.id} of endpoint ${runtime.record.id}`;
    let tripsBefore: number | undefined;
    const act = async (): Promise<void> => {
      const lane = await this.#options.store.getLane({ laneId: delivery.laneId });
      tripsBefore ??= lane.trips;
      await this.#concludeOnce(settled, lane, tripsBefore);
    };
    void keepTrying(what, act, this.#options);
  }

  /** `tripsBefore`: as they were at first, so that one that is written and not answered counts once. */
  async #concludeOnce(settled: Settled, { trips, blockedReason }: Lane, tripsBefore: number): Promise<void> {
    const { outcome, runtime, delivery, decision } = settled;
    const { laneId } = delivery;
    const { breaker } = runtime;
    const { store, wakeIn, reporter } = this.#options;
    const isFailure = isOutage(outcome);
    if (breaker === undefined || isFailure === false) {
      // What an answer asked for, this one or another, is another matter.
      const isBlocked = decision?.blockLaneMs !== undefined || blockedReason === 'retry_after';
      await store.putLane({ laneId, trips: 0, ...(!isBlocked && { blockForMs: 0 }) });
      reporter.endpointUnblocked(settled);
      return wakeIn(0);
    }
    // Somebody closed it while the probe was under way: it was of an address, or a time, that is over.
    if (trips === 0) return;
    if (isFailure) return this.#open(settled, tripsBefore + 1, this.#openForMs(breaker, tripsBefore + 1));
    const blockForMs = outcome.kind === 'interrupted' ? SOON_MS : this.#openForMs(breaker, 1);
    await store.putLane({ laneId, blockForMs, blockedReason: 'breaker' });
    wakeIn(blockForMs);
  }

  async #open(settled: Settled, trips: number, blockForMs: number): Promise<void> {
    const { store, reporter, wakeIn } = this.#options;
    const { laneId } = settled.delivery;
    await store.putLane({ laneId, blockForMs, blockedReason: 'breaker', trips });
    // A probe that fails keeps open what was told of already.
    if (trips === 1) reporter.endpointBlocked(settled, 'breaker', blockForMs);
    wakeIn(blockForMs);
  }

  #whileHeld({ delivery, runtime }: Settled, act: () => Promise<void>): void {
    const { hold, letGo } = this.#options;
    hold(delivery);
    const what = `open the circuit breaker of endpoint ${runtime.record.id}`;
    void keepTrying(what, act, this.#options).then(() => letGo(delivery));
  }

  #silence(laneId: string, forMs: number): void {
    const lane = this.#lane(laneId);
    lane.window.clear();
    lane.quietUntil = this.#options.clock.elapsed() + forMs;
  }

  #openForMs(breaker: BreakerPolicy, trips: number): number {
    return openForMs(breaker, trips, prolonging(this.#options.random.fraction()));
  }

  #lane(laneId: string): Watched {
    let lane = this.#lanes.get(laneId);
    if (lane === undefined) {
      lane = { window: new AttemptWindow(), quietUntil: -Infinity };
      this.#lanes.set(laneId, lane);
    }
    return lane;
  }
}
