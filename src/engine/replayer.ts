/**
 * Replays: stored messages again, oldest first, in batches. One after the other, so that two of them do not fill the
 * lanes at once. First counts, then acts; `asOf` makes a repetition harmless.
 */
import type { DeliveryState } from '../core/delivery.ts';
import { isExactPattern, matchesPattern } from '../core/pattern.ts';
import { describeError, NotFoundError, StoppedError } from '../errors.ts';
import type { ReplayCounts } from '../lifecycle-events.ts';
import type { ListWhere, Page, StoredMessage } from '../store/store.ts';
import type { EngineContext } from './engine-context.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import {
  countBatch,
  type ReplayBatchOptions,
  type ReplayJob,
  runBatch,
  surveyBatch,
} from './replay-batch.ts';

export interface ReplayerOptions extends ReplayBatchOptions, Pick<EngineContext, 'clock'> {
  /** Deliveries are due after this time. */
  readonly wakeIn: (delayMs: number) => void;
}

/** What to replay, checked and with defaults filled in. */
export interface ReplayOrder {
  readonly endpointId: string | undefined;
  readonly tenant: string | undefined;
  /** Event types and patterns. */
  readonly types: readonly string[] | undefined;
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly messageIds: readonly string[] | undefined;
  readonly states: readonly DeliveryState[];
  readonly createMissing: boolean;
  /** Default, and latest: the time of the store at the call. */
  readonly asOf: number | undefined;
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What a replay did, or would do. */
export interface ReplayResult extends ReplayCounts {
  /** Nothing that was created or ended after this instant was touched, epoch ms. Repeat with it to go on where a replay was ended. */
  readonly asOf: number;
  /** It was only counted. */
  readonly dryRun: boolean;
}

/** Messages looked at before other work has its turn. */
const MESSAGES = 200;
const NOTHING: ReplayCounts = { messages: 0, retried: 0, created: 0, skipped: 0 };

export class Replayer {
  readonly #options: ReplayerOptions;
  readonly #stopped = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(options: ReplayerOptions) {
    this.#options = options;
  }

  /**
   * @throws NotFoundError (rejects) for an endpoint that is not there, or in another tenant
   * @throws StoppedError (rejects) when the dispatcher stops; the reason of the signal when that is aborted
   */
  replay(order: ReplayOrder): Promise<ReplayResult> {
    const signals = [this.#stopped.signal, order.signal].filter((signal) => signal !== undefined);
    const signal = AbortSignal.any(signals);
    const job = this.#prepare(order, signal);
    const previous = this.#last;
    const run = Promise.all([job, previous]).then(([ready]) => this.#run(order, ready));
    this.#last = Promise.allSettled([previous, run]).then(() => undefined);
    return unlessAborted(run, signal);
  }

  /** Ends all replays; resolves when none of them touches the store any more. */
  async stop(): Promise<void> {
    this.#stopped.abort(new StoppedError('finish the replay'));
    await this.#last;
  }

  /** What "now" means is settled at the call, not when its turn comes. */
  async #prepare(order: ReplayOrder, signal: AbortSignal): Promise<ReplayJob> {
    const { states, createMissing } = order;
    signal.throwIfAborted();
    const now = await this.#options.store.now();
    const asOf = Math.min(order.asOf ?? now, now);
    const endpoint = (await this.#findEndpoint(order))?.record;
    return { states, createMissing, asOf, endpoint, signal, lookedUp: new Map() };
  }

  async #findEndpoint({ endpointId, tenant }: ReplayOrder): Promise<EndpointRuntime | undefined> {
    if (endpointId === undefined) return undefined;
    const endpoint = await this.#options.directory.find(endpointId);
    if (endpoint === undefined || (tenant !== undefined && endpoint.record.tenant !== tenant))
      throw new NotFoundError('endpoint', endpointId);
    return endpoint;
  }

  async #run(order: ReplayOrder, job: ReplayJob): Promise<ReplayResult> {
    const { asOf } = job;
    const { endpointId, tenant, dryRun } = order;
    let total = NOTHING;
    for await (const batch of this.#batches(order, job)) total = add(total, countBatch(batch));
    if (dryRun) return { ...total, asOf, dryRun };
    const { reporter, wakeIn } = this.#options;
    const common = { asOf, endpointId, tenant, total };
    reporter.replay('replay.started', (at) => ({ at, ...common }));
    let done = NOTHING;
    let complete = false;
    let detail: string | undefined;
    try {
      for await (const batch of this.#batches(order, job)) {
        done = add(done, await runBatch(batch, job, this.#options));
        wakeIn(0);
        reporter.replay('replay.progress', (at) => ({ at, ...common, done }));
      }
      complete = true;
    } catch (error) {
      detail = describeError(error);
      throw error;
    } finally {
      reporter.replay('replay.finished', (at) => ({ at, ...common, done, complete, detail }));
    }
    return { ...done, asOf, dryRun };
  }

  /** What there is to do, batch by batch, each looked up when it is asked for. */
  async *#batches(
    order: ReplayOrder,
    job: ReplayJob,
  ): AsyncGenerator<Awaited<ReturnType<typeof surveyBatch>>> {
    const { store, clock } = this.#options;
    const where = whereOf(order, job);
    let cursor: string | undefined;
    do {
      job.signal.throwIfAborted();
      const page: Page<StoredMessage> = await store.list({
        of: 'messages',
        where,
        order: 'oldest',
        cursor,
        limit: MESSAGES,
      });
      const messages = page.items.filter((message) => isWanted(message, order));
      if (messages.length > 0) yield await surveyBatch(messages, job, this.#options);
      cursor = page.nextCursor;
      await new Promise<void>((resolve) => clock.defer(resolve));
    } while (cursor !== undefined);
  }
}

function whereOf({ tenant, types, since, until, messageIds }: ReplayOrder, job: ReplayJob): ListWhere {
  return {
    tenant: tenant ?? job.endpoint?.tenant,
    types: types?.every(isExactPattern) === true ? types : undefined,
    since,
    until: Math.min(until ?? Infinity, job.asOf + 1),
    messageIds,
  };
}

function isWanted({ test, type }: StoredMessage, { types }: ReplayOrder): boolean {
  return !test && (types === undefined || types.some((pattern) => matchesPattern(pattern, type)));
}

function add(a: ReplayCounts, b: ReplayCounts): ReplayCounts {
  return {
    messages: a.messages + b.messages,
    retried: a.retried + b.retried,
    created: a.created + b.created,
    skipped: a.skipped + b.skipped,
  };
}

/** Answers as soon as the signal is aborted, also while a store call takes its time. */
function unlessAborted<T>(run: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    run.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
