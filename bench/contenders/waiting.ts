/** The dispatcher with many endpoints, and many messages that wait. */
import type { WebhookDispatcher } from 'posthorn';
import { heapBytesInUse, peakMemoryBytes } from '../harness/peak-memory.ts';
import { serveActions } from '../harness/serve-actions.ts';
import type { StorePlace } from '../harness/store-place.ts';
import { countWrong, createDispatcher } from './create-dispatcher.ts';
import { createData, type RunResult, startTiming, type Target } from './job.ts';

export type WaitingActions = {
  open: (params: Target & StorePlace) => Promise<void>;
  /** Registers so many endpoints, and emits so many messages, by turns to one of them; they wait. */
  fill: (params: { endpoints: number; messages: number }) => Promise<{ errors: number }>;
  memory: () => { readonly peakBytes: number; readonly heapBytes: number };
  /** Sends what waits. */
  deliver: () => Promise<RunResult>;
  close: () => Promise<void>;
};

/** Calls under way at a time while it is filled. */
const CALLERS = 100;

let dispatcher: WebhookDispatcher;
let target: Target;
let succeeded = 0;
let failed = 0;

serveActions({
  open,
  fill,
  memory: () => ({ peakBytes: peakMemoryBytes(), heapBytes: heapBytesInUse() }),
  deliver,
  close: () => dispatcher.stop(),
} satisfies WaitingActions);

async function open(params: Target & StorePlace): Promise<void> {
  target = params;
  dispatcher = createDispatcher(params, { maxConcurrency: params.sockets });
  dispatcher.on('delivery.succeeded', () => {
    succeeded += 1;
  });
  for (const event of ['delivery.exhausted', 'delivery.discarded', 'delivery.failed'] as const)
    dispatcher.on(event, () => {
      failed += 1;
    });
  await dispatcher.pause();
}

async function fill(params: { endpoints: number; messages: number }): Promise<{ errors: number }> {
  const { endpoints, messages } = params;
  const registered = await callAll(endpoints, (index) =>
    dispatcher.endpoints.create({
      url: `${target.url}/${index}`,
      events: [typeOf(index)],
      secret: target.secret,
      retry: 'once',
    }),
  );
  const emitted = await callAll(messages, (index) =>
    dispatcher.emit(typeOf(index % endpoints), createData(index)),
  );
  return { errors: registered + emitted };
}

/** How many of the calls failed. */
async function callAll(count: number, call: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  let errors = 0;
  const callers = Array.from({ length: CALLERS }, async () => {
    for (; next < count;) {
      next += 1;
      await call(next - 1).catch(() => (errors += 1));
    }
  });
  await Promise.all(callers);
  return errors;
}

async function deliver(): Promise<RunResult> {
  const stop = startTiming();
  await dispatcher.resume();
  await dispatcher.drain();
  const wrong = await countWrong(dispatcher, succeeded);
  return { sent: succeeded, errors: failed + wrong, ...stop() };
}

function typeOf(index: number): string {
  return `machine-${index}.completed`;
}
