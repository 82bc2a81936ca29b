/** The baseline of `fanout`: one body, sent to all, signed for each of them, by one `undici.Agent`. */
import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import { peakMemoryBytes } from '../harness/peak-memory.ts';
import { serveActions } from '../harness/serve-actions.ts';
import type { FanOutTarget } from './fan-out.ts';
import { createData, EVENT_TYPE, type RunResult, startTiming } from './job.ts';
import { buildBody, keyOf, signedHeaders } from './signing.ts';

export type RawFanOutActions = {
  open: (target: FanOutTarget) => void;
  run: (params: { durationMs: number }) => Promise<RunResult>;
  peakMemory: () => number;
};

interface Place {
  readonly origin: string;
  readonly path: string;
}

const agent = new Agent({ pipelining: 1 });
let places: readonly Place[];
let key: Buffer;
let inFlight: number;
let number = 0;

serveActions({ open, run, peakMemory: peakMemoryBytes } satisfies RawFanOutActions);

function open(target: FanOutTarget): void {
  ({ inFlight } = target);
  key = keyOf(target.secret);
  places = target.urls.map((text) => {
    const { origin, pathname } = new URL(text);
    return { origin, path: pathname };
  });
}

async function run({ durationMs }: { durationMs: number }): Promise<RunResult> {
  const count = { sent: 0, errors: 0 };
  const stop = startTiming();
  const endsAt = performance.now() + durationMs;
  while (performance.now() < endsAt) await sendToAll(count);
  return { ...count, ...stop() };
}

async function sendToAll(count: { sent: number; errors: number }): Promise<void> {
  number += 1;
  const id = `msg_${randomUUID()}`;
  const body = buildBody(EVENT_TYPE, createData(number));
  let next = 0;
  const workers = Array.from({ length: inFlight }, async () => {
    for (; next < places.length;) {
      const place = places[next]!;
      next += 1;
      if (await send(place, id, body)) count.sent += 1;
      else count.errors += 1;
    }
  });
  await Promise.all(workers);
}

async function send(place: Place, id: string, body: string): Promise<boolean> {
  try {
    const headers = signedHeaders(key, id, body);
    const response = await agent.request({ ...place, method: 'POST', headers, body });
    await response.body.dump();
    return response.statusCode === 204;
  } catch {
    return false;
  }
}
