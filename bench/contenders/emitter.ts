/** The dispatcher with one endpoint; only emits are timed, and what they stored is delivered afterwards. */
import type { WebhookDispatcher } from 'posthorn';
import { peakMemoryBytes } from '../harness/peak-memory.ts';
import { serveActions } from '../harness/serve-actions.ts';
import type { StorePlace } from '../harness/store-place.ts';
import { countWrong, createDispatcher } from './create-dispatcher.ts';
import { createData, EVENT_TYPE, type RunResult, startTiming, type Target } from './job.ts';

export type EmitterActions = {
  open: (params: Target & StorePlace) => Promise<void>;
  /** So many callers emit, each awaiting its own, while nothing is sent. */
  emit: (params: { durationMs: number; callers: number }) => Promise<RunResult>;
  peakMemory: () => number;
  /** Deliveries that the record of the store has wrong. */
  checkRecord: () => Promise<{ errors: number }>;
  close: () => Promise<void>;
};

let dispatcher: WebhookDispatcher;
let number = 0;
let emitted = 0;

serveActions({
  open,
  emit,
  peakMemory: peakMemoryBytes,
  checkRecord,
  close: () => dispatcher.stop(),
} satisfies EmitterActions);

async function open(params: Target & StorePlace): Promise<void> {
  const { url, secret, sockets } = params;
  dispatcher = createDispatcher(params, { maxConcurrency: sockets });
  await dispatcher.endpoints.create({ url: `${url}/hooks`, secret, concurrency: sockets, retry: 'once' });
}

async function emit({ durationMs, callers }: { durationMs: number; callers: number }): Promise<RunResult> {
  await dispatcher.pause();
  const count = { sent: 0, errors: 0 };
  const stop = startTiming();
  const endsAt = performance.now() + durationMs;
  await Promise.all(Array.from({ length: callers }, () => emitUntil(endsAt, count)));
  const timing = stop();
  emitted += count.sent;
  await dispatcher.resume();
  await dispatcher.drain();
  return { ...count, ...timing };
}

async function emitUntil(endsAt: number, count: { sent: number; errors: number }): Promise<void> {
  while (performance.now() < endsAt) {
    number += 1;
    try {
      await dispatcher.emit(EVENT_TYPE, createData(number));
      count.sent += 1;
    } catch {
      count.errors += 1;
    }
  }
}

async function checkRecord(): Promise<{ errors: number }> {
  return { errors: await countWrong(dispatcher, emitted) };
}
