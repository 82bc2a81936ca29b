/** node-webhooks: keeps URLs, and sends at once. It has no queue, no retry and no limit, so it is held to the limit of the others. */
import { EVENT_TYPE } from '../contenders/job.ts';
import { keyOf, signedHeaders } from '../contenders/signing.ts';
import { loadPackage, type OpenPeer } from './peer.ts';
import { WorkQueue } from './work-queue.ts';

type NodeWebhooks = new (options: { db: object; httpSuccessCodes: readonly number[] }) => Webhooks;

interface Webhooks {
  trigger(name: string, data: object, headers: object): void;
  getEmitter(): { on(event: string, listener: () => void): void };
}

const NAME = 'deliver';

export const openNodeWebhooks: OpenPeer = async ({ url, secret, inFlight, onDelivered, onFailed }) => {
  const NodeWebhooks = await loadPackage<NodeWebhooks>('node-webhooks');
  const webhooks = new NodeWebhooks({ db: { [NAME]: [url] }, httpSuccessCodes: [200, 204] });
  const key = keyOf(secret);
  // It does not say which call has ended.
  const waiting: (() => void)[] = [];
  const conclude = (onConcluded: () => void) => (): void => {
    onConcluded();
    waiting.shift()!();
  };
  webhooks.getEmitter().on(`${NAME}.success`, conclude(onDelivered));
  webhooks.getEmitter().on(`${NAME}.failure`, conclude(onFailed));
  const queue = new WorkQueue(inFlight, async ({ id, data }) => {
    const message = { type: EVENT_TYPE, timestamp: new Date(), data };
    const ended = new Promise<void>((resolve) => waiting.push(resolve));
    webhooks.trigger(NAME, message, signedHeaders(key, id, JSON.stringify(message)));
    await ended;
  });
  return { enqueue: async (job) => queue.add(job), close: async () => undefined };
};
