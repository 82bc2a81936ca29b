/** One of the peers, and callers that each await what they enqueue. */
import { randomUUID } from 'node:crypto';
import { peakMemoryBytes } from '../harness/peak-memory.ts';
import { serveActions } from '../harness/serve-actions.ts';
import type { StorePlace } from '../harness/store-place.ts';
import { openBullMq } from '../peers/bullmq.ts';
import { openFetchLoop } from '../peers/fetch-loop.ts';
import { openGraphileWorker, openGraphileWorkerBatched } from '../peers/graphile-worker.ts';
import { openNodeWebhooks } from '../peers/node-webhooks.ts';
import type { Job, OpenPeer, Peer, PeerName } from '../peers/peer.ts';
import { openPgBossFetch, openPgBossWork } from '../peers/pg-boss.ts';
import { posthornOn } from '../peers/posthorn.ts';
import { createPost } from './clients.ts';
import { createData, EVENT_TYPE, type RunResult, startTiming, type Target } from './job.ts';
import { buildBody, keyOf, signedHeaders } from './signing.ts';

export type PeerActions = {
  open: (params: OpenParams) => Promise<void>;
  /** Enqueues while it delivers, and waits until all is delivered. */
  live: (params: { durationMs: number }) => Promise<RunResult>;
  peakMemory: () => number;
  checkRecord: () => Promise<{ errors: number }>;
  close: () => Promise<void>;
};

interface OpenParams extends Target {
  readonly peer: PeerName;
  readonly place: StorePlace;
  readonly redisUrl: string | undefined;
}

const PATH = '/peer';
const CALLERS = 50;
/** Callers wait beyond that: some peers accept a hundred times as many jobs as they deliver. */
const MAX_OUTSTANDING = 1_000;

const OPEN: Readonly<Record<PeerName, (place: StorePlace) => OpenPeer>> = {
  'posthorn-memory': posthornOn,
  'posthorn-sqlite': posthornOn,
  'posthorn-postgres': posthornOn,
  'fetch-loop': () => openFetchLoop,
  'node-webhooks': () => openNodeWebhooks,
  bullmq: () => openBullMq,
  'pg-boss-fetch': () => openPgBossFetch,
  'pg-boss-work': () => openPgBossWork,
  'graphile-worker': () => openGraphileWorker,
  'graphile-worker-batched': () => openGraphileWorkerBatched,
};

let peer: Peer;
let number = 0;
let delivered = 0;
let failed = 0;
let outstanding = 0;
const blocked: (() => void)[] = [];
let onIdle = (): void => undefined;

serveActions({
  open,
  live,
  peakMemory: peakMemoryBytes,
  checkRecord: async () => ({ errors: (await peer.checkRecord?.(delivered)) ?? 0 }),
  close: async () => void (await peer.close()),
} satisfies PeerActions);

async function open({ peer: name, place, redisUrl, ...target }: OpenParams): Promise<void> {
  const post = createPost('undici.request', target, PATH);
  const key = keyOf(target.secret);
  peer = await OPEN[name](place)({
    url: `${target.url}${PATH}`,
    secret: target.secret,
    inFlight: target.sockets,
    databaseUrl: place.databaseUrl,
    redisUrl,
    async send({ id, data }) {
      const body = buildBody(EVENT_TYPE, data);
      const status = await post(signedHeaders(key, id, body), body);
      if (status !== 204) throw new Error(`answered ${status}`);
      onDelivered();
    },
    onDelivered,
    onFailed: () => (failed += 1),
  });
}

async function live({ durationMs }: { durationMs: number }): Promise<RunResult> {
  const before = { delivered, failed };
  const stop = startTiming();
  const endsAt = performance.now() + durationMs;
  await Promise.all(Array.from({ length: CALLERS }, () => enqueueUntil(endsAt)));
  if (outstanding > 0) await new Promise<void>((resolve) => (onIdle = resolve));
  return { sent: delivered - before.delivered, errors: failed - before.failed, ...stop() };
}

async function enqueueUntil(endsAt: number): Promise<void> {
  while (performance.now() < endsAt) {
    if (outstanding >= MAX_OUTSTANDING) {
      await new Promise<void>((resolve) => blocked.push(resolve));
      continue;
    }
    number += 1;
    outstanding += 1;
    const job: Job = { id: `msg_${randomUUID()}`, data: createData(number) };
    await peer.enqueue(job);
  }
}

function onDelivered(): void {
  delivered += 1;
  outstanding -= 1;
  blocked.pop()?.();
  if (outstanding === 0) onIdle();
}
