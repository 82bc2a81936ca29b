/**
 * Finds the endpoints that want a message without looking at those that do not. Per tenant: event types by hash,
 * patterns by a tree of segments. At each place filters are found by the hash of one of their equality conditions, so
 * 100,000 endpoints that wait for one machine each cost one lookup. Filters without an equality condition run one by
 * one, at the types and patterns where they are.
 */
import type { CompiledFilter, EqualityCondition } from './compile-filter.ts';
import type { FilterScalar } from './filter.ts';
import { type FilterInput, type FilterPath, isJsonArray, readFilterPath } from './filter-path.ts';
import { isExactPattern, PatternTree } from './pattern.ts';

/** What one endpoint wants. */
export interface Subscription<T> {
  readonly tenant: string;
  /** Event types and patterns; see `isPattern`. */
  readonly events: readonly string[];
  readonly filter: CompiledFilter | undefined;
  /** What `match` returns for it. */
  readonly value: T;
}

/** Called for a subscription whose filter threw; it does not match. */
export type FilterErrorHandler<T> = (value: T, error: unknown) => void;

/** A stored subscription and where it was put. */
interface Entry<T> {
  readonly tenant: string;
  readonly filter: CompiledFilter | undefined;
  readonly value: T;
  /** Position in the order of insertion. */
  readonly order: number;
  /** Distinct. */
  readonly patterns: readonly string[];
  /** For each pattern, the condition under which it was put there. */
  readonly equalities: (EqualityCondition | undefined)[];
  /** Number of the last `match` that came across it. */
  seenBy: number;
}

/** Entries that wait for values at one path. */
interface PathHash<T> {
  readonly path: FilterPath;
  readonly byValue: Map<FilterScalar, Set<Entry<T>>>;
}

/** The subscriptions of all tenants. */
export class SubscriptionIndex<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #tenants = new Map<string, TenantIndex<T>>();
  #lastOrder = 0;
  #lastMatch = 0;

  /** How many subscriptions there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many tenants anything is kept for. */
  get tenants(): number {
    return this.#tenants.size;
  }

  /** Adds a subscription, or replaces the one of this id, which keeps its position. */
  set(id: string, subscription: Subscription<T>): void {
    const order = this.#entries.get(id)?.order ?? (this.#lastOrder += 1);
    this.delete(id);
    const { events, filter, value } = subscription;
    const patterns = events.length < 2 ? events : [...new Set(events)];
    const entry: Entry<T> = {
      tenant: subscription.tenant,
      filter,
      value,
      order,
      patterns,
      equalities: [],
      seenBy: 0,
    };
    let tenant = this.#tenants.get(entry.tenant);
    if (tenant === undefined) this.#tenants.set(entry.tenant, (tenant = new TenantIndex()));
    for (const pattern of patterns) entry.equalities.push(tenant.bucketAt(pattern).add(entry));
    this.#entries.set(id, entry);
  }

  /** Removes a subscription and everything that was kept for it alone. False when there was none. */
  delete(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    const tenant = this.#tenants.get(entry.tenant)!;
    entry.patterns.forEach((pattern, index) => tenant.remove(entry, pattern, entry.equalities[index]));
    if (tenant.isEmpty) this.#tenants.delete(entry.tenant);
    return true;
  }

  /**
   * The values of all subscriptions that want a message, each once, in the order of their insertion.
   *
   * @param input the message for filters; called once at most, and only when a subscription to this type has a filter
   * @param onError called for each filter that threw; without it the first error is thrown, after all filters ran
   */
  match(type: string, tenant: string, input: () => FilterInput, onError?: FilterErrorHandler<T>): T[] {
    const buckets = this.#tenants.get(tenant)?.bucketsFor(type) ?? [];
    const message = buckets.some((bucket) => bucket.hasFilters) ? input() : undefined;
    // Candidates first, foreign code second: a filter function may call back into this index.
    const candidates: Entry<T>[] = [];
    this.#lastMatch += 1;
    for (const bucket of buckets) bucket.collect(message, this.#lastMatch, candidates);
    const matching = message === undefined ? candidates : applyFilters(candidates, message, onError);
    if (matching.length > 1) matching.sort((left, right) => left.order - right.order);
    return matching.map((entry) => entry.value);
  }
}

function applyFilters<T>(
  candidates: readonly Entry<T>[],
  message: FilterInput,
  onError: FilterErrorHandler<T> | undefined,
): Entry<T>[] {
  const errors: unknown[] = [];
  const matching = candidates.filter(({ filter, value }) => {
    if (filter === undefined) return true;
    try {
      return filter.matches(message);
    } catch (error) {
      if (onError === undefined) errors.push(error);
      else onError(value, error);
      return false;
    }
  });
  if (errors.length > 0) throw errors[0];
  return matching;
}

/** The subscriptions of one tenant. */
class TenantIndex<T> {
  readonly #exact = new Map<string, Bucket<T>>();
  readonly #patterns = new PatternTree<Bucket<T>>();

  get isEmpty(): boolean {
    return this.#exact.size === 0 && this.#patterns.isEmpty;
  }

  /** The bucket of a type or pattern, made when there is none. */
  bucketAt(pattern: string): Bucket<T> {
    const buckets = isExactPattern(pattern) ? this.#exact : this.#patterns;
    let bucket = buckets.get(pattern);
    if (bucket === undefined) buckets.set(pattern, (bucket = new Bucket()));
    return bucket;
  }

  remove(entry: Entry<T>, pattern: string, equality: EqualityCondition | undefined): void {
    const buckets = isExactPattern(pattern) ? this.#exact : this.#patterns;
    const bucket = buckets.get(pattern);
    bucket?.remove(entry, equality);
    if (bucket?.isEmpty === true) buckets.delete(pattern);
  }

  bucketsFor(type: string): Bucket<T>[] {
    const exact = this.#exact.get(type);
    const buckets = this.#patterns.isEmpty ? [] : this.#patterns.valuesFor(type);
    if (exact !== undefined) buckets.push(exact);
    return buckets;
  }
}

/** The subscriptions to one event type or pattern. Most hold a single one, so its parts are made when needed. */
class Bucket<T> {
  #unfiltered: Set<Entry<T>> | undefined;
  /** Filters that no hash can find. */
  #scanned: Set<Entry<T>> | undefined;
  #hashes: Map<string, PathHash<T>> | undefined;

  get isEmpty(): boolean {
    return this.#unfiltered === undefined && !this.hasFilters;
  }

  get hasFilters(): boolean {
    return this.#scanned !== undefined || this.#hashes !== undefined;
  }

  /** Returns the condition under which the entry was put; `remove` needs it. */
  add(entry: Entry<T>): EqualityCondition | undefined {
    const equality = entry.filter === undefined ? undefined : this.#leastCrowded(entry.filter.equalities);
    if (entry.filter === undefined) (this.#unfiltered ??= new Set()).add(entry);
    else if (equality === undefined) (this.#scanned ??= new Set()).add(entry);
    else this.#addHashed(entry, equality);
    return equality;
  }

  /**
   * Of several equality conditions the one whose values fewest others wait for: `{ kind: 'a', machineId: 'm-1' }` goes
   * by machine, where by kind everybody would stand in one row.
   */
  #leastCrowded(equalities: readonly EqualityCondition[]): EqualityCondition | undefined {
    if (equalities.length < 2) return equalities[0];
    let best: EqualityCondition | undefined;
    let fewest = Infinity;
    for (const equality of equalities) {
      const byValue = this.#hashes?.get(equality.path.text)?.byValue;
      let count = 0;
      for (const value of equality.values) count += byValue?.get(value)?.size ?? 0;
      if (count >= fewest) continue;
      fewest = count;
      best = equality;
    }
    return best;
  }

  #addHashed(entry: Entry<T>, { path, values }: EqualityCondition): void {
    this.#hashes ??= new Map();
    let hash = this.#hashes.get(path.text);
    if (hash === undefined) this.#hashes.set(path.text, (hash = { path, byValue: new Map() }));
    for (const value of values) {
      const entries = hash.byValue.get(value);
      if (entries === undefined) hash.byValue.set(value, new Set([entry]));
      else entries.add(entry);
    }
  }

  remove(entry: Entry<T>, equality: EqualityCondition | undefined): void {
    if (equality !== undefined) this.#removeHashed(entry, equality);
    else if (entry.filter !== undefined) this.#scanned = without(this.#scanned, entry);
    else this.#unfiltered = without(this.#unfiltered, entry);
  }

  #removeHashed(entry: Entry<T>, { path, values }: EqualityCondition): void {
    const byValue = this.#hashes?.get(path.text)?.byValue;
    for (const value of values) {
      if (without(byValue?.get(value), entry) === undefined) byValue?.delete(value);
    }
    if (byValue?.size === 0) this.#hashes?.delete(path.text);
    if (this.#hashes?.size === 0) this.#hashes = undefined;
  }

  /** Adds the entries that may want the message and were not come across in this match before. */
  collect(message: FilterInput | undefined, match: number, candidates: Entry<T>[]): void {
    addUnseen(this.#unfiltered, match, candidates);
    addUnseen(this.#scanned, match, candidates);
    if (message === undefined || this.#hashes === undefined) return;
    for (const { path, byValue } of this.#hashes.values()) {
      const value = readFilterPath(path, message);
      // A condition on an array holds if it does for any item; the map has plain values only, so others find nothing.
      if (isJsonArray(value)) {
        for (const item of value) addUnseen(byValue.get(item as FilterScalar), match, candidates);
      } else if (value !== undefined) {
        addUnseen(byValue.get(value as FilterScalar), match, candidates);
      }
    }
  }
}

function addUnseen<T>(entries: Set<Entry<T>> | undefined, match: number, candidates: Entry<T>[]): void {
  if (entries === undefined) return;
  for (const entry of entries) {
    if (entry.seenBy === match) continue;
    entry.seenBy = match;
    candidates.push(entry);
  }
}

/** The set without the entry; `undefined` once it is empty. */
function without<T>(entries: Set<Entry<T>> | undefined, entry: Entry<T>): Set<Entry<T>> | undefined {
  entries?.delete(entry);
  return entries?.size === 0 ? undefined : entries;
}
