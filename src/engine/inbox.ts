/**
 * The inbox: emitted messages and their deliveries, stored in groups. Deliveries whose lane has room are asked for
 * leased, and go straight to the lane when the store agrees: the usual delivery is never claimed. Those in an order or
 * under a limit that all processes share are left to the scheduler: only a claim can tell whose turn it is.
 */
import type { Timer } from '../clock.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import { type ErrorCode, isPosthornError, StoppedError } from '../errors.ts';
import type { AppendEntry, AppendResult, LeasedDelivery, NewDelivery, NewMessage } from '../store/store.ts';
import { conflictError, timeoutError } from './emit-errors.ts';
import type { EngineContext } from './engine-context.ts';
import { GroupCommit } from './group-commit.ts';
import type { HeldDelivery } from './lease-returns.ts';
import type { LocalLanes } from './local-lanes.ts';
import { isOwnWork } from './own-work.ts';

/** What became of an emitted message. */
export interface Receipt {
  /** Id of the message; of the first one, for a duplicate. */
  readonly id: string;
  /** A message with this id or idempotency key, and the same content, was stored before; nothing was stored now. */
  readonly duplicate: boolean;
  /** Its deliveries, one for each endpoint that gets it. Empty when nobody asked for it, or when another process matches it. */
  readonly deliveries: readonly { readonly id: string; readonly endpointId: string }[];
}

export interface InboxOptions extends EngineContext {
  /** Undefined in a process that only stores: it leases tests alone. */
  readonly lanes: LocalLanes | undefined;
  /** Only a claim can tell whether one more delivery may be leased for it. */
  readonly isLimited: (endpointId: string) => boolean;
  readonly idempotencyWindowMs: number;
  readonly emitTimeoutMs: number;
  readonly onStored: (message: NewMessage, deliveries: readonly NewDelivery[]) => void;
  readonly onLeased: (deliveries: readonly LeasedDelivery[]) => void;
  /** Gives leases back to the store, unused, to be claimed again. */
  readonly handBack: (deliveries: readonly HeldDelivery[]) => void;
  /** Deliveries were stored that are due and not leased, some of these among them. */
  readonly onLeftBehind: (deliveries: readonly NewDelivery[]) => void;
  /** A message was stored that is not matched. */
  readonly onUnmatched: () => void;
  /** Room that was kept for deliveries is free again. */
  readonly onRoom: () => void;
}

/** A message on its way into the store. */
interface Pending {
  /** Ids and lease tokens stay the same from try to try: a try that was written though it seemed to fail is recognised. */
  readonly entry: AppendEntry;
  readonly hiddenEndpoints: readonly EndpointRecord[];
  readonly since: number;
  tries: number;
  /** What the last try threw. */
  failure: unknown;
  isDone: boolean;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_BATCH = 500;

/** Errors of a store that does not take a message because of its size. */
const UNFIT: ReadonlySet<ErrorCode> = new Set(['store_full', 'invalid_payload']);

export class Inbox {
  readonly #options: InboxOptions;
  readonly #commit: GroupCommit<Pending>;
  /**
   * How many callers wait; who they are, the commit knows. No set of them: one that every message enters and leaves is
   * rebuilt all the time, and its former tables keep dead messages alive until the next full garbage collection.
   */
  #waiting = 0;
  #timer: Timer | undefined;
  /** The caller that the timer is for began to wait then. */
  #watchedSince = Infinity;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#commit = new GroupCommit<Pending>({
      clock: options.clock,
      random: options.random,
      maxBatch: MAX_BATCH,
      write: (batch) => this.#write(batch),
      onFailure: (batch, error) => this.#onFailure(batch, error),
    });
  }

  /** Messages not stored yet. */
  get pending(): number {
    return this.#waiting;
  }

  /**
   * @param hiddenEndpoints those that the deliveries go to
   * @param since when the caller began to wait: it waits no longer than it was told, whatever for
   */
  add(
    entry: AppendEntry,
    hiddenEndpoints: readonly EndpointRecord[] = [],
    since = this.#options.clock.elapsed(),
  ): Promise<Receipt> {
    const { activity } = this.#options;
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        entry,
        hiddenEndpoints,
        since,
        tries: 0,
        failure: undefined,
        isDone: false,
        resolve,
        reject,
      };
      if (!this.#commit.push(pending)) return reject(new StoppedError('emit'));
      activity.begin(1);
      this.#waiting += 1;
      this.#watchTimeouts(since);
    });
  }

  /** Refuses what is not stored by now. */
  close(): void {
    this.#timer?.cancel();
    for (const pending of this.#commit.close()) this.#reject(pending, new StoppedError('emit'));
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    const { store, owner, leaseMs, idempotencyWindowMs, lanes, token } = this.#options;
    const open = batch.filter((pending) => !pending.isDone);
    if (open.length === 0) return;
    const lease = token();
    const entries = open.map((pending) => this.#prepare(pending, lease));
    const hiddenEndpoints = hiddenEndpointsOf(open);
    let results: readonly AppendResult[];
    try {
      results = await store.append({ entries, hiddenEndpoints, owner, leaseMs, idempotencyWindowMs });
    } catch (error) {
      for (const pending of open) this.#unreserve(pending);
      this.#options.onRoom();
      throw error;
    }
    for (let index = 0; index < open.length; index += 1) {
      const pending = open[index]!;
      try {
        this.#conclude(pending, results[index]!);
      } finally {
        // Only now: a lane that is idle in between would be dropped, and made again.
        this.#unreserve(pending);
      }
    }
    lanes?.pump();
    this.#options.onRoom();
  }

  /** Room in a lane is kept while its delivery is on the way into the store. */
  #prepare(pending: Pending, lease: string): AppendEntry {
    const { lanes, isLimited } = this.#options;
    pending.tries += 1;
    const { entry } = pending;
    const { test } = entry.message;
    if (pending.tries > 1 || (lanes === undefined && !test)) return entry;
    const hasRoom = (delivery: NewDelivery): boolean =>
      delivery.orderingKey === undefined &&
      !isLimited(delivery.endpointId) &&
      lanes?.reserve(delivery) === true;
    for (const delivery of entry.deliveries) {
      if (delivery.state !== 'scheduled') continue;
      // The matcher made it for this entry alone: written in place, a copy per delivery would show.
      if (test || hasRoom(delivery)) (delivery as { lease: string | undefined }).lease = lease;
    }
    return entry;
  }

  /** Room was kept for the first try alone. */
  #unreserve({ entry, tries }: Pending): void {
    if (tries > 1 || entry.message.test) return;
    for (const delivery of entry.deliveries)
      if (delivery.lease !== undefined) this.#options.lanes?.unreserve(delivery);
  }

  #conclude(pending: Pending, result: AppendResult): void {
    const { entry } = pending;
    switch (result.kind) {
      case 'stored':
        if (result.leased.length > 0) this.#options.onLeased(result.leased);
        return this.#resolveStored(pending, result.leased.length);
      case 'duplicate':
        if (isOwnWork(entry, pending.tries, result)) return this.#resolveEarlierTry(pending);
        return this.#resolve(pending, {
          id: result.messageId,
          duplicate: true,
          deliveries: result.deliveries,
        });
      case 'conflict':
        return this.#reject(pending, conflictError(entry, result.messageId));
    }
  }

  #resolveStored(pending: Pending, leasedCount: number): void {
    const { message, deliveries, fannedOut } = pending.entry;
    if (!fannedOut) this.#options.onUnmatched();
    else if (leasedCount < deliveries.length) this.#options.onLeftBehind(deliveries);
    try {
      this.#options.onStored(message, deliveries);
    } catch (error) {
      // Stored is stored, whatever the report of it throws.
      this.#options.reporter.error(error, 'report a stored message');
    }
    this.#resolve(pending, { id: message.id, duplicate: false, deliveries: deliveries.map(toRef) });
  }

  /** An earlier try was written although its answer was lost. Its leases were not seen here; handing them back is fenced. */
  #resolveEarlierTry(pending: Pending): void {
    const { message, deliveries } = pending.entry;
    const held = deliveries.flatMap(({ id, lease, endpointId }) =>
      lease === undefined ? [] : [{ id, lease, endpointId, message, ordered: false }],
    );
    this.#options.handBack(held);
    this.#resolveStored(pending, 0);
  }

  #resolve(pending: Pending, receipt: Receipt): void {
    if (this.#finish(pending)) pending.resolve(receipt);
  }

  #reject(pending: Pending, error: unknown): void {
    if (this.#finish(pending)) pending.reject(error);
  }

  #finish(pending: Pending): boolean {
    if (pending.isDone) return false;
    pending.isDone = true;
    this.#waiting -= 1;
    this.#options.activity.end(1);
    return true;
  }

  /** Nothing gets better by waiting for a message that does not fit, into a store that is full or into any. */
  #onFailure(batch: readonly Pending[], error: unknown): readonly Pending[] {
    this.#options.reporter.error(error, `store ${batch.length} messages`);
    const isFinal = batch.length === 1 && isPosthornError(error) && UNFIT.has(error.code);
    for (const pending of batch) {
      pending.failure = error;
      if (isFinal) this.#reject(pending, error);
      else if (this.#isLate(pending)) this.#reject(pending, timeoutError(this.#options.emitTimeoutMs, error));
    }
    return batch.filter((pending) => !pending.isDone);
  }

  #isLate(pending: Pending): boolean {
    return this.#options.clock.elapsed() - pending.since >= this.#options.emitTimeoutMs;
  }

  /** Also a store that never answers lets no caller wait for longer than it was told. */
  #watchTimeouts(since: number): void {
    const { clock, emitTimeoutMs } = this.#options;
    if (since >= this.#watchedSince || emitTimeoutMs === 0 || emitTimeoutMs === Infinity) return;
    this.#watchedSince = since;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(
      () => {
        for (const pending of this.#commit.items()) {
          if (this.#isLate(pending)) this.#reject(pending, timeoutError(emitTimeoutMs, pending.failure));
        }
        this.#watchedSince = Infinity;
        this.#watchTimeouts(this.#oldestSince());
      },
      since + emitTimeoutMs - clock.elapsed(),
    );
  }

  /** Since when the first caller waits; `Infinity` when nobody does. Retries change the order, so all are looked at. */
  #oldestSince(): number {
    let oldest = Infinity;
    for (const { isDone, since } of this.#commit.items()) if (!isDone) oldest = Math.min(oldest, since);
    return oldest;
  }
}

function toRef(delivery: NewDelivery): { id: string; endpointId: string } {
  return { id: delivery.id, endpointId: delivery.endpointId };
}

/** Each once, however many messages of the batch go to it. */
function hiddenEndpointsOf(batch: readonly Pending[]): readonly EndpointRecord[] {
  const byId = new Map<string, EndpointRecord>();
  for (const { hiddenEndpoints } of batch) for (const record of hiddenEndpoints) byId.set(record.id, record);
  return [...byId.values()];
}
