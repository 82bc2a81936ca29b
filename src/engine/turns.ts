/** Work of many owners, a few at a time: of each owner fewer than of all, so that one whose work takes long does not hold up the others. */
import type { LimitFunction } from 'p-limit';

/** The work of one owner. */
interface Share {
  readonly limit: LimitFunction;
  /** What has its turn or waits for it. */
  count: number;
}

export class Turns {
  readonly #max: number;
  readonly #maxPerOwner: number;
  /** Those that have work. */
  readonly #shares = new Map<string, Share>();
  #all: LimitFunction | undefined;

  constructor(max: number, maxPerOwner: number) {
    this.#max = max;
    this.#maxPerOwner = maxPerOwner;
  }

  async take<Result>(owner: string, act: () => Promise<Result>): Promise<Result> {
    // Loaded when it is first needed, like everything that most processes never need.
    const { default: pLimit } = await import('p-limit');
    const all = (this.#all ??= pLimit(this.#max));
    const share = this.#shares.get(owner) ?? { limit: pLimit(this.#maxPerOwner), count: 0 };
    this.#shares.set(owner, share);
    share.count += 1;
    try {
      return await share.limit(() => all(act));
    } finally {
      share.count -= 1;
      if (share.count === 0) this.#shares.delete(owner);
    }
  }
}
