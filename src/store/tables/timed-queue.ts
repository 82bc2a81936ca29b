import TinyQueue from 'tinyqueue';

/** Something that waits for an instant; in at most one {@link TimedQueue}. */
export interface TimedItem<Item> {
  /** Decides among equal instants. */
  readonly sequence: number;
  /** Its valid entry; `undefined` while it does not wait. Written by the queue alone. */
  entry: TimedEntry<Item> | undefined;
}

/** Place of an item in a queue. Stale once the item points to another entry, or to none. */
export interface TimedEntry<Item> {
  readonly at: number;
  readonly item: Item;
}

/** Queues with fewer stale entries are not worth compacting. */
const MIN_COMPACTION = 64;

/**
 * Items by instant, then sequence. An item is taken out by forgetting its entry; stale entries leave when they reach
 * the front, or when they are the majority.
 */
export class TimedQueue<Item extends TimedItem<Item>> {
  #heap = new TinyQueue<TimedEntry<Item>>([], compareEntries);
  #stale = 0;

  /** Adds an item that is not in the queue. */
  add(item: Item, at: number): void {
    const entry: TimedEntry<Item> = { at, item };
    item.entry = entry;
    this.#heap.push(entry);
  }

  /** Takes an item out, if it is in. */
  drop(item: Item): void {
    if (item.entry === undefined) return;
    item.entry = undefined;
    this.#stale += 1;
    if (this.#stale > MIN_COMPACTION && this.#stale * 2 > this.#heap.length) {
      this.#heap = new TinyQueue(this.#heap.data.filter(isValid), compareEntries);
      this.#stale = 0;
    }
  }

  /** The first entry, left in place. */
  peek(): TimedEntry<Item> | undefined {
    for (;;) {
      const entry = this.#heap.peek();
      if (entry === undefined || isValid(entry)) return entry;
      this.#heap.pop();
      this.#stale -= 1;
    }
  }
}

function isValid<Item extends TimedItem<Item>>(entry: TimedEntry<Item>): boolean {
  return entry.item.entry === entry;
}

function compareEntries<Item extends TimedItem<Item>>(a: TimedEntry<Item>, b: TimedEntry<Item>): number {
  return a.at - b.at || a.item.sequence - b.item.sequence;
}
