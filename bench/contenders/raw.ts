/** The baseline: a loop over `undici.request`, with the same data, the same signature, and nothing else. */
import { createHmac, randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { serveActions } from '../harness/serve-actions.ts';
import { createData, EVENT_TYPE, type RunResult, startTiming, type Target } from './job.ts';

export type RawActions = {
  open: (target: Target) => void;
  run: (params: { durationMs: number }) => Promise<RunResult>;
};

let pool: Pool;
let target: Target;
let key: Buffer;
let number = 0;

serveActions({ open, run } satisfies RawActions);

function open(to: Target): void {
  target = to;
  key = Buffer.from(to.secret.replace('whsec_', ''), 'base64');
  pool = new Pool(to.url, { connections: to.sockets, pipelining: 1 });
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
    if (await send()) count.sent += 1;
    else count.errors += 1;
  }
}

async function send(): Promise<boolean> {
  number += 1;
  const now = new Date();
  const id = `msg_${randomUUID()}`;
  const body = JSON.stringify({ type: EVENT_TYPE, timestamp: now, data: createData(number) });
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'bench',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
  try {
    const response = await pool.request({ method: 'POST', path: '/raw', headers, body });
    await response.body.dump();
    return response.statusCode === 204;
  } catch {
    return false;
  }
}
