/** A dispatcher with endpoints that get fresh events, beside others whose deliveries wait. */
import type { WebhookDispatcher } from 'posthorn';
import { CAP, FRESH } from '../backlog/backlogs.ts';
import { peakMemoryBytes } from '../harness/peak-memory.ts';
import { serveActions } from '../harness/serve-actions.ts';
import type { StorePlace } from '../harness/store-place.ts';
import { createDispatcher } from './create-dispatcher.ts';
import type { RunResult, Target } from './job.ts';
import { Load } from './load.ts';

export type BacklogActions = {
  /** Registers the endpoints, once for all processes that follow. */
  register: (params: RegisterParams) => Promise<void>;
  open: (params: StorePlace & { sockets: number }) => Promise<void>;
  /** Emits fresh events while it delivers them. */
  live: (params: { durationMs: number }) => Promise<RunResult>;
  /** Pauses and resumes endpoints, some times each. The slowest call of each kind, ms. */
  switchEndpoints: (params: { ids: readonly string[] }) => Promise<SwitchTimes>;
  /** Deliveries of fresh events that the record has wrong, and the most memory that the process had. */
  checkRecord: () => Promise<{ errors: number; rssBytes: number }>;
  close: () => Promise<void>;
};

export interface SwitchTimes {
  readonly pauseMs: number;
  readonly resumeMs: number;
}

interface RegisterParams extends StorePlace, Target {
  /** Where requests stay unanswered. */
  readonly silentUrl: string;
  /** Ids of the endpoints whose deliveries wait. */
  readonly waiting: readonly string[];
}

/** More than the endpoints have slots: some deliveries are sent at once, the others stored, and claimed when there is room. */
const MAX_OUTSTANDING = 100;
const SWITCHES = 5;
/** Requests that are not answered stay in flight for longer than a round takes. */
const TIMEOUT_MS = 600_000;

let dispatcher: WebhookDispatcher;
let load: Load;
let succeededBefore: number;

serveActions({
  register,
  open,
  live: ({ durationMs }) => load.live(durationMs),
  switchEndpoints,
  checkRecord,
  close: () => dispatcher.stop({ timeoutMs: 0 }),
} satisfies BacklogActions);

async function register(params: RegisterParams): Promise<void> {
  const { url, secret, sockets, silentUrl, waiting } = params;
  await create(params, sockets);
  for (let index = 0; index < FRESH; index += 1) {
    const id = freshId(index);
    await dispatcher.endpoints.create({
      id,
      url: `${url}/${id}`,
      events: [freshType(index)],
      secret,
      concurrency: sockets / FRESH,
      retry: 'once',
    });
  }
  for (const id of waiting)
    await dispatcher.endpoints.create({
      id,
      url: `${silentUrl}/${id}`,
      events: ['backlog.completed'],
      secret,
      concurrency: CAP,
      timeoutMs: TIMEOUT_MS,
    });
}

async function open(params: StorePlace & { sockets: number }): Promise<void> {
  await create(params, params.sockets);
  load = new Load(dispatcher, MAX_OUTSTANDING, freshType);
  succeededBefore = (await countFresh()).succeeded;
}

async function create(place: StorePlace, sockets: number): Promise<void> {
  dispatcher = createDispatcher(place, {
    // Those that get no answer take nothing from the others.
    maxConcurrency: sockets + 2 * CAP,
  });
}

async function switchEndpoints({ ids }: { ids: readonly string[] }): Promise<SwitchTimes> {
  let pauseMs = 0;
  let resumeMs = 0;
  for (let time = 0; time < SWITCHES; time += 1)
    for (const id of ids) {
      const { paused } = await dispatcher.endpoints.get(id);
      const pause = async (): Promise<void> => {
        pauseMs = Math.max(pauseMs, await timeOf(() => dispatcher.endpoints.pause(id)));
      };
      // Afterwards it stands as before.
      if (!paused) await pause();
      resumeMs = Math.max(resumeMs, await timeOf(() => dispatcher.endpoints.resume(id)));
      if (paused) await pause();
    }
  return { pauseMs, resumeMs };
}

async function timeOf(call: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await call();
  return performance.now() - startedAt;
}

async function checkRecord(): Promise<{ errors: number; rssBytes: number }> {
  const { succeeded, failed } = await countFresh();
  return {
    errors: Math.abs(succeeded - succeededBefore - load.delivered) + failed,
    rssBytes: peakMemoryBytes(),
  };
}

async function countFresh(): Promise<{ succeeded: number; failed: number }> {
  const endpoints = await Promise.all(
    Array.from({ length: FRESH }, (_, index) => dispatcher.endpoints.get(freshId(index))),
  );
  return {
    succeeded: endpoints.reduce((sum, { succeeded }) => sum + succeeded, 0),
    failed: endpoints.reduce((sum, { failed }) => sum + failed, 0),
  };
}

function freshId(index: number): string {
  return `fresh-${index}`;
}

/** The endpoints get a message each, by turns. */
function freshType(number: number): string {
  return `fresh.job-${number % FRESH}.completed`;
}
