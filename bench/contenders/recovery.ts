/** A dispatcher with one endpoint, whose receiver is down for a while. */
import type { EndpointInput, WebhookDispatcher } from 'posthorn';
import { serveActions } from '../harness/serve-actions.ts';
import { keepPace } from '../harness/steady-pace.ts';
import type { StorePlace } from '../harness/store-place.ts';
import { countWrong, createDispatcher } from './create-dispatcher.ts';
import { createData, EVENT_TYPE } from './job.ts';

export type RecoveryActions = {
  open: (params: OpenParams) => Promise<void>;
  /** Emits so many messages at a steady rate. Resolves when they are stored and that time is over. */
  emit: (params: { count: number; durationMs: number }) => Promise<{ errors: number }>;
  /** Waits until none is left; deliveries that ended otherwise, and those the record has wrong, are errors. */
  finish: () => Promise<{ errors: number }>;
  close: () => Promise<void>;
};

export interface OpenParams extends StorePlace {
  readonly url: string;
  readonly secret: string;
  readonly limits: Pick<EndpointInput, 'concurrency' | 'rateLimit'>;
  /** How many times faster than by default the endpoint is given up and tried again. */
  readonly speed: number;
}

/** The defaults; docs/reference/options.md has them. */
const BREAKER = { windowMs: 60_000, openMs: 10_000, maxOpenMs: 600_000 };
const RETRY_DELAYS_MS = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000];

let dispatcher: WebhookDispatcher;
let emitted = 0;
let succeeded = 0;
let errors = 0;
let onConcluded = (): void => undefined;

serveActions({ open, emit, finish, close: () => dispatcher.stop() } satisfies RecoveryActions);

async function open(params: OpenParams): Promise<void> {
  const { url, secret, limits, speed } = params;
  const faster = (ms: number): number => Math.round(ms / speed);
  dispatcher = createDispatcher(params, {
    breaker: {
      windowMs: faster(BREAKER.windowMs),
      openMs: faster(BREAKER.openMs),
      maxOpenMs: faster(BREAKER.maxOpenMs),
    },
    retry: { kind: 'schedule', delaysMs: RETRY_DELAYS_MS.map(faster) },
  });
  dispatcher.on('delivery.succeeded', () => {
    succeeded += 1;
    onConcluded();
  });
  for (const event of ['delivery.exhausted', 'delivery.discarded', 'delivery.failed'] as const)
    dispatcher.on(event, () => {
      errors += 1;
      onConcluded();
    });
  await dispatcher.endpoints.create({ url: `${url}/hooks`, secret, ...limits });
}

async function emit({
  count,
  durationMs,
}: {
  count: number;
  durationMs: number;
}): Promise<{ errors: number }> {
  const emits: Promise<unknown>[] = [];
  await keepPace({ perSecond: (count * 1000) / durationMs, durationMs }, ({ number }) => {
    emits.push(dispatcher.emit(EVENT_TYPE, createData(number)));
  });
  const results = await Promise.allSettled(emits);
  const failed = results.filter(({ status }) => status === 'rejected').length;
  emitted += count - failed;
  return { errors: failed };
}

async function finish(): Promise<{ errors: number }> {
  await new Promise<void>((resolve) => {
    onConcluded = () => {
      if (succeeded + errors === emitted) resolve();
    };
    onConcluded();
  });
  return { errors: errors + (await countWrong(dispatcher, emitted)) };
}
