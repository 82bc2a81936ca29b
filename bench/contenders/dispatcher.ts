/** The dispatcher, one endpoint, one of the stores. */
import { WebhookDispatcher } from 'posthorn';
import { serveActions } from '../harness/serve-actions.ts';
import { createData, EVENT_TYPE, type RunResult, startTiming, type Target } from './job.ts';
import { type StoreName, STORES } from './stores.ts';

export type DispatcherActions = {
  open: (target: Target & { store: StoreName }) => Promise<void>;
  /** Emits while it delivers. */
  live: (params: { durationMs: number }) => Promise<RunResult>;
  /** Stores first, then delivers; only that is timed, and takes about as long as asked for. */
  drain: (params: { durationMs: number }) => Promise<RunResult>;
  close: () => Promise<void>;
};

/** Messages that were emitted and not yet delivered. */
const MAX_OUTSTANDING = 100;
/** Size of the first backlog; those that follow are measured by it. */
const FIRST_BACKLOG = 2_000;

let dispatcher: WebhookDispatcher;
let endpointId: string;
let number = 0;
let emitsUntil = 0;
let outstanding = 0;
let succeeded = 0;
let errors = 0;
let perMs: number | undefined;
let onDone = (): void => undefined;

serveActions({ open, live, drain, close: () => dispatcher.stop() } satisfies DispatcherActions);

async function open({ url, secret, sockets, store }: Target & { store: StoreName }): Promise<void> {
  dispatcher = new WebhookDispatcher({
    store: STORES[store](),
    network: { allowPrivate: ['127.0.0.0/8'] },
    maxConcurrency: sockets,
  });
  dispatcher.on('delivery.succeeded', () => {
    succeeded += 1;
    concludeOne();
  });
  for (const event of ['delivery.exhausted', 'delivery.discarded', 'delivery.failed'] as const) {
    dispatcher.on(event, failOne);
  }
  const endpoint = await dispatcher.endpoints.create({
    url: `${url}/dispatcher`,
    secret,
    concurrency: sockets,
    retry: 'once',
  });
  endpointId = endpoint.id;
}

async function live({ durationMs }: { durationMs: number }): Promise<RunResult> {
  const stop = startTiming();
  reset();
  emitsUntil = performance.now() + durationMs;
  const done = new Promise<void>((resolve) => (onDone = resolve));
  emitMore();
  // A process that was kept waiting for the whole turn has emitted nothing.
  if (outstanding > 0) await done;
  return { sent: succeeded, errors, ...stop() };
}

async function drain({ durationMs }: { durationMs: number }): Promise<RunResult> {
  reset();
  await dispatcher.endpoints.pause(endpointId);
  outstanding = perMs === undefined ? FIRST_BACKLOG : Math.ceil(perMs * durationMs);
  await Promise.all(Array.from({ length: outstanding }, emitOne));
  const done = new Promise<void>((resolve) => (onDone = resolve));
  const stop = startTiming();
  await dispatcher.endpoints.resume(endpointId);
  await done;
  const timing = stop();
  perMs = succeeded / timing.elapsedMs;
  return { sent: succeeded, errors, ...timing };
}

function reset(): void {
  emitsUntil = 0;
  succeeded = 0;
  errors = 0;
}

function emitMore(): void {
  while (outstanding < MAX_OUTSTANDING && performance.now() < emitsUntil) {
    outstanding += 1;
    void emitOne();
  }
}

async function emitOne(): Promise<void> {
  number += 1;
  try {
    await dispatcher.emit(EVENT_TYPE, createData(number));
  } catch {
    failOne();
  }
}

function failOne(): void {
  errors += 1;
  concludeOne();
}

function concludeOne(): void {
  outstanding -= 1;
  emitMore();
  if (outstanding === 0) onDone();
}
