/** One batch of a replay: what there is to do for some messages, and doing it. */
import type { Delivery } from '../core/delivery.ts';
import { isUnjudged, planReplay, type ReplayScope } from '../core/plan-replay.ts';
import type { ReplayCounts } from '../lifecycle-events.ts';
import type { Page, StoredMessage } from '../store/store.ts';
import type { ChangeReads } from './change-reads.ts';
import type { Directory } from './directory.ts';
import type { EngineContext } from './engine-context.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { Matcher } from './matcher.ts';
import { filterOf } from './named-function.ts';

export interface ReplayBatchOptions extends Pick<EngineContext, 'store' | 'reporter'> {
  readonly changes: ChangeReads;
  readonly directory: Directory;
  readonly matcher: Matcher;
}

/** What is replayed, all decided. */
export interface ReplayJob extends ReplayScope {
  /** The only one, if there is one only. */
  readonly endpoint: { readonly id: string; readonly tenant: string } | undefined;
  readonly createMissing: boolean;
  readonly signal: AbortSignal;
  /** Endpoints that this process did not know: what the store said. */
  readonly lookedUp: Map<string, EndpointRuntime | undefined>;
}

/** A delivery that a message should have. */
interface MissingDelivery {
  readonly message: StoredMessage;
  readonly runtime: EndpointRuntime;
}

/** What there is to do. */
export interface ReplayBatch {
  readonly retry: readonly Delivery[];
  readonly missing: readonly MissingDelivery[];
  readonly skipped: number;
  /** What filters threw. */
  readonly failures: readonly { readonly runtime: EndpointRuntime; readonly error: unknown }[];
}

/** Deliveries read or moved in one store call. */
const DELIVERIES = 500;

/** Looks, and changes nothing. */
export async function surveyBatch(
  messages: readonly StoredMessage[],
  job: ReplayJob,
  options: ReplayBatchOptions,
): Promise<ReplayBatch> {
  const deliveries = await readDeliveries(messages, job, options);
  await lookUpEndpoints(deliveries, job, options);
  const isServed = (id: string): boolean => runtimeOf(id, job, options)?.record.status === 'enabled';
  await options.changes.upToDate();
  const plan = planReplay(deliveries, job, isServed);
  const retry = plan.retry.filter(
    (delivery) => !isUnjudged(delivery) || isWanted(delivery, messages, job, options),
  );
  const skipped = plan.skipped + plan.retry.length - retry.length;
  if (!job.createMissing) return { retry, missing: [], skipped, failures: [] };
  const matches = surveyMatches(messages, deliveries, job, options);
  return { retry, ...matches, skipped: skipped + matches.skipped };
}

/** Does what `surveyBatch` found; what others were faster with is left out of the counts. */
export async function runBatch(
  { retry, missing, skipped, failures }: ReplayBatch,
  { states, asOf, signal }: ReplayJob,
  { store, matcher, reporter }: ReplayBatchOptions,
): Promise<ReplayCounts> {
  const touched = new Set<string>();
  let retried = 0;
  let created = 0;
  for (const part of chunks(retry, DELIVERIES)) {
    signal.throwIfAborted();
    const where = { deliveryIds: part.map(({ id }) => id), states, finishedBefore: asOf + 1 };
    const { count, deliveries } = await store.reschedule({ where, to: 'scheduled', limit: DELIVERIES });
    retried += count;
    for (const { messageId } of deliveries) touched.add(messageId);
  }
  for (const part of chunks(missing, DELIVERIES)) {
    signal.throwIfAborted();
    const byMessage = groupBy(part, ({ message }) => message);
    const results = [...byMessage].map(([message, pairs]) => ({
      messageId: message.id,
      lease: undefined,
      // Asked for by name, so it waits for a dispatcher that is paused, whatever becomes of other messages meanwhile.
      deliveries: pairs.map(({ runtime }) => ({
        ...matcher.create(message, runtime),
        state: 'scheduled' as const,
        reason: undefined,
      })),
    }));
    const completed = await store.completeFanOut({ results });
    for (const [index, { stored }] of completed.entries()) {
      created += stored.length;
      if (stored.length > 0) touched.add(results[index]!.messageId);
    }
  }
  for (const { runtime, error } of failures) reporter.functionFailed(error, filterOf(runtime));
  return { messages: touched.size, retried, created, skipped };
}

/** What `runBatch` would count. */
export function countBatch({ retry, missing, skipped }: ReplayBatch): ReplayCounts {
  const touched = new Set(retry.map(({ messageId }) => messageId));
  for (const { message } of missing) touched.add(message.id);
  return { messages: touched.size, retried: retry.length, created: missing.length, skipped };
}

async function readDeliveries(
  messages: readonly StoredMessage[],
  { endpoint, signal }: ReplayJob,
  { store }: ReplayBatchOptions,
): Promise<Delivery[]> {
  const where = { messageIds: messages.map(({ id }) => id), endpointId: endpoint?.id };
  const deliveries: Delivery[] = [];
  let cursor: string | undefined;
  do {
    signal.throwIfAborted();
    const page: Page<Delivery> = await store.list({
      of: 'deliveries',
      where,
      order: 'oldest',
      cursor,
      limit: DELIVERIES,
    });
    deliveries.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return deliveries;
}

/** Endpoints that are in no list of this process may be in the store all the same. */
async function lookUpEndpoints(
  deliveries: readonly Delivery[],
  { lookedUp, signal }: ReplayJob,
  { directory }: ReplayBatchOptions,
): Promise<void> {
  for (const { endpointId } of deliveries) {
    if (directory.get(endpointId) !== undefined || lookedUp.has(endpointId)) continue;
    signal.throwIfAborted();
    lookedUp.set(endpointId, await directory.find(endpointId));
  }
}

function runtimeOf(
  endpointId: string,
  { lookedUp }: ReplayJob,
  { directory }: ReplayBatchOptions,
): EndpointRuntime | undefined {
  return directory.get(endpointId) ?? lookedUp.get(endpointId);
}

/** Judged now, because it could not be when the message was matched. */
function isWanted(
  { messageId, endpointId }: Delivery,
  messages: readonly StoredMessage[],
  job: ReplayJob,
  options: ReplayBatchOptions,
): boolean {
  const runtime = runtimeOf(endpointId, job, options);
  const message = messages.find(({ id }) => id === messageId);
  if (runtime === undefined || message === undefined) return false;
  return options.matcher.survey(message, runtime).matched.length > 0;
}

function surveyMatches(
  messages: readonly StoredMessage[],
  deliveries: readonly Delivery[],
  { endpoint }: ReplayJob,
  { matcher, directory }: ReplayBatchOptions,
): Omit<ReplayBatch, 'retry'> {
  const existing = groupBy(deliveries, ({ messageId }) => messageId);
  const missing: MissingDelivery[] = [];
  const failures: { runtime: EndpointRuntime; error: unknown }[] = [];
  let skipped = 0;
  const only = endpoint === undefined ? undefined : directory.get(endpoint.id);
  // Removed since the replay began.
  if (endpoint !== undefined && only === undefined) return { missing, skipped, failures };
  for (const message of messages) {
    // One that is not matched yet has its own fan-out; one that was addressed is for nobody else.
    if (!message.fannedOut || message.addressed) continue;
    const has = new Set(existing.get(message.id)?.map(({ endpointId }) => endpointId));
    const { matched, failed } = matcher.survey(message, only);
    for (const runtime of matched) {
      if (has.has(runtime.record.id)) continue;
      if (runtime.record.status === 'enabled') missing.push({ message, runtime });
      else skipped += 1;
    }
    for (const failure of failed) {
      if (has.has(failure.runtime.record.id)) continue;
      skipped += 1;
      if (failure.runtime.filter?.missing === undefined) failures.push(failure);
    }
  }
  return { missing, skipped, failures };
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function* chunks<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let index = 0; index < items.length; index += size) yield items.slice(index, index + size);
}
