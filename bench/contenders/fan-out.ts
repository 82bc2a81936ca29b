/** The dispatcher with many endpoints that all want every message. */
import type { WebhookDispatcher } from 'posthorn';
import { peakMemoryBytes } from '../harness/peak-memory.ts';
import { serveActions } from '../harness/serve-actions.ts';
import type { StorePlace } from '../harness/store-place.ts';
import { countWrong, createDispatcher } from './create-dispatcher.ts';
import { createData, EVENT_TYPE, type RunResult, startTiming } from './job.ts';

/** Who is sent to. */
export interface FanOutTarget {
  /** One for each endpoint. */
  readonly urls: readonly string[];
  readonly secret: string;
  /** Most requests in flight. */
  readonly inFlight: number;
}

export type FanOutActions = {
  open: (params: FanOutTarget & StorePlace) => Promise<void>;
  /** Sends one message after the other to all of them, each once the one before is delivered. */
  run: (params: { durationMs: number }) => Promise<RunResult>;
  peakMemory: () => number;
  /** Deliveries that the record of the store has wrong. */
  checkRecord: () => Promise<{ errors: number }>;
  close: () => Promise<void>;
};

let dispatcher: WebhookDispatcher;
let endpoints: number;
let number = 0;
let delivered = 0;
let failed = 0;
let outstanding = 0;
let onDone = (): void => undefined;

serveActions({
  open,
  run,
  peakMemory: peakMemoryBytes,
  checkRecord,
  close: () => dispatcher.stop(),
} satisfies FanOutActions);

async function open(params: FanOutTarget & StorePlace): Promise<void> {
  const { urls, secret, inFlight } = params;
  endpoints = urls.length;
  dispatcher = createDispatcher(params, { maxConcurrency: inFlight });
  for (const url of urls) await dispatcher.endpoints.create({ url, secret, retry: 'once' });
  dispatcher.on('delivery.succeeded', () => {
    delivered += 1;
    concludeOne();
  });
  for (const event of ['delivery.exhausted', 'delivery.discarded', 'delivery.failed'] as const)
    dispatcher.on(event, () => {
      failed += 1;
      concludeOne();
    });
}

async function run({ durationMs }: { durationMs: number }): Promise<RunResult> {
  const before = { delivered, failed };
  const stop = startTiming();
  const endsAt = performance.now() + durationMs;
  while (performance.now() < endsAt) await sendToAll();
  return { sent: delivered - before.delivered, errors: failed - before.failed, ...stop() };
}

async function sendToAll(): Promise<void> {
  number += 1;
  outstanding = endpoints;
  const done = new Promise<void>((resolve) => (onDone = resolve));
  await dispatcher.emit(EVENT_TYPE, createData(number));
  await done;
}

function concludeOne(): void {
  outstanding -= 1;
  if (outstanding === 0) onDone();
}

async function checkRecord(): Promise<{ errors: number }> {
  return { errors: await countWrong(dispatcher, delivered) };
}
