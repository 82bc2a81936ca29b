import { createLaneRow, readyAt } from './lane-rows.ts';
import type { RowChanges } from './row-changes.ts';
import type { DeliveryRow, LaneRow } from './rows.ts';
import { TimedQueue } from './timed-queue.ts';

/** Deliveries that a lane gives before the next one has its turn. */
const TURN = 8;

/** Emptied lanes that are looked at when one more is emptied: more than one, so that they get fewer. */
const LOOKS = 2;

/** What a claim may take. */
export interface Picks {
  readonly limit: number;
  readonly perLane: number;
  readonly freeSlots: ReadonlyMap<string, number>;
}

/** Instants; `Infinity` when nothing waits. */
export interface NextReady {
  /** Slots aside. */
  readonly dueAt: number;
  /** Without the lanes that have no slot left. */
  readonly openAt: number;
}

/**
 * All lanes, and whose turn it is. Lanes with something to claim stand in a ring; lanes that wait for a due time, the
 * end of a block or a rate token stand in a queue; paused, held, full and empty ones stand nowhere and cost nothing.
 *
 * A place may be out of date in one direction only: a lane is looked at too early, never too late.
 */
export class Lanes {
  readonly #byId = new Map<string, LaneRow>();
  #ring: LaneRow[] = [];
  #ringHead = 0;
  readonly #later = new TimedQueue<LaneRow>();
  /** Lanes without deliveries whose block or rate limit still holds back what may come. */
  readonly #emptied = new Set<LaneRow>();
  readonly #changes: RowChanges;
  #created = 0;
  #claims = 0;

  constructor(changes: RowChanges) {
    this.#changes = changes;
  }

  get all(): Iterable<LaneRow> {
    return this.#byId.values();
  }

  get(id: string): LaneRow | undefined {
    return this.#byId.get(id);
  }

  /** Adds a lane that is not there. */
  create(id: string): LaneRow {
    this.#created += 1;
    const lane = createLaneRow(id, this.#created);
    this.#byId.set(id, lane);
    return lane;
  }

  /** Forgets a lane without deliveries. */
  delete(lane: LaneRow): void {
    this.#emptied.delete(lane);
    this.#later.drop(lane);
    this.#byId.delete(lane.id);
    this.#changes.noteLaneRemoved(lane);
  }

  /**
   * Forgets a lane that belongs to no endpoint and has no deliveries, as soon as nothing of it holds anything back: a block
   * and a rate limit are about a server, and outlive the messages that led to them.
   */
  retire(lane: LaneRow, now: number): void {
    this.#emptied.add(lane);
    let looks = LOOKS;
    for (const oldest of this.#emptied) {
      if (looks === 0) return;
      looks -= 1;
      this.#emptied.delete(oldest);
      if (oldest.ledgers > 0) continue;
      if (isOpen(oldest, now)) this.delete(oldest);
      else this.#emptied.add(oldest);
    }
  }

  /** Finds the lane its place; to be called when it may be ready earlier than before. */
  place(lane: LaneRow, now: number): void {
    if (!lane.inRing) this.#put(lane, now);
  }

  /**
   * Hands due deliveries to `take`, which leases them and so takes them out of their queues, lanes in turn. A lane that stays
   * ready goes to the end of the ring, so turns go on where the claim before ended.
   */
  pick(picks: Picks, now: number, take: (row: DeliveryRow) => void): void {
    this.#claims += 1;
    this.#wake(now);
    let left = picks.limit;
    let passedOver = 0;
    while (left > 0 && passedOver < this.#ringSize) {
      const lane = this.#ring[this.#ringHead]!;
      const taken = serve(lane, Math.min(left, TURN, this.#slots(lane, picks)), now, take);
      left -= taken;
      lane.slotsLeft -= taken;
      this.#put(this.#shift(), now);
      if (taken > 0) passedOver = 0;
      else if (lane.inRing) passedOver += 1;
    }
  }

  /** When something can be claimed next. Directly after `pick`. */
  next(picks: Picks, now: number): NextReady {
    let dueAt = Infinity;
    for (let passedOver = 0; passedOver < this.#ringSize;) {
      const lane = this.#ring[this.#ringHead]!;
      if (readyAt(lane, now) <= now) {
        dueAt = now;
        if (this.#slots(lane, picks) > 0) return { dueAt, openAt: now };
      }
      this.#put(this.#shift(), now);
      if (lane.inRing) passedOver += 1;
    }
    const later = this.#nextLater(picks, now);
    return { dueAt: Math.min(dueAt, later.dueAt), openAt: later.openAt };
  }

  /** The places of the lanes in front are brought up to date until one of them is right and has a slot left. */
  #nextLater(picks: Picks, now: number): NextReady {
    const full: LaneRow[] = [];
    let dueAt = Infinity;
    let openAt = Infinity;
    for (let entry = this.#later.peek(); entry !== undefined; entry = this.#later.peek()) {
      const { item: lane, at } = entry;
      if (readyAt(lane, now) !== at) {
        this.#put(lane, now);
        continue;
      }
      dueAt = Math.min(dueAt, at);
      if (this.#slots(lane, picks) > 0) {
        openAt = at;
        break;
      }
      this.#later.drop(lane);
      full.push(lane);
    }
    for (const lane of full) this.#put(lane, now);
    return { dueAt, openAt };
  }

  #slots(lane: LaneRow, picks: Picks): number {
    if (lane.claimNumber !== this.#claims) {
      lane.claimNumber = this.#claims;
      lane.slotsLeft = picks.freeSlots.get(lane.id) ?? picks.perLane;
    }
    return lane.slotsLeft;
  }

  /** Moves lanes whose time has come into the ring. */
  #wake(now: number): void {
    for (let entry = this.#later.peek(); entry !== undefined && entry.at <= now; entry = this.#later.peek()) {
      this.#put(entry.item, now);
    }
  }

  /** A lane that is not in the ring goes where it belongs now. */
  #put(lane: LaneRow, now: number): void {
    const at = readyAt(lane, now);
    if (at <= now) {
      this.#later.drop(lane);
      lane.inRing = true;
      this.#ring.push(lane);
    } else if (lane.entry?.at !== at) {
      this.#later.drop(lane);
      if (at < Infinity) this.#later.add(lane, at);
    }
  }

  get #ringSize(): number {
    return this.#ring.length - this.#ringHead;
  }

  /** The next lane of a ring that is not empty. */
  #shift(): LaneRow {
    const lane = this.#ring[this.#ringHead]!;
    this.#ringHead += 1;
    if (this.#ringHead * 2 > this.#ring.length) {
      this.#ring = this.#ring.slice(this.#ringHead);
      this.#ringHead = 0;
    }
    lane.inRing = false;
    return lane;
  }
}

function isOpen({ paused, blockedUntil, rate }: LaneRow, now: number): boolean {
  return !paused && blockedUntil <= now && (rate === undefined || rate.isUnused(now));
}

function serve(lane: LaneRow, quota: number, now: number, take: (row: DeliveryRow) => void): number {
  let taken = 0;
  while (taken < quota && readyAt(lane, now) <= now) {
    take(lane.due.peek()!.item);
    taken += 1;
  }
  return taken;
}
