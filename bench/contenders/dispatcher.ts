/** The dispatcher, one endpoint, one of the stores. */
import { kyTransport, type WebhookDispatcher } from 'posthorn';
import { peakMemoryBytes } from '../harness/peak-memory.ts';
import { serveActions } from '../harness/serve-actions.ts';
import type { StorePlace } from '../harness/store-place.ts';
import { countWrong, createDispatcher } from './create-dispatcher.ts';
import { EVENT_TYPE, type RunResult, slotsFor, type Target } from './job.ts';
import { Load } from './load.ts';

export type DispatcherActions = {
  open: (params: OpenParams) => Promise<void>;
  /** Emits while it delivers. */
  live: (params: { durationMs: number }) => Promise<RunResult>;
  /** Stores first, then delivers; only that is timed, and takes about as long as asked for. */
  drain: (params: { durationMs: number }) => Promise<RunResult>;
  /** Deliveries that the record of the store has wrong: unfinished, or succeeded more or less often than was reported. */
  checkRecord: () => Promise<{ errors: number }>;
  /** Most memory that it has had, in bytes. */
  peakMemory: () => number;
  close: () => Promise<void>;
};

interface OpenParams extends Target, StorePlace {
  readonly maxOutstanding: number;
  readonly transport: 'undici' | 'ky';
}

/** Size of the first backlog; those that follow are measured by it. */
const FIRST_BACKLOG = 2_000;

let dispatcher: WebhookDispatcher;
let load: Load;
let endpointId: string;
let perMs: number | undefined;

serveActions({
  open,
  live: ({ durationMs }) => load.live(durationMs),
  drain,
  checkRecord,
  peakMemory: peakMemoryBytes,
  close: () => dispatcher.stop(),
} satisfies DispatcherActions);

async function open(params: OpenParams): Promise<void> {
  const { url, secret, sockets, transport } = params;
  dispatcher = createDispatcher(params, {
    maxConcurrency: slotsFor(sockets),
    ...(transport === 'ky' ? { transport: kyTransport() } : {}),
  });
  load = new Load(dispatcher, params.maxOutstanding, () => EVENT_TYPE);
  const endpoint = await dispatcher.endpoints.create({
    url: `${url}/dispatcher`,
    secret,
    concurrency: sockets,
    retry: 'once',
  });
  endpointId = endpoint.id;
}

async function drain({ durationMs }: { durationMs: number }): Promise<RunResult> {
  await dispatcher.endpoints.pause(endpointId);
  const messages = perMs === undefined ? FIRST_BACKLOG : Math.ceil(perMs * durationMs);
  const result = await load.drain(messages, () => dispatcher.endpoints.resume(endpointId));
  perMs = result.sent / result.elapsedMs;
  return result;
}

async function checkRecord(): Promise<{ errors: number }> {
  return { errors: await countWrong(dispatcher, load.delivered) };
}
