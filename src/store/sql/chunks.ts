/** Characters of one statement's parameters, about: servers refuse packets of 16 MiB and more, and a character may be four bytes. */
const MAX_SIZE = 2_000_000;

/** Cuts a list into parts that fit into one statement each, every one with at least one item. */
export function* chunksOf<T>(items: readonly T[], sizeOf: (item: T) => number): Generator<readonly T[]> {
  let from = 0;
  let size = 0;
  for (const [index, item] of items.entries()) {
    const added = sizeOf(item);
    if (index > from && size + added > MAX_SIZE) {
      yield items.slice(from, index);
      from = index;
      size = 0;
    }
    size += added;
  }
  if (from < items.length) yield from === 0 ? items : items.slice(from);
}
