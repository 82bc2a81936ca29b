/**
 * The scheduler: claims due deliveries while lanes have room, then sleeps until the next one is due or somebody wakes
 * it. One claim at a time; no error ends the loop.
 */
import type { Timer } from '../clock.ts';
import type { Delivery } from '../core/delivery.ts';
import type { LeasedDelivery } from '../store/store.ts';
import { backoffMs } from './backoff.ts';
import { Backlog } from './backlog.ts';
import type { EngineContext } from './engine-context.ts';
import type { LocalLanes } from './local-lanes.ts';

/** Most deliveries in one claim; a large one keeps a database's locks longer than the round trip is worth. */
const MAX_CLAIM = 500;
/** Most deliveries that one claim takes from a lane this process holds nothing of; the next claim knows its free slots. */
const PER_LANE = 2;
/** First wait for lanes that other processes have locked, which they do for the length of a transaction; doubles up to the longest. */
const FIRST_CONTENTION_MS = 5;
const LONGEST_CONTENTION_MS = 40;

export interface SchedulerOptions extends Omit<EngineContext, 'activity'> {
  readonly lanes: LocalLanes;
  /** False: this process claims nothing, whoever wakes it. */
  readonly deliver: boolean;
  readonly maxRescues: number;
  /** Longest sleep; bounds how late work of other processes is seen without notifications. */
  readonly maxSleepMs: number;
  readonly onLeased: (deliveries: readonly LeasedDelivery[]) => void;
  readonly onRescued: (delivery: Delivery) => void;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #claim: Promise<number> | undefined;
  #isWakePending = false;
  /** Something was stored, or a lane got room, while a claim was under way, which may have looked too early. */
  #askedDuringClaim = false;
  #isStopped: boolean;
  readonly #backlog = new Backlog();
  #failures = 0;
  /** Claims in a row that found lanes due and all of them locked by others. */
  #contentions = 0;
  #lastClaimAt: number | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#isStopped = !options.deliver;
  }

  /** When the store last answered a claim, epoch ms. */
  get lastClaimAt(): number | undefined {
    return this.#lastClaimAt;
  }

  /** There is something to claim now. */
  wake(): void {
    this.#backlog.addAny();
    if (this.#claim !== undefined) this.#askedDuringClaim = true;
    else this.#wakeSoon();
  }

  /** This process stored something for these lanes that it did not lease. */
  wakeFor(laneIds: Iterable<string>): void {
    this.#backlog.add(laneIds);
    this.onRoom();
  }

  /** Something will be due then. */
  wakeIn(delayMs: number): void {
    if (delayMs <= 0) this.wake();
    else this.#sleep(delayMs);
  }

  /** A lane has room: claim, if anything was left behind. */
  onRoom(): void {
    // Only the answer of a claim tells whether anything was left behind.
    if (this.#claim !== undefined) this.#askedDuringClaim = true;
    else if (this.#isWorthClaiming()) this.#wakeSoon();
  }

  /** Claims until nothing more is to be had now; how many deliveries that gave. */
  async claimAll(): Promise<number> {
    // One that is under way may have looked before something became due that is meant.
    let total = (await this.#claim) ?? 0;
    for (;;) {
      const count = await (this.#claim ?? this.#startClaim());
      total += count;
      // Something is due, and locked by others for a moment.
      if (this.#contentions > 0) await new Promise<void>((resolve) => this.#options.clock.defer(resolve));
      else if (count === 0) return total;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#claim?.catch(() => 0);
  }

  /** Something was left behind, and there is room for it. */
  #isWorthClaiming(): boolean {
    const { lanes } = this.#options;
    return lanes.room > 0 && this.#backlog.has((id) => lanes.wants(id));
  }

  #wakeSoon(): void {
    if (this.#isWakePending || this.#isStopped) return;
    this.#isWakePending = true;
    this.#options.clock.defer(() => {
      this.#isWakePending = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#claim !== undefined) {
      this.#askedDuringClaim = true;
      return;
    }
    // What was just emitted may have taken the room.
    if (!this.#isWorthClaiming()) return this.#sleep(this.#options.maxSleepMs);
    try {
      const count = await this.#startClaim();
      if (count > 0 && this.#isWorthClaiming()) this.#wakeSoon();
    } catch (error) {
      this.#options.reporter.error(error, 'claim due deliveries');
    }
  }

  #startClaim(): Promise<number> {
    this.#claim = this.#claimOrBackOff().finally(() => {
      this.#claim = undefined;
      const isAsked = this.#askedDuringClaim;
      this.#askedDuringClaim = false;
      if (isAsked && this.#isWorthClaiming()) this.#wakeSoon();
    });
    return this.#claim;
  }

  /** What a claim that failed did not look at is looked at when it is tried again. */
  async #claimOrBackOff(): Promise<number> {
    try {
      const count = await this.#claimOnce();
      this.#failures = 0;
      return count;
    } catch (error) {
      this.#failures += 1;
      this.#sleep(backoffMs(this.#failures, this.#options.random));
      throw error;
    }
  }

  async #claimOnce(): Promise<number> {
    const { store, clock, lanes, owner, leaseMs, maxRescues, token } = this.#options;
    const contentions = this.#contentions;
    this.#contentions = 0;
    if (this.#isStopped) return 0;
    const limit = Math.min(MAX_CLAIM, lanes.room);
    if (limit <= 0) {
      this.#sleep(this.#options.maxSleepMs);
      return 0;
    }
    this.#backlog.clear();
    const freeSlots = lanes.freeSlots(limit);
    const result = await store.claimDue({
      limit,
      leaseMs,
      owner,
      lease: token(),
      perLane: PER_LANE,
      freeSlots,
      maxRescues,
    });
    this.#lastClaimAt = clock.now();
    for (const delivery of result.rescued) this.#options.onRescued(delivery);
    if (result.leased.length > 0) this.#options.onLeased(result.leased);
    // What is due, or will be, in a lane without a free slot is claimed when one frees: no time tells when to look for it.
    if (result.nextOpenMs === 0) this.#backlog.addAny();
    else if (result.nextDueMs !== undefined) this.#backlog.add(filledLanes(freeSlots, result.leased));
    if (result.rescued.length > 0) this.wake();
    const isContended = result.leased.length === 0 && result.nextOpenMs === 0;
    if (isContended) this.#contentions = contentions + 1;
    this.#sleep(isContended ? this.#contentionMs() : result.nextOpenMs || this.#options.maxSleepMs);
    return result.leased.length;
  }

  /** Jittered, so that processes do not meet again at the same lane. */
  #contentionMs(): number {
    const delay = Math.min(
      LONGEST_CONTENTION_MS,
      FIRST_CONTENTION_MS * 2 ** Math.min(this.#contentions - 1, 20),
    );
    return delay * (0.5 + this.#options.random.fraction() / 2);
  }

  /** Wakes at the earliest of all times asked for. */
  #sleep(delayMs: number): void {
    if (this.#isStopped) return;
    const at = this.#options.clock.elapsed() + Math.min(delayMs, this.#options.maxSleepMs);
    if (at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#options.clock.setTimer(() => {
      this.#timerAt = Infinity;
      this.wake();
    }, at - this.#options.clock.elapsed());
  }
}

/** Lanes that a claim left without a free slot: what else is due is in them. */
function filledLanes(freeSlots: ReadonlyMap<string, number>, leased: readonly LeasedDelivery[]): Set<string> {
  const left = new Map(freeSlots);
  for (const { laneId } of leased) left.set(laneId, (left.get(laneId) ?? PER_LANE) - 1);
  return new Set([...left].filter(([, slots]) => slots <= 0).map(([id]) => id));
}
