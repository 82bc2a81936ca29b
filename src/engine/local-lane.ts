import type { LeasedDelivery } from '../store/store.ts';
import { Pace } from './pace.ts';

/** Most deliveries that wait in one process because of its pace. */
const MAX_AHEAD = 1000;

/** How many deliveries may wait for so many slots: one for each at least, and what soon finds one. */
export function aheadOf(slots: number, pace: Pace, elapsedMs: number): number {
  return Math.max(slots, Math.min(MAX_AHEAD, pace.aheadAt(elapsedMs)));
}

/** What endpoints say of their lane. */
export interface LaneSettings {
  readonly concurrency: number;
  /**
   * Nothing is leased that would wait here: a delivery takes its rate token, or one of the leases that all processes share, with its lease, and is
   * to be sent then.
   */
  readonly isLimited: boolean;
}

/** One lane in this process: what it has in flight, and what waits for that. */
export class LocalLane {
  readonly id: string;
  settings: LaneSettings;
  inFlight = 0;
  /** Room promised to deliveries that are on their way into the store. */
  reserved = 0;
  /** Answers that ask for a pause and are being written: nothing is started meanwhile. */
  holds = 0;
  isInRing = false;
  readonly pace = new Pace();
  readonly #queue: LeasedDelivery[] = [];
  #head = 0;

  constructor(id: string, settings: LaneSettings) {
    this.id = id;
    this.settings = settings;
  }

  get concurrency(): number {
    return this.settings.concurrency;
  }

  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** What takes its room. */
  get held(): number {
    return this.inFlight + this.reserved + this.queued;
  }

  /** There is something to start, and a slot for it. */
  get canStart(): boolean {
    return this.queued > 0 && this.inFlight < this.concurrency && this.holds === 0;
  }

  /** How many more deliveries may be leased for it. */
  roomAt(elapsedMs: number): number {
    return this.concurrency + this.#aheadAt(elapsedMs) - this.held;
  }

  /** There is room, and half of what may wait is gone, or there is less than one for each slot. */
  isLowAt(elapsedMs: number): boolean {
    const low = Math.max(this.concurrency, this.#aheadAt(elapsedMs) / 2);
    return this.queued < low && this.roomAt(elapsedMs) > 0;
  }

  /** Nothing is known of it that a new one would not know, but its pace. */
  get isUnused(): boolean {
    return this.held === 0 && this.holds === 0 && !this.isInRing;
  }

  enqueue(delivery: LeasedDelivery): void {
    this.#queue.push(delivery);
  }

  /** The one that waited longest. */
  shift(): LeasedDelivery | undefined {
    const delivery = this.#queue[this.#head];
    if (delivery === undefined) return undefined;
    this.#head += 1;
    this.#compact();
    return delivery;
  }

  /** Takes back what waits beyond what may now: the endpoint has become slower. Those that came last. */
  takeSurplus(elapsedMs: number): LeasedDelivery[] {
    const surplus = this.queued - Math.max(this.concurrency, this.#aheadAt(elapsedMs));
    return surplus > 0 ? this.#queue.splice(-surplus) : [];
  }

  takeQueued(): LeasedDelivery[] {
    const taken = this.#queue.splice(this.#head);
    this.#compact();
    return taken;
  }

  /** Takes one back; `undefined` when it does not wait here. */
  takeOne(deliveryId: string): LeasedDelivery | undefined {
    const index = this.#queue.findIndex(({ id }, at) => at >= this.#head && id === deliveryId);
    return index < 0 ? undefined : this.#queue.splice(index, 1)[0];
  }

  *queuedDeliveries(): Generator<LeasedDelivery> {
    for (let index = this.#head; index < this.#queue.length; index += 1) yield this.#queue[index]!;
  }

  #aheadAt(elapsedMs: number): number {
    return this.settings.isLimited ? 0 : aheadOf(this.concurrency, this.pace, elapsedMs);
  }

  /** The head moves through the array; finished places are dropped now and then, not at each step. */
  #compact(): void {
    if (this.#head >= this.#queue.length) this.#queue.length = 0;
    else if (this.#head >= 256) this.#queue.splice(0, this.#head);
    else return;
    this.#head = 0;
  }
}
