/** A queue in PostgreSQL, taken from in a loop of its own or by `work()`. */
import { type Job, loadPackage, type OpenPeer, type PeerWorld } from './peer.ts';

type PgBoss = new (options: { connectionString: string }) => Boss;

interface Boss {
  on(event: 'error', listener: () => void): unknown;
  start(): Promise<unknown>;
  createQueue(name: string): Promise<void>;
  send(name: string, data: Job, options: object): Promise<unknown>;
  fetch(name: string, options: { batchSize: number }): Promise<readonly BossJob[]>;
  complete(name: string, ids: readonly string[]): Promise<void>;
  fail(name: string, ids: readonly string[]): Promise<void>;
  work(
    name: string,
    options: { batchSize: number; pollingIntervalSeconds: number },
    handler: (jobs: readonly BossJob[]) => Promise<unknown>,
  ): Promise<string>;
  stop(options: { graceful: boolean; wait: boolean }): Promise<void>;
}

interface BossJob {
  readonly id: string;
  readonly data: Job;
}

const QUEUE = 'deliver';
const JOB_OPTIONS = { retryLimit: 5, retryBackoff: true };
const BATCH = 50;
const FETCHERS = 4;
const IDLE_MS = 20;
const WORKERS = 10;
/** The least that it takes. */
const POLLING_SECONDS = 0.5;

/** A loop as one writes it: fetch, send all, complete what was sent, fail the others. */
export const openPgBossFetch: OpenPeer = async (world) => {
  const boss = await start(world);
  let isOpen = true;
  const fetchers = Array.from({ length: FETCHERS }, async () => {
    while (isOpen) {
      const jobs = await boss.fetch(QUEUE, { batchSize: BATCH });
      if (jobs.length === 0) await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      else await sendBatch(boss, jobs, world);
    }
  });
  return {
    enqueue: (job) => boss.send(QUEUE, job, JOB_OPTIONS),
    async close() {
      isOpen = false;
      await Promise.all(fetchers);
      await boss.stop({ graceful: false, wait: true });
    },
  };
};

export const openPgBossWork: OpenPeer = async (world) => {
  const boss = await start(world);
  const options = { batchSize: BATCH, pollingIntervalSeconds: POLLING_SECONDS };
  for (let number = 0; number < WORKERS; number += 1)
    await boss.work(QUEUE, options, (jobs) => Promise.all(jobs.map(({ data }) => world.send(data))));
  return {
    enqueue: (job) => boss.send(QUEUE, job, JOB_OPTIONS),
    close: () => boss.stop({ graceful: false, wait: true }),
  };
};

async function start({ databaseUrl, onFailed }: PeerWorld): Promise<Boss> {
  const Boss = await loadPackage<PgBoss>('pg-boss');
  const boss = new Boss({ connectionString: databaseUrl! });
  boss.on('error', onFailed);
  await boss.start();
  await boss.createQueue(QUEUE);
  return boss;
}

async function sendBatch(boss: Boss, jobs: readonly BossJob[], { send, onFailed }: PeerWorld): Promise<void> {
  const results = await Promise.allSettled(jobs.map(({ data }) => send(data)));
  const idsOf = (wanted: 'fulfilled' | 'rejected'): string[] =>
    jobs.filter((_, index) => results[index]!.status === wanted).map(({ id }) => id);
  await boss.complete(QUEUE, idsOf('fulfilled'));
  const failed = idsOf('rejected');
  if (failed.length === 0) return;
  onFailed();
  await boss.fail(QUEUE, failed);
}
