/** Lanes remembered; the ones that were in trouble first are forgotten first. Each is named in the claims of a process that is full. */
export const MAX_TROUBLED_LANES = 2_000;

/**
 * Lanes whose receiver was in trouble at the last attempt of this process. Kept apart from the lanes themselves, which are forgotten while
 * they are idle.
 */
export class TroubledLanes {
  readonly #ids = new Set<string>();

  has(laneId: string): boolean {
    return this.#ids.size > 0 && this.#ids.has(laneId);
  }

  /** @param isTroubled undefined: the attempt tells nothing about its receiver */
  note(laneId: string, isTroubled: boolean | undefined): void {
    if (isTroubled === true) {
      this.#ids.add(laneId);
      if (this.#ids.size > MAX_TROUBLED_LANES) this.#ids.delete(this.#ids.values().next().value!);
    } else if (isTroubled === false && this.#ids.size > 0) this.#ids.delete(laneId);
  }

  ids(): Iterable<string> {
    return this.#ids;
  }
}
