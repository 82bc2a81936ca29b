/** A dispatcher with many endpoints, ten of which want every message. */
import { type EndpointInput, WebhookDispatcher } from 'posthorn';
import { serveActions } from '../harness/serve-actions.ts';
import { createData, EVENT_TYPE, MATCHING, type RunResult, startTiming, type Target } from './job.ts';

export type RegistryActions = {
  /** Registers so many endpoints, and says how long that took. */
  open: (params: OpenParams) => Promise<RunResult>;
  /** Emits so many messages, which wait. */
  emit: (params: { count: number }) => Promise<RunResult>;
  /** Delivers what waits. */
  deliver: () => Promise<RunResult>;
  close: () => Promise<void>;
};

/** `mixed`: by type, by pattern and by filter, a third each. `filters`: all of one type, each with a filter of its own. */
export type RegistryKind = 'mixed' | 'filters';

interface OpenParams extends Target {
  readonly endpoints: number;
  readonly kind: RegistryKind;
}

type Subscription = (isMatching: boolean, number: number) => Pick<EndpointInput, 'events' | 'filter'>;

/** Callers that each await their emit. */
const CALLERS = 50;

const byFilter: Subscription = (isMatching, number) => ({
  events: [EVENT_TYPE],
  filter: { 'data.machineId': isMatching ? 'machine-0' : `machine-${number}` },
});

/** What the endpoints ask for, by turns. */
const SUBSCRIPTIONS: Readonly<Record<RegistryKind, readonly Subscription[]>> = {
  mixed: [
    (isMatching, number) => ({ events: [isMatching ? EVENT_TYPE : `job-${number}.completed`] }),
    (isMatching, number) => ({
      events: [isMatching ? 'job.*' : `job-${number}.*`, `machine-${number}.*.stopped`],
    }),
    byFilter,
  ],
  filters: [byFilter],
};

const matchingIds: string[] = [];
let dispatcher: WebhookDispatcher;
let number = 0;
let succeeded = 0;
let errors = 0;

serveActions({ open, emit, deliver, close: () => dispatcher.stop() } satisfies RegistryActions);

async function open(params: OpenParams): Promise<RunResult> {
  dispatcher = new WebhookDispatcher({
    network: { allowPrivate: ['127.0.0.0/8'] },
    maxConcurrency: params.sockets,
  });
  dispatcher.on('delivery.succeeded', () => {
    succeeded += 1;
  });
  for (const event of ['delivery.exhausted', 'delivery.discarded', 'delivery.failed'] as const) {
    dispatcher.on(event, () => {
      errors += 1;
    });
  }
  const stop = startTiming();
  for (let index = 0; index < params.endpoints; index += 1) await register(params, index);
  const timing = stop();
  await eachMatching((id) => dispatcher.endpoints.pause(id));
  return { sent: params.endpoints, errors: 0, ...timing };
}

async function register({ url, secret, kind }: OpenParams, index: number): Promise<void> {
  const subscriptions = SUBSCRIPTIONS[kind];
  const isMatching = index < MATCHING;
  const { id } = await dispatcher.endpoints.create({
    ...subscriptions[index % subscriptions.length]!(isMatching, index),
    url: isMatching ? `${url}/${index}` : `https://receiver-${index}.example.com/hooks`,
    secret,
    retry: 'once',
  });
  if (isMatching) matchingIds.push(id);
}

async function emit({ count }: { count: number }): Promise<RunResult> {
  errors = 0;
  let left = count;
  const stop = startTiming();
  const callers = Array.from({ length: CALLERS }, async () => {
    for (; left > 0;) {
      left -= 1;
      await emitOne();
    }
  });
  await Promise.all(callers);
  return { sent: count, errors, ...stop() };
}

async function emitOne(): Promise<void> {
  number += 1;
  try {
    const { deliveries } = await dispatcher.emit(EVENT_TYPE, createData(number));
    if (deliveries.length !== MATCHING) errors += 1;
  } catch {
    errors += 1;
  }
}

async function deliver(): Promise<RunResult> {
  succeeded = 0;
  errors = 0;
  const stop = startTiming();
  await eachMatching((id) => dispatcher.endpoints.resume(id));
  await dispatcher.drain();
  const result = { sent: succeeded, errors, ...stop() };
  await eachMatching((id) => dispatcher.endpoints.pause(id));
  return result;
}

async function eachMatching(act: (id: string) => Promise<void>): Promise<void> {
  for (const id of matchingIds) await act(id);
}
