/**
 * The inbox: emitted messages and their deliveries, stored in groups. Deliveries whose lane has room are asked for
 * leased, and go straight to the lane when the store agrees: the usual delivery is never claimed.
 */
import { ConflictError, StoppedError, StoreError } from '../errors.ts';
import type { AppendEntry, AppendResult, LeasedDelivery, NewDelivery, NewMessage } from '../store/store.ts';
import type { EngineContext } from './engine-context.ts';
import { GroupCommit } from './group-commit.ts';
import type { Lanes } from './lanes.ts';

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
  /** Undefined in a process that only stores. */
  readonly lanes: Lanes | undefined;
  readonly idempotencyWindowMs: number;
  readonly emitTimeoutMs: number;
  readonly onStored: (message: NewMessage, deliveries: readonly NewDelivery[]) => void;
  readonly onLeased: (deliveries: readonly LeasedDelivery[]) => void;
  /** Something was stored that is due and not leased, or not matched. */
  readonly onLeftBehind: (what: 'work' | 'fan_out') => void;
}

interface Pending {
  readonly entry: AppendEntry;
  readonly since: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_BATCH = 500;
const NO_LEASES: readonly LeasedDelivery[] = [];

export class Inbox {
  readonly #options: InboxOptions;
  readonly #commit: GroupCommit<Pending>;

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
    return this.#commit.size;
  }

  add(entry: AppendEntry): Promise<Receipt> {
    this.#options.activity.begin(1);
    return new Promise((resolve, reject) => {
      this.#commit.push({ entry, since: this.#options.clock.now(), resolve, reject });
    });
  }

  /** Refuses what could not be stored until now. */
  close(): void {
    const left = this.#commit.close();
    for (const pending of left) pending.reject(new StoppedError('emit'));
    this.#options.activity.end(left.length);
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    const { store, owner, leaseMs, idempotencyWindowMs } = this.#options;
    const entries = batch.map((pending) => this.#withLeases(pending.entry));
    let results: readonly AppendResult[];
    try {
      results = await store.append({ entries, owner, leaseMs, idempotencyWindowMs });
    } catch (error) {
      for (const entry of entries) this.#unreserve(entry);
      throw error;
    }
    for (let index = 0; index < batch.length; index += 1)
      this.#conclude(batch[index]!, entries[index]!, results[index]!);
    this.#options.lanes?.pump();
    this.#options.activity.end(batch.length);
  }

  /** Room in a lane is kept while its delivery is on the way into the store. */
  #withLeases(entry: AppendEntry): AppendEntry {
    const { lanes, token } = this.#options;
    if (lanes === undefined || entry.deliveries.length === 0) return entry;
    const deliveries = entry.deliveries.map((delivery) =>
      delivery.state === 'scheduled' && (entry.message.test || lanes.reserve(delivery.endpointId))
        ? { ...delivery, lease: token() }
        : delivery,
    );
    return { ...entry, deliveries };
  }

  #unreserve(entry: AppendEntry): void {
    if (entry.message.test) return;
    for (const delivery of entry.deliveries)
      if (delivery.lease !== undefined) this.#options.lanes?.unreserve(delivery.endpointId);
  }

  #conclude(pending: Pending, entry: AppendEntry, result: AppendResult): void {
    this.#unreserve(entry);
    switch (result.kind) {
      case 'stored': {
        if (result.leased.length > 0) this.#options.onLeased(result.leased);
        this.#reportLeftBehind(entry, (result.leased ?? NO_LEASES).length);
        this.#options.onStored(entry.message, entry.deliveries);
        pending.resolve({ id: entry.message.id, duplicate: false, deliveries: entry.deliveries.map(toRef) });
        return;
      }
      case 'duplicate':
        pending.resolve({ id: result.messageId, duplicate: true, deliveries: result.deliveries });
        return;
      case 'conflict':
        pending.reject(new ConflictError(result.messageId, conflictMessage(entry, result.messageId)));
    }
  }

  #reportLeftBehind(entry: AppendEntry, leasedCount: number): void {
    if (!entry.fannedOut) this.#options.onLeftBehind('fan_out');
    else if (leasedCount < entry.deliveries.length) this.#options.onLeftBehind('work');
  }

  /** Callers that have waited long enough get the error; the others wait on. A full store does not get better by waiting. */
  #onFailure(batch: readonly Pending[], error: unknown): readonly Pending[] {
    const { clock, emitTimeoutMs, activity, reporter } = this.#options;
    reporter.error(error, `store ${batch.length} messages`);
    const isFinal = error instanceof StoreError && error.code === 'store_full';
    const expired = batch.filter((pending) => isFinal || clock.now() - pending.since >= emitTimeoutMs);
    for (const pending of expired) pending.reject(isFinal ? error : timeoutError(emitTimeoutMs, error));
    activity.end(expired.length);
    return batch.filter((pending) => !expired.includes(pending));
  }
}

function toRef(delivery: NewDelivery): { id: string; endpointId: string } {
  return { id: delivery.id, endpointId: delivery.endpointId };
}

function conflictMessage(entry: AppendEntry, existingId: string): string {
  const { id, idempotencyKey } = entry.message;
  const taken =
    idempotencyKey === undefined
      ? `The message id ${JSON.stringify(id)}`
      : `The idempotency key ${JSON.stringify(idempotencyKey)} (or the id)`;
  return `${taken} belongs to message ${existingId}, which has another type or other data. Use a new key for a new message.`;
}

function timeoutError(emitTimeoutMs: number, cause: unknown): StoreError {
  return new StoreError(
    `Could not store the message within emitTimeoutMs (${emitTimeoutMs} ms): the store keeps failing. The message was not accepted; emit it again when the store is back.`,
    {
      code: 'emit_timeout',
      cause,
    },
  );
}
