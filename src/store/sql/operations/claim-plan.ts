import type { ClaimParams } from '../../store.ts';
import type { LaneGate } from '../rows/lane-row.ts';

/** Deliveries that a lane gives before the next one has its turn. */
const TURN = 8;
/** Lanes that a claim locks at least: many of them have one delivery. */
const MIN_LANES = 16;

/** A lane that the claim has locked. */
export interface PlannedLane {
  readonly gate: LaneGate;
  /** It was asked, or is known to be closed: its `ready_at` is to be worked out anew. */
  isSeen: boolean;
  /** It gave as much as it was asked for: there may be more. */
  mayHaveMore: boolean;
  taken: number;
  /** Of these, those that are not of test messages: they count against what its gate allows. */
  counted: number;
}

/** How many deliveries to take of a lane now. */
export interface Quota {
  readonly laneId: string;
  readonly quota: number;
}

/** Decides how many deliveries of which lanes a claim takes. */
export class ClaimPlan {
  readonly #params: ClaimParams;
  readonly #now: number;
  readonly #lanes = new Map<string, PlannedLane>();
  #left: number;
  #wanted: number;
  #hasUnseen = true;

  constructor(params: ClaimParams, now: number) {
    this.#params = params;
    this.#now = now;
    this.#left = params.limit;
    this.#wanted = Math.min(params.limit, Math.max(MIN_LANES, 2 * Math.ceil(params.limit / TURN)));
  }

  /** Lanes to lock next; 0: none. */
  get lanesToLock(): number {
    // Each is to give something.
    return this.#hasUnseen ? Math.min(this.#wanted, this.#left) : 0;
  }

  /** Lanes that are not to be locked: they have no free slot, or are locked already. */
  excluded(): readonly string[] {
    return [...new Set([...this.full(), ...this.#lanes.keys()])];
  }

  /** Lanes without a free slot. */
  full(): readonly string[] {
    const named = [...this.#params.freeSlots.keys()].filter((id) => this.#slots(id) === 0);
    return [...named, ...[...this.#lanes.keys()].filter((id) => this.#slots(id) === 0)];
  }

  /** Lanes that were asked, or found closed. */
  seen(): readonly PlannedLane[] {
    return [...this.#lanes.values()].filter(({ isSeen }) => isSeen);
  }

  /** What to take of lanes that were just locked. */
  addLanes(gates: readonly LaneGate[]): readonly Quota[] {
    this.#hasUnseen = gates.length === this.lanesToLock;
    this.#wanted *= 4;
    const lanes = gates.map((gate) => ({ gate, isSeen: false, mayHaveMore: false, taken: 0, counted: 0 }));
    for (const lane of lanes) this.#lanes.set(lane.gate.id, lane);
    return this.#share(lanes, this.#hasUnseen ? TURN : Infinity);
  }

  /** What more to take of lanes that gave all they were asked for, when no other lane is left. */
  secondHelpings(): readonly Quota[] {
    const lanes = [...this.#lanes.values()].filter(({ mayHaveMore }) => mayHaveMore);
    return this.#share(lanes, Infinity);
  }

  /** Notes what a lane gave for its quota. `tests` of them are of test messages, and count against nothing. */
  take({ laneId, quota }: Quota, taken: number, tests: number): void {
    const lane = this.#lanes.get(laneId)!;
    lane.mayHaveMore = taken === quota;
    lane.taken += taken;
    lane.counted += taken - tests;
    this.#left -= taken;
    if (taken > tests) lane.gate.rate?.take(this.#now, taken - tests);
  }

  /** What holds back a lane that was locked, as it was then. */
  gateOf(laneId: string): LaneGate {
    return this.#lanes.get(laneId)!.gate;
  }

  /** The same for each, as far as it has room, and at most `most`. */
  #share(lanes: readonly PlannedLane[], most: number): readonly Quota[] {
    const share = Math.min(most, Math.max(1, Math.floor(this.#left / lanes.length)));
    const quotas: Quota[] = [];
    let left = this.#left;
    for (const lane of lanes) {
      if (left === 0) break;
      lane.isSeen = true;
      lane.mayHaveMore = false;
      const quota = Math.min(left, share, this.#room(lane));
      if (quota === 0) continue;
      quotas.push({ laneId: lane.gate.id, quota });
      left -= quota;
    }
    return quotas;
  }

  #room({ gate, counted }: PlannedLane): number {
    if (gate.isShut || gate.blockedUntil > this.#now) return 0;
    const most = Math.min(gate.isOnProbation ? 1 : Infinity, gate.freeLeases);
    const rate = gate.rate?.room(this.#now) ?? Infinity;
    return Math.max(0, Math.min(this.#slots(gate.id), rate, most - counted));
  }

  #slots(laneId: string): number {
    const { freeSlots, perLane } = this.#params;
    return Math.max(0, (freeSlots.get(laneId) ?? perLane) - (this.#lanes.get(laneId)?.taken ?? 0));
  }
}
