/**
 * Lanes in this process: for each lane a counter of attempts in flight and a queue of leased deliveries, and a ring
 * of the lanes that have work and room. One lane after the other starts one delivery, so an endpoint with a long queue
 * costs the others nothing. A counter and an array, not a promise queue: two nested ones are first come first served
 * over all endpoints, and what waits in them can be neither listed nor handed back.
 *
 * A quarter of all slots is kept for lanes that have nothing in flight, and whose receiver was not in trouble at the last attempt: endpoints that
 * hang may fill the rest, and a healthy one still gets its first slot at once, unless more hang than there are slots before anything is known of them.
 */
import type { LeasedDelivery } from '../store/store.ts';
import { LaneRing } from './lane-ring.ts';
import { aheadOf, type LaneSettings, LocalLane } from './local-lane.ts';
import type { LaneRef, LocalLanesOptions } from './local-lanes-options.ts';
import { Pace } from './pace.ts';
import { SingleTimer } from './single-timer.ts';
import { StartRate } from './start-rate.ts';
import { TroubledLanes } from './troubled-lanes.ts';

/** More than these are looked through for idle ones, even when nothing is claimed. */
const MANY_LANES = 1000;

/** How often it is looked whether lanes with many deliveries have kept their pace: one that hangs makes no event. */
const SURPLUS_INTERVAL_MS = 500;

/** Deliveries that are leased for each slot when nothing has a pace. */
const LEASES_PER_SLOT = 2;

/** Share of all slots that any lane may use; the rest is for lanes without an attempt in flight, and without trouble. */
export const SHARED_PART = 0.75;

export class LocalLanes {
  readonly #lanes = new Map<string, LocalLane>();
  readonly #ring = new LaneRing();
  readonly #options: LocalLanesOptions;
  readonly #pace = new Pace();
  readonly #troubled = new TroubledLanes();
  #inFlight = 0;
  #queued = 0;
  #reserved = 0;
  #isPumping = false;
  #isStopped = false;
  #isOpen = true;
  #manyLanes = MANY_LANES;
  readonly #surplusTimer: SingleTimer;
  readonly #rate: StartRate | undefined;

  constructor(options: LocalLanesOptions) {
    const { clock, maxRate } = options;
    this.#options = options;
    this.#surplusTimer = new SingleTimer(clock, () => this.#giveUpSurplus());
    if (maxRate !== undefined) this.#rate = new StartRate({ clock, maxRate, onFree: () => this.pump() });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#queued;
  }

  /** How many of those that wait here do so until the next attempt may begin by `maxRate`. */
  get heldByRate(): number {
    return this.#rate?.isHolding === true ? this.#queued : 0;
  }

  /** How many more deliveries this process may lease over all lanes. */
  get room(): number {
    const { maxConcurrency, unwritten } = this.#options;
    if (!this.#isOpen) return 0;
    const ahead = aheadOf(maxConcurrency, this.#pace, this.#elapsed);
    const free = maxConcurrency - this.#inFlight - this.#reserved - Math.max(0, unwritten() - ahead);
    // What waits for an endpoint that has become slower takes no slot that is free.
    return Math.max(free, free + ahead - this.#queued);
  }

  /**
   * Free slots of the lanes that hold something, for a claim of at most `limit` deliveries; others are empty. When little room is left, it
   * is for those.
   */
  freeSlots(limit: number): Map<string, number> {
    const slots = new Map<string, number>();
    const isScarce = this.#isScarce;
    this.#forgetIdle();
    const elapsed = this.#elapsed;
    for (const lane of this.#lanes.values()) {
      if (!isScarce) slots.set(lane.id, Math.min(limit, Math.max(0, lane.roomAt(elapsed))));
      else if (lane.held > 0) slots.set(lane.id, 0);
    }
    // They would wait here for one of the slots that others have, and wherever they wait is not looked at.
    if (this.#isSharedPartFull) for (const id of this.#troubled.ids()) slots.set(id, 0);
    return slots;
  }

  /** Whether it is worth a claim when something is due in this lane: there is room, and what waits here is running low. */
  wants(laneId: string): boolean {
    if (this.room <= 0 || this.#isKeptOut(laneId)) return false;
    const lane = this.#lanes.get(laneId);
    return lane === undefined || lane.held === 0 || (!this.#isScarce && lane.isLowAt(this.#elapsed));
  }

  /** Keeps room for one delivery that is being stored; false when the lane is full. */
  reserve(ref: LaneRef): boolean {
    if (this.#isStopped || this.room <= 0 || this.#isKeptOut(ref.laneId)) return false;
    const lane = this.#lane(ref);
    if (lane.roomAt(this.#elapsed) <= 0 || (this.#isScarce && lane.held > 0)) return false;
    lane.reserved += 1;
    this.#reserved += 1;
    return true;
  }

  get #isSharedPartFull(): boolean {
    return this.#inFlight >= this.#options.maxConcurrency * SHARED_PART;
  }

  /** What is left is for lanes without trouble. */
  #isKeptOut(laneId: string): boolean {
    return this.#isSharedPartFull && this.#troubled.has(laneId);
  }

  /** What is left is for lanes that hold nothing. */
  get #isScarce(): boolean {
    return this.room <= LEASES_PER_SLOT * this.#options.maxConcurrency * (1 - SHARED_PART);
  }

  /** Gives back room kept by {@link reserve}. */
  unreserve({ laneId }: LaneRef): void {
    const lane = this.#lanes.get(laneId);
    if (lane === undefined) return;
    lane.reserved -= 1;
    this.#reserved -= 1;
    this.#forgetIfIdle(lane);
  }

  enqueue(delivery: LeasedDelivery): void {
    const lane = this.#lane(delivery);
    lane.enqueue(delivery);
    this.#queued += 1;
    if (lane.queued > lane.concurrency) this.#surplusTimer.start(SURPLUS_INTERVAL_MS);
    this.#enterRing(lane);
  }

  /** Starts what may start. */
  pump(): void {
    if (this.#isPumping || !this.#isOpen) return;
    this.#isPumping = true;
    let passedOver = 0;
    while (
      this.#inFlight < this.#options.maxConcurrency &&
      passedOver < this.#ring.size &&
      this.#options.holdsLeases() &&
      this.#rate?.isFree() !== false
    ) {
      const lane = this.#ring.next();
      passedOver = this.#startOne(lane) ? 0 : passedOver + 1;
      this.#enterRing(lane);
      this.#forgetIfIdle(lane);
    }
    this.#isPumping = false;
  }

  /**
   * An attempt of this lane has ended.
   *
   * @param isTroubled whether its receiver was in trouble; undefined: it tells nothing about it
   */
  finish(lane: LocalLane, isTroubled?: boolean): void {
    this.#troubled.note(lane.id, isTroubled);
    lane.inFlight -= 1;
    this.#inFlight -= 1;
    this.#enterRing(lane);
    this.pump();
    if (lane.isLowAt(this.#elapsed)) this.#options.onRoom();
    this.#forgetIfIdle(lane);
  }

  /** An outcome was written: the store, too, keeps pace. */
  onWritten({ laneId }: LaneRef): void {
    const elapsed = this.#elapsed;
    this.#lanes.get(laneId)?.pace.note(elapsed);
    this.#pace.note(elapsed);
  }

  /** Takes back all queued deliveries, of one lane or of all. */
  takeQueued(laneId?: string): LeasedDelivery[] {
    const lanes = laneId === undefined ? [...this.#lanes.values()] : [this.#lanes.get(laneId) ?? []].flat();
    return lanes.flatMap((lane) => {
      const taken = lane.takeQueued();
      this.#queued -= taken.length;
      this.#forgetIfIdle(lane);
      return taken;
    });
  }

  /** Takes one queued delivery back; undefined when it is not queued here. */
  takeOne(deliveryId: string): LeasedDelivery | undefined {
    for (const lane of this.#lanes.values()) {
      const taken = lane.takeOne(deliveryId);
      if (taken === undefined) continue;
      this.#queued -= 1;
      this.#forgetIfIdle(lane);
      return taken;
    }
    return undefined;
  }

  *queuedDeliveries(): Generator<LeasedDelivery> {
    for (const lane of this.#lanes.values()) yield* lane.queuedDeliveries();
  }

  /** Starts nothing in this lane until {@link letGo}. */
  hold(ref: LaneRef): void {
    this.#lane(ref).holds += 1;
  }

  /** Ends one {@link hold}. */
  letGo(ref: LaneRef): void {
    const lane = this.#lane(ref);
    lane.holds -= 1;
    this.#enterRing(lane);
    this.pump();
    this.#forgetIfIdle(lane);
  }

  /** New settings of the endpoints of a lane. */
  configure(laneId: string, settings: LaneSettings): void {
    const lane = this.#lanes.get(laneId);
    if (lane === undefined) return;
    lane.settings = settings;
    this.#enterRing(lane);
    this.pump();
  }

  /** Closed: nothing is started, and there is room for nothing, until it is opened again. */
  setOpen(isOpen: boolean): void {
    this.#isOpen = isOpen;
    if (!isOpen) return;
    for (const lane of this.#lanes.values()) this.#enterRing(lane);
    this.pump();
  }

  /** No further delivery is started. */
  stop(): void {
    this.#isStopped = true;
    this.#surplusTimer.stop();
    this.#rate?.stop();
  }

  #giveUpSurplus(): void {
    if (this.#isStopped) return;
    const lanes = [...this.#lanes.values()].filter(({ queued, concurrency }) => queued > concurrency);
    const surplus = lanes.flatMap((lane) => lane.takeSurplus(this.#elapsed));
    this.#queued -= surplus.length;
    if (lanes.some(({ queued, concurrency }) => queued > concurrency))
      this.#surplusTimer.start(SURPLUS_INTERVAL_MS);
    if (surplus.length > 0) this.#options.onSurplus(surplus);
  }

  get #elapsed(): number {
    return this.#options.clock.elapsed();
  }

  #startOne(lane: LocalLane): boolean {
    if (!lane.canStart) return false;
    if (lane.inFlight > 0 ? this.#isSharedPartFull : this.#isKeptOut(lane.id)) return false;
    const delivery = lane.shift()!;
    this.#rate?.take();
    this.#queued -= 1;
    lane.inFlight += 1;
    this.#inFlight += 1;
    this.#options.start(delivery, lane);
    return true;
  }

  #enterRing(lane: LocalLane): void {
    if (!this.#isStopped && lane.canStart) this.#ring.add(lane);
  }

  #lane({ laneId, endpointId }: LaneRef): LocalLane {
    let lane = this.#lanes.get(laneId);
    if (lane === undefined) {
      if (this.#lanes.size >= this.#manyLanes) this.#forgetIdle();
      lane = new LocalLane(laneId, this.#options.settingsOf(endpointId));
      this.#lanes.set(laneId, lane);
    }
    return lane;
  }

  /** Lanes that were busy a moment ago, and are no more. */
  #forgetIdle(): void {
    for (const lane of this.#lanes.values()) this.#forgetIfIdle(lane);
    this.#manyLanes = Math.max(MANY_LANES, 2 * this.#lanes.size);
  }

  /** Idle lanes are not kept, unless they were busy a moment ago: 100,000 endpoints that were used once must not weigh on every claim. */
  #forgetIfIdle(lane: LocalLane): void {
    if (lane.isUnused && lane.pace.aheadAt(this.#elapsed) === 0) this.#lanes.delete(lane.id);
  }
}
