/** What most applications have: an array, some workers, `fetch`, and another try after a while. */
import { EVENT_TYPE } from '../contenders/job.ts';
import { buildBody, keyOf, signedHeaders } from '../contenders/signing.ts';
import type { OpenPeer } from './peer.ts';
import { WorkQueue } from './work-queue.ts';

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 1_000;
const TIMEOUT_MS = 15_000;

export const openFetchLoop: OpenPeer = async ({ url, secret, inFlight, onDelivered, onFailed }) => {
  const key = keyOf(secret);
  const queue = new WorkQueue(inFlight, async ({ id, data }) => {
    const body = buildBody(EVENT_TYPE, data);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        const headers = signedHeaders(key, id, body);
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        const response = await fetch(url, { method: 'POST', headers, body, signal });
        await response.arrayBuffer();
        if (response.ok) return onDelivered();
      } catch {
        // Tried again, like an answer that is no success.
      }
      onFailed();
      await new Promise((resolve) => setTimeout(resolve, FIRST_DELAY_MS * 2 ** (attempt - 1)));
    }
  });
  return { enqueue: async (job) => queue.add(job), close: async () => undefined };
};
