import type { LocalLane } from './local-lane.ts';

/** Lanes that have their turn one after the other; each is in it once. */
export class LaneRing {
  readonly #lanes: LocalLane[] = [];
  #head = 0;

  get size(): number {
    return this.#lanes.length - this.#head;
  }

  /** Behind all others, unless it is in it. */
  add(lane: LocalLane): void {
    if (lane.isInRing) return;
    lane.isInRing = true;
    this.#lanes.push(lane);
  }

  /** Takes the lane out whose turn it is. The ring is not empty. */
  next(): LocalLane {
    const lane = this.#lanes[this.#head]!;
    lane.isInRing = false;
    this.#head += 1;
    // Places that are over are dropped now and then, not at each step.
    if (this.#head >= 1024 || this.#head >= this.#lanes.length) {
      this.#lanes.splice(0, this.#head);
      this.#head = 0;
    }
    return lane;
  }
}
