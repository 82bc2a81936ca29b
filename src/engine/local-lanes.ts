/**
 * Lanes in this process: for each lane a counter of attempts in flight and a queue of leased deliveries, and a ring
 * of the lanes that have work and room. One lane after the other starts one delivery, so an endpoint with a long queue
 * costs the others nothing. A counter and an array, not a promise queue: two nested ones are first come first served
 * over all endpoints, and what waits in them can be neither listed nor handed back.
 *
 * A quarter of all slots is kept for lanes that have nothing in flight: endpoints that hang may fill the rest, and a
 * healthy one still gets its first slot at once.
 */
import type { Clock } from '../clock.ts';
import type { LeasedDelivery } from '../store/store.ts';
import { Pace } from './pace.ts';

/** Most deliveries that wait in one process because of its pace. */
const MAX_AHEAD = 1000;

const MANY_LANES = 1000;

/** Share of all slots that any lane may use; the rest is for lanes without an attempt in flight. */
const SHARED_PART = 0.75;

/** What a delivery tells of its lane. */
export type LaneRef = Pick<LeasedDelivery, 'laneId' | 'endpointId'>;

export interface LocalLane {
  readonly id: string;
  concurrency: number;
  inFlight: number;
  /** Room promised to deliveries that are on their way into the store. */
  reserved: number;
  /** Answers that ask for a pause and are being written: nothing is started meanwhile. */
  holds: number;
  readonly queue: LeasedDelivery[];
  head: number;
  isInRing: boolean;
  readonly pace: Pace;
}

export interface LocalLanesOptions {
  readonly clock: Clock;
  readonly maxConcurrency: number;
  /** Outcomes that are not written yet: more than one for each slot hold back new work, or a store that is down would let memory grow. */
  readonly unwritten: () => number;
  /** Concurrency of an endpoint, and so of its lane: endpoints that share one have the same. */
  readonly concurrencyOf: (endpointId: string) => number;
  /** Begins an attempt. Must end in `finish`. */
  readonly start: (delivery: LeasedDelivery, lane: LocalLane) => void;
  /** A lane has room again and its queue is running low. */
  readonly onRoom: () => void;
}

export class LocalLanes {
  readonly #lanes = new Map<string, LocalLane>();
  readonly #ring: LocalLane[] = [];
  readonly #options: LocalLanesOptions;
  #ringHead = 0;
  readonly #pace = new Pace();
  #inFlight = 0;
  #queued = 0;
  #reserved = 0;
  #isPumping = false;
  #isStopped = false;
  #isOpen = true;
  /** How many lanes are looked through for idle ones, even when nothing is claimed. */
  #manyLanes = MANY_LANES;

  constructor(options: LocalLanesOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#queued;
  }

  /** How many more deliveries this process may lease over all lanes. */
  get room(): number {
    const { maxConcurrency, unwritten } = this.#options;
    if (!this.#isOpen) return 0;
    const ahead = this.#ahead(maxConcurrency, this.#pace);
    const held = this.#inFlight + this.#queued + this.#reserved;
    return maxConcurrency + ahead - held - Math.max(0, unwritten() - ahead);
  }

  /** Free slots of every lane that holds something, for a claim of at most `limit` deliveries; other lanes are empty. */
  freeSlots(limit: number): Map<string, number> {
    const slots = new Map<string, number>();
    const most = this.#isScarce ? 0 : limit;
    this.#forgetIdle();
    for (const lane of this.#lanes.values())
      slots.set(lane.id, Math.min(most, Math.max(0, this.#roomOf(lane))));
    return slots;
  }

  /** Whether it is time to claim for this lane: what waits here is running low. */
  isLow(laneId: string): boolean {
    const lane = this.#lanes.get(laneId);
    return this.room > 0 && (lane === undefined || (!this.#isScarce && this.#isLow(lane)));
  }

  /** Keeps room for one delivery that is being stored; false when the lane is full. */
  reserve(ref: LaneRef): boolean {
    if (this.#isStopped || this.room <= 0) return false;
    const lane = this.#lane(ref);
    if (this.#roomOf(lane) <= 0 || (this.#isScarce && heldBy(lane) > 0)) return false;
    lane.reserved += 1;
    this.#reserved += 1;
    return true;
  }

  /** What is left is for lanes that hold nothing. */
  get #isScarce(): boolean {
    return this.room <= 2 * this.#options.maxConcurrency * (1 - SHARED_PART);
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
    lane.queue.push(delivery);
    this.#queued += 1;
    this.#enterRing(lane);
  }

  /** Starts what may start. */
  pump(): void {
    if (this.#isPumping || !this.#isOpen) return;
    this.#isPumping = true;
    let passedOver = 0;
    while (this.#inFlight < this.#options.maxConcurrency && passedOver < this.#ring.length - this.#ringHead) {
      const lane = this.#ring[this.#ringHead]!;
      this.#ringHead += 1;
      lane.isInRing = false;
      passedOver = this.#startOne(lane) ? 0 : passedOver + 1;
      this.#enterRing(lane);
      this.#forgetIfIdle(lane);
      this.#compactRing();
    }
    this.#isPumping = false;
  }

  /** An attempt of this lane has ended. */
  finish(lane: LocalLane): void {
    lane.inFlight -= 1;
    this.#inFlight -= 1;
    this.#enterRing(lane);
    this.pump();
    if (this.#isLow(lane)) this.#options.onRoom();
    this.#forgetIfIdle(lane);
  }

  /** An outcome was written: the store, too, keeps pace. */
  onWritten({ laneId }: LaneRef): void {
    const elapsedMs = this.#options.clock.elapsed();
    this.#lanes.get(laneId)?.pace.note(elapsedMs);
    this.#pace.note(elapsedMs);
  }

  /** Takes back all queued deliveries, of one lane or of all. */
  takeQueued(laneId?: string): LeasedDelivery[] {
    const lanes =
      laneId === undefined
        ? [...this.#lanes.values()]
        : [this.#lanes.get(laneId)].filter((lane) => lane !== undefined);
    const taken = lanes.flatMap((lane) => {
      const queued = lane.queue.splice(lane.head);
      this.#queued -= queued.length;
      compactQueue(lane);
      this.#forgetIfIdle(lane);
      return queued;
    });
    return taken;
  }

  /** Takes one queued delivery back; undefined when it is not queued here. */
  takeOne(deliveryId: string): LeasedDelivery | undefined {
    for (const lane of this.#lanes.values()) {
      const index = lane.queue.findIndex((delivery, at) => at >= lane.head && delivery.id === deliveryId);
      if (index < 0) continue;
      const [taken] = lane.queue.splice(index, 1);
      this.#queued -= 1;
      this.#forgetIfIdle(lane);
      return taken;
    }
    return undefined;
  }

  *queuedDeliveries(): Generator<LeasedDelivery> {
    for (const lane of this.#lanes.values()) {
      for (let index = lane.head; index < lane.queue.length; index += 1) yield lane.queue[index]!;
    }
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
  setConcurrency(laneId: string, concurrency: number): void {
    const lane = this.#lanes.get(laneId);
    if (lane === undefined) return;
    lane.concurrency = concurrency;
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
  }

  /** How many deliveries may wait here: one for each slot at least, and what soon finds one. */
  #ahead(slots: number, pace: Pace): number {
    return Math.max(slots, Math.min(MAX_AHEAD, pace.aheadAt(this.#options.clock.elapsed())));
  }

  #roomOf(lane: LocalLane): number {
    return lane.concurrency + this.#ahead(lane.concurrency, lane.pace) - heldBy(lane);
  }

  #isLow(lane: LocalLane): boolean {
    return queuedIn(lane) < Math.max(lane.concurrency, this.#ahead(lane.concurrency, lane.pace) / 2);
  }

  #startOne(lane: LocalLane): boolean {
    const delivery = lane.queue[lane.head];
    if (delivery === undefined || lane.inFlight >= lane.concurrency || lane.holds > 0) return false;
    if (lane.inFlight > 0 && this.#inFlight >= Math.ceil(this.#options.maxConcurrency * SHARED_PART))
      return false;
    lane.head += 1;
    compactQueue(lane);
    this.#queued -= 1;
    lane.inFlight += 1;
    this.#inFlight += 1;
    this.#options.start(delivery, lane);
    return true;
  }

  #enterRing(lane: LocalLane): void {
    if (
      lane.isInRing ||
      this.#isStopped ||
      lane.head >= lane.queue.length ||
      lane.inFlight >= lane.concurrency ||
      lane.holds > 0
    )
      return;
    lane.isInRing = true;
    this.#ring.push(lane);
  }

  #compactRing(): void {
    if (this.#ringHead < 1024 && this.#ringHead < this.#ring.length) return;
    this.#ring.splice(0, this.#ringHead);
    this.#ringHead = 0;
  }

  #lane({ laneId, endpointId }: LaneRef): LocalLane {
    let lane = this.#lanes.get(laneId);
    if (lane === undefined) {
      if (this.#lanes.size >= this.#manyLanes) this.#forgetIdle();
      const concurrency = this.#options.concurrencyOf(endpointId);
      lane = {
        id: laneId,
        concurrency,
        inFlight: 0,
        reserved: 0,
        holds: 0,
        queue: [],
        head: 0,
        isInRing: false,
        pace: new Pace(),
      };
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
    if (
      heldBy(lane) === 0 &&
      lane.holds === 0 &&
      !lane.isInRing &&
      lane.pace.aheadAt(this.#options.clock.elapsed()) === 0
    )
      this.#lanes.delete(lane.id);
  }
}

function heldBy(lane: LocalLane): number {
  return lane.inFlight + lane.reserved + queuedIn(lane);
}

function queuedIn(lane: LocalLane): number {
  return lane.queue.length - lane.head;
}

/** The head moves through the array; finished places are dropped now and then, not at each step. */
function compactQueue(lane: LocalLane): void {
  if (lane.head >= lane.queue.length) {
    lane.queue.length = 0;
    lane.head = 0;
  } else if (lane.head >= 256) {
    lane.queue.splice(0, lane.head);
    lane.head = 0;
  }
}
