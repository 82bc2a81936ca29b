/** A dispatcher whose good endpoints are measured, with or without two bad ones beside them. */
import type { WebhookDispatcher } from 'posthorn';
import { serveActions } from '../harness/serve-actions.ts';
import { type ClockActions, sharedNow } from '../harness/shared-clock.ts';
import { keepPace } from '../harness/steady-pace.ts';
import type { StorePlace } from '../harness/store-place.ts';
import {
  BAD_PER_SECOND,
  FAILING,
  GOOD_PER_SECOND,
  type IsolationMode,
  RETRY_DELAYS_MS,
  SILENT,
  TIMEOUT_MS,
} from '../isolation/endpoints.ts';
import { createDispatcher } from './create-dispatcher.ts';
import { createData, startTiming } from './job.ts';
import type { PacedRun, TimedData } from './paced.ts';

export type IsolationActions = ClockActions & {
  open: (params: OpenParams) => Promise<void>;
  /** Emits at a steady rate, and waits until the good endpoints have everything. */
  run: (params: RunParams) => Promise<IsolationRun>;
  /** Which of the bad endpoints have an open circuit breaker. */
  openBreakers: () => Promise<readonly string[]>;
  /** Deliveries to the good endpoints that the record of the store has wrong. */
  checkRecord: () => Promise<{ errors: number }>;
  close: () => Promise<void>;
};

export interface OpenParams extends StorePlace {
  readonly mode: IsolationMode;
  readonly secret: string;
  /** Where the good endpoints are. */
  readonly urls: readonly string[];
  readonly silentUrl: string;
  readonly failingUrl: string;
}

export interface RunParams {
  /** How long is emitted before anything is measured. */
  readonly leadInMs: number;
  readonly durationMs: number;
}

/** What became of the good endpoints in one turn. */
export interface IsolationRun extends PacedRun {
  /** Messages for each bad endpoint. */
  readonly bad: number;
}

let dispatcher: WebhookDispatcher;
let goodIds: readonly string[];
let badIds: readonly string[] = [];
let delivered = 0;
let errors = 0;
let outstanding = 0;
let onConcluded = (): void => undefined;

serveActions({
  now: sharedNow,
  open,
  run,
  openBreakers,
  checkRecord,
  close: () => dispatcher.stop({ timeoutMs: 0 }),
} satisfies IsolationActions);

async function open(params: OpenParams): Promise<void> {
  const { mode, secret, urls, silentUrl, failingUrl } = params;
  const breaker = mode === 'no-breaker' ? ({ breaker: false } as const) : {};
  dispatcher = createDispatcher(params, {
    timeoutMs: TIMEOUT_MS,
    retry: { kind: 'schedule', delaysMs: RETRY_DELAYS_MS },
    ...breaker,
  });
  goodIds = urls.map((_, index) => `good-${index}`);
  for (const [index, url] of urls.entries()) await create(goodIds[index]!, `${url}/${mode}`, secret);
  if (mode !== 'healthy') {
    badIds = [SILENT, FAILING];
    await create(SILENT, silentUrl, secret);
    await create(FAILING, failingUrl, secret);
  }
  watch(new Set(goodIds));
}

/** Wants the type that is its own name. */
async function create(id: string, url: string, secret: string): Promise<void> {
  await dispatcher.endpoints.create({ id, url, events: [id], secret });
}

function watch(good: ReadonlySet<string>): void {
  dispatcher.on('delivery.succeeded', ({ endpoint }) => {
    if (!good.has(endpoint.id)) return;
    delivered += 1;
    concludeOne();
  });
  for (const event of [
    'delivery.retrying',
    'delivery.exhausted',
    'delivery.discarded',
    'delivery.failed',
  ] as const)
    dispatcher.on(event, ({ endpoint, final }) => {
      if (!good.has(endpoint.id)) return;
      errors += 1;
      if (final) concludeOne();
    });
}

async function run({ leadInMs, durationMs }: RunParams): Promise<IsolationRun> {
  const deliveredBefore = delivered;
  const lateMs: number[] = [];
  let bad = 0;
  errors = 0;
  const stop = startTiming();
  const paces = [
    keepPace({ perSecond: GOOD_PER_SECOND, durationMs: leadInMs + durationMs }, (call) => {
      const isMeasured = call.atMs >= leadInMs;
      if (isMeasured) lateMs.push(call.lateMs);
      void emitGood(call.number, isMeasured);
    }),
    keepPace(
      { perSecond: badIds.length === 0 ? 0 : BAD_PER_SECOND, durationMs: leadInMs + durationMs },
      ({ number }) => {
        bad += 1;
        for (const id of badIds) void emit(id, number, false).catch(() => (errors += 1));
      },
    ),
  ];
  await Promise.all(paces);
  if (outstanding > 0) await new Promise<void>((resolve) => (onConcluded = resolve));
  return { sent: delivered - deliveredBefore, errors, measured: lateMs.length, lateMs, bad, ...stop() };
}

async function emitGood(number: number, isMeasured: boolean): Promise<void> {
  outstanding += 1;
  try {
    await emit(goodIds[number % goodIds.length]!, number, isMeasured);
  } catch {
    errors += 1;
    concludeOne();
  }
}

async function emit(type: string, number: number, isMeasured: boolean): Promise<void> {
  const data: TimedData = { ...createData(number), emittedAtMs: sharedNow(), isMeasured };
  await dispatcher.emit(type, data);
}

function concludeOne(): void {
  outstanding -= 1;
  if (outstanding === 0) onConcluded();
}

async function openBreakers(): Promise<readonly string[]> {
  const bad = await Promise.all(badIds.map((id) => dispatcher.endpoints.get(id)));
  return bad.filter(({ breakerOpen }) => breakerOpen).map(({ id }) => id);
}

async function checkRecord(): Promise<{ errors: number }> {
  const good = await Promise.all(goodIds.map((id) => dispatcher.endpoints.get(id)));
  const succeeded = good.reduce((sum, each) => sum + each.succeeded, 0);
  const failed = good.reduce((sum, each) => sum + each.failed, 0);
  return { errors: Math.abs(succeeded - delivered) + failed };
}
