/**
 * The directory: every endpoint of the store, compiled and indexed, in memory. Emit reads it without touching the
 * store. It learns of changes made here at once and of those made elsewhere through `store.watch`.
 */
import type { FilterInput } from '../core/compile-filter.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import { isHeld } from '../core/endpoint-hold.ts';
import { SubscriptionIndex } from '../core/subscription-index.ts';
import { StoppedError } from '../errors.ts';
import type { EndpointRef } from '../lifecycle-events.ts';
import type { Page, StoredEndpoint } from '../store/store.ts';
import type { ChangeReads } from './change-reads.ts';
import type { Destinations } from './destinations.ts';
import type { EngineContext } from './engine-context.ts';
import { ANY_ENDPOINT, EndpointReads } from './endpoint-reads.ts';
import { type EndpointRuntime, unservedReason } from './endpoint-runtime.ts';
import { setMember } from './set-member.ts';
import { reportUnserved } from './unserved-endpoints.ts';

const PAGE = 500;
/** Removed endpoints remembered; reads that are older than so many removals do not happen. */
const MAX_REMOVED = 10_000;
/** A delivery to an endpoint that cannot be read here goes back to the store after so long. */
const UNREADABLE_MS = 1_000;

export interface DirectoryOptions extends Pick<EngineContext, 'store' | 'reporter'> {
  readonly changes: ChangeReads;
  /** Hidden endpoints that were used lately; they are not loaded, but read when a delivery needs them. */
  readonly destinations: Pick<Destinations, 'get' | 'load' | 'forget'>;
  readonly compile: (record: EndpointRecord) => EndpointRuntime;
  /** False in a process that only stores: it has no need to serve them. */
  readonly deliver: boolean;
  /** Settings of an endpoint have changed. */
  readonly onChange: (runtime: EndpointRuntime) => void;
  /** Deliveries to it wait in the store from now on. */
  readonly onWaiting: (endpointId: string) => void;
  /** They wait no longer. */
  readonly onReady: () => void;
  /** There are no endpoints left that cannot be read here. */
  readonly onReadable: () => void;
}

export class Directory {
  readonly #options: DirectoryOptions;
  readonly #runtimes = new Map<string, EndpointRuntime>();
  readonly #index = new SubscriptionIndex<EndpointRuntime>();
  readonly #reading = new Map<string, Promise<boolean>>();
  /** Readings of all endpoints: the one that goes on, or went before, and the one that waits for it. */
  #lastReading: Promise<boolean> | undefined;
  #nextReading: Promise<boolean> | undefined;
  /** Removed endpoints: a record read before the removal must not bring them back. */
  readonly #removed = new Map<string, number>();
  readonly #reads: EndpointReads;
  readonly #paused = new Set<string>();
  /** Disabled endpoints that keep what waits. */
  readonly #held = new Set<string>();
  #isLoading = false;
  /** Changes heard of while all endpoints are loaded: read afterwards, since a page may be older. */
  readonly #duringLoad = new Set<string | undefined>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#reads = new EndpointReads(options);
  }

  get size(): number {
    return this.#runtimes.size;
  }

  get(endpointId: string): EndpointRuntime | undefined {
    return this.#runtimes.get(endpointId) ?? this.#options.destinations.get(endpointId);
  }

  /** How events and log lines call an endpoint, also one that is gone. */
  refOf(endpointId: string): EndpointRef {
    return this.get(endpointId)?.ref ?? { id: endpointId, url: '(removed)', name: undefined };
  }

  /** The same for one that may have to be read first: a hidden one of another process, or one that was not used lately. */
  withRef(endpointId: string, use: (ref: EndpointRef) => void): void {
    if (this.get(endpointId) !== undefined) use(this.refOf(endpointId));
    else void this.#readInTurn(endpointId).then(() => use(this.refOf(endpointId)));
  }

  /** Endpoints that want this message, disabled ones included. */
  match(
    type: string,
    tenant: string,
    input: () => FilterInput,
    onFilterError: (runtime: EndpointRuntime, error: unknown) => void,
  ): EndpointRuntime[] {
    return this.#index.match(type, tenant, input, onFilterError);
  }

  /** Endpoints that this process cannot serve, and why. */
  *unserved(): Generator<{ readonly endpointId: string; readonly why: string }> {
    for (const runtime of this.#runtimes.values()) {
      const why = unservedReason(runtime);
      if (why !== undefined) yield { endpointId: runtime.record.id, why };
    }
    for (const [endpointId, { message }] of this.#reads.unreadable) yield { endpointId, why: message };
  }

  /** Some endpoint cannot be read here: who gets a message only others can tell. */
  get hasUnreadable(): boolean {
    return this.#reads.unreadable.size > 0;
  }

  async load(): Promise<void> {
    this.#isLoading = true;
    for await (const items of this.#pages()) {
      for (const { record, lane } of items) {
        this.put(record);
        if (lane.paused) this.#paused.add(record.id);
      }
    }
    this.#isLoading = false;
    for (const endpointId of this.#duringLoad) this.onChange(endpointId);
    this.#duringLoad.clear();
    await this.#options.changes.upToDate();
    this.#tellOfUnserved(this.#runtimes.values());
  }

  #tellOfUnserved(runtimes: Iterable<EndpointRuntime>): void {
    if (this.#options.deliver) reportUnserved(runtimes, this.#options.reporter);
  }

  async *#pages(): AsyncGenerator<readonly StoredEndpoint[]> {
    let cursor: string | undefined;
    do {
      const page: Page<StoredEndpoint> = await this.#options.store.endpoints.list({ cursor, limit: PAGE });
      yield page.items;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }

  /** Takes over a record as it is in the store. Older ones than the one known are ignored, hidden ones are not listed here. */
  put(record: EndpointRecord): EndpointRuntime {
    if (record.hidden === true) return this.#options.destinations.load(record);
    const known = this.#runtimes.get(record.id);
    const isOld =
      known !== undefined &&
      known.record.revision >= record.revision &&
      known.record.createdAt >= record.createdAt;
    if (isOld) return known;
    const runtime = this.#options.compile(record);
    if ((this.#removed.get(record.id) ?? -Infinity) >= record.createdAt) return runtime;
    this.#runtimes.set(record.id, runtime);
    setMember(this.#held, record.id, isHeld(record));
    this.#index.set(record.id, {
      tenant: record.tenant,
      events: record.events,
      filter: runtime.filter,
      value: runtime,
    });
    this.#options.onChange(runtime);
    if (!this.#isLoading) this.#tellOfUnserved([runtime]);
    return runtime;
  }

  /** Takes over what the store has now, also under the id of an endpoint that was removed. */
  accept(record: EndpointRecord): EndpointRuntime {
    this.#removed.delete(record.id);
    return this.put(record);
  }

  delete(endpointId: string): void {
    this.#reads.forget(endpointId);
    const known = this.#runtimes.get(endpointId);
    if (known !== undefined) {
      if (this.#removed.size >= MAX_REMOVED) this.#removed.clear();
      this.#removed.set(endpointId, known.record.createdAt);
    }
    this.#runtimes.delete(endpointId);
    this.#index.delete(endpointId);
    this.#paused.delete(endpointId);
    this.#held.delete(endpointId);
    this.#options.destinations.forget(endpointId);
  }

  /** Endpoints of a tenant that this process knows, those of single messages aside. */
  countOf(tenant: string): number {
    let count = 0;
    for (const { record } of this.#runtimes.values())
      if (record.tenant === tenant && record.hidden !== true) count += 1;
    return count;
  }

  /** Whether deliveries to an endpoint wait in the store, as far as this process knows: it is paused, or disabled and keeps them. */
  isWaiting(endpointId: string): boolean {
    return this.#paused.has(endpointId) || this.#held.has(endpointId);
  }

  get hasWaiting(): boolean {
    return this.#paused.size > 0 || this.#held.size > 0;
  }

  setPaused(endpointId: string, isPaused: boolean): void {
    setMember(this.#paused, endpointId, isPaused);
  }

  /**
   * The endpoint as the store has it now; `undefined` only when the store said so.
   *
   * @throws StoppedError (rejects) when the store had not answered before the stop
   * @throws StoreError (rejects), after a moment, when its record cannot be read here
   */
  async find(endpointId: string): Promise<EndpointRuntime | undefined> {
    const isRead = await this.#readInTurn(endpointId);
    const runtime = this.get(endpointId);
    const unreadable = runtime === undefined ? this.#reads.unreadable.get(endpointId) : undefined;
    if (unreadable !== undefined) {
      await this.#options.changes.pause(UNREADABLE_MS);
      throw unreadable;
    }
    if (runtime === undefined && !isRead) throw new StoppedError('read an endpoint');
    return runtime;
  }

  /** Somebody changed an endpoint (undefined: any of them): reads it again. What is emitted meanwhile waits for it. */
  onChange(endpointId: string | undefined): void {
    if (this.#isLoading) return void this.#duringLoad.add(endpointId);
    this.#options.changes.follow(this.#readChange(endpointId));
  }

  /** While nobody knows which one cannot be read, it may be the one that was changed. */
  async #readChange(endpointId: string | undefined): Promise<boolean> {
    const isRead = endpointId === undefined || (await this.#readInTurn(endpointId));
    const isAny = endpointId === undefined || this.#reads.unreadable.has(ANY_ENDPOINT);
    return isRead && isAny ? this.#readAllInTurn() : isRead;
  }

  /** One reading at a time; those asked for while one waits for its turn are that one. */
  #readAllInTurn(): Promise<boolean> {
    this.#nextReading ??= (this.#lastReading ?? Promise.resolve(true)).then(() => {
      this.#lastReading = this.#nextReading;
      this.#nextReading = undefined;
      return this.#reads.untilAnswered(ANY_ENDPOINT, 'read all endpoints again', () => this.#readChanged());
    });
    return this.#nextReading;
  }

  /**
   * Reads again what differs from what is known. One by one, in turn with the changes made here: a page may be older than
   * those.
   */
  async #readChanged(): Promise<void> {
    const gone = new Set([...this.#runtimes.keys(), ...this.#reads.unreadable.keys()]);
    gone.delete(ANY_ENDPOINT);
    try {
      for await (const items of this.#pages()) {
        for (const { record } of items) gone.delete(record.id);
        const changed = items.filter((stored) => this.#differs(stored));
        await Promise.all(changed.map(({ record }) => this.#readInTurn(record.id)));
      }
    } finally {
      // Where a page cannot be read, these are all that were not seen: what is sent to them goes where they are now.
      for (const id of gone) await this.#readInTurn(id);
    }
  }

  #differs({ record, lane }: StoredEndpoint): boolean {
    const known = this.#runtimes.get(record.id)?.record;
    return (
      known === undefined ||
      known.revision !== record.revision ||
      known.createdAt !== record.createdAt ||
      this.#paused.has(record.id) !== lane.paused
    );
  }

  /** Changes that come while an endpoint is read are read afterwards. False when a stop came first. */
  #readInTurn(endpointId: string): Promise<boolean> {
    const previous = this.#reading.get(endpointId) ?? Promise.resolve(true);
    const next = previous
      .then(() =>
        this.#reads.untilAnswered(endpointId, `read endpoint ${endpointId} again`, async () =>
          this.#take(endpointId, await this.#options.store.endpoints.get({ id: endpointId })),
        ),
      )
      .finally(() => {
        if (this.#reading.get(endpointId) === next) this.#reading.delete(endpointId);
      });
    this.#reading.set(endpointId, next);
    return next;
  }

  #take(endpointId: string, stored: StoredEndpoint | undefined): void {
    if (stored === undefined) return this.delete(endpointId);
    if (stored.record.hidden === true) return this.#options.onChange(this.put(stored.record));
    const wasWaiting = this.isWaiting(endpointId);
    this.accept(stored.record);
    this.setPaused(endpointId, stored.lane.paused);
    if (this.isWaiting(endpointId)) this.#options.onWaiting(endpointId);
    else if (wasWaiting) this.#options.onReady();
  }
}
