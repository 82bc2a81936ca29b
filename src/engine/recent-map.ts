/**
 * The entries used last, at most `limit` of them. Two maps in turn: what is used moves to the young one, and when that
 * has half of the limit, the old one is dropped. Nothing is deleted one by one: a map that every use deletes from and
 * adds to is rebuilt all the time.
 */
export class RecentMap<Value> {
  readonly #halfLimit: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** @param limit at least 2 */
  constructor(limit: number) {
    this.#halfLimit = Math.max(1, Math.floor(limit / 2));
  }

  /** Entries held. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.#promote(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#young.has(key)) this.#young.set(key, value);
    else this.#promote(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #promote(key: string, value: Value): void {
    this.#old.delete(key);
    if (this.#young.size >= this.#halfLimit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
