/** The baseline: a loop over an HTTP client, with the same data, the same signature, and nothing else. */
import { randomUUID } from 'node:crypto';
import { peakMemoryBytes } from '../harness/peak-memory.ts';
import { serveActions } from '../harness/serve-actions.ts';
import { type ClockActions, sharedNow } from '../harness/shared-clock.ts';
import { type ClientName, createPost, type Post } from './clients.ts';
import { createData, EVENT_TYPE, type RunResult, startTiming, type Target } from './job.ts';
import { type PacedRun, type PacedTurn, runPaced } from './paced.ts';
import { buildBody, keyOf, signedHeaders } from './signing.ts';

export type RawActions = ClockActions & {
  open: (params: Target & { client: ClientName }) => void;
  /** As fast as it can. */
  run: (params: { durationMs: number }) => Promise<RunResult>;
  /** At a steady rate. */
  pace: (turn: PacedTurn) => Promise<PacedRun>;
  /** Most memory that it has had, in bytes. */
  peakMemory: () => number;
};

let post: Post;
let target: Target;
let key: Buffer;
let number = 0;

serveActions({
  now: sharedNow,
  open,
  run,
  pace: (turn) => runPaced(turn, send, async () => undefined),
  peakMemory: peakMemoryBytes,
} satisfies RawActions);

function open(params: Target & { client: ClientName }): void {
  target = params;
  key = keyOf(params.secret);
  post = createPost(params.client, params, '/raw');
}

async function run({ durationMs }: { durationMs: number }): Promise<RunResult> {
  const stop = startTiming();
  const endsAt = performance.now() + durationMs;
  const count = { sent: 0, errors: 0 };
  await Promise.all(Array.from({ length: target.sockets }, () => sendUntil(endsAt, count)));
  return { ...count, ...stop() };
}

async function sendUntil(endsAt: number, count: { sent: number; errors: number }): Promise<void> {
  while (performance.now() < endsAt) {
    number += 1;
    try {
      await send(createData(number));
      count.sent += 1;
    } catch {
      count.errors += 1;
    }
  }
}

async function send(data: object): Promise<void> {
  const id = `msg_${randomUUID()}`;
  const body = buildBody(EVENT_TYPE, data);
  const status = await post(signedHeaders(key, id, body), body);
  if (status !== 204) throw new Error(`answered ${status}`);
}
