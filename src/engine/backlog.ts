/** What is due in the store and not leased, as far as this process knows. */
export class Backlog {
  #isAnywhere = true;
  readonly #laneIds = new Set<string>();

  /** Something is due, in whatever lane. */
  addAny(): void {
    this.#isAnywhere = true;
  }

  /** Something is due in these lanes. */
  add(laneIds: Iterable<string>): void {
    for (const id of laneIds) this.#laneIds.add(id);
  }

  /** A claim begins, which will tell what it leaves. What is added while it is under way stays: it may have looked too early. */
  clear(): void {
    this.#isAnywhere = false;
    this.#laneIds.clear();
  }

  /** Whether something is due of which `isWanted` is true; what may be in any lane is wanted. */
  has(isWanted: (laneId: string) => boolean): boolean {
    if (this.#isAnywhere) return true;
    for (const id of this.#laneIds) if (isWanted(id)) return true;
    return false;
  }
}
