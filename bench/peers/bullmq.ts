/** A queue in Redis, and a worker that sends with `undici`. */
import { randomUUID } from 'node:crypto';
import { type Job, loadPackage, type OpenPeer } from './peer.ts';

interface BullMq {
  readonly Queue: new (name: string, options: object) => Queue;
  readonly Worker: new (
    name: string,
    process: (job: { data: Job }) => Promise<void>,
    options: object,
  ) => Worker;
}

interface Queue {
  add(name: string, data: Job, options: object): Promise<unknown>;
  obliterate(options: { force: boolean }): Promise<void>;
  close(): Promise<void>;
}

interface Worker {
  on(event: 'failed' | 'error', listener: () => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

const JOB_OPTIONS = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: true,
  removeOnFail: true,
};

export const openBullMq: OpenPeer = async ({ redisUrl, inFlight, send, onFailed }) => {
  const { Queue, Worker } = await loadPackage<BullMq>('bullmq');
  const { hostname, port, username, password } = new URL(redisUrl!);
  const connection = {
    host: hostname,
    port: Number(port || 6379),
    username,
    password,
    maxRetriesPerRequest: null,
  };
  const name = `posthorn_test_bench_${randomUUID()}`;
  const queue = new Queue(name, { connection });
  const worker = new Worker(name, ({ data }) => send(data), { connection, concurrency: inFlight });
  worker.on('failed', onFailed);
  worker.on('error', onFailed);
  await worker.waitUntilReady();
  return {
    enqueue: (job) => queue.add('deliver', job, JOB_OPTIONS),
    async close() {
      await worker.close();
      await queue.obliterate({ force: true });
      await queue.close();
    },
  };
};
