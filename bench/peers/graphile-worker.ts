/** Jobs in PostgreSQL: as it comes, and with jobs fetched and completed in batches. */
import { type Job, loadPackage, type OpenPeer, type PeerWorld } from './peer.ts';

interface GraphileWorker {
  readonly run: (options: object) => Promise<Runner>;
  readonly Logger: new (createSink: () => () => void) => object;
}

interface Runner {
  readonly events: { on(event: 'job:error', listener: () => void): unknown };
  addJob(task: string, payload: Job): Promise<unknown>;
  stop(): Promise<void>;
}

const TASK = 'deliver';
const BATCHED = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

export const openGraphileWorker: OpenPeer = (world) => open(world, {});
export const openGraphileWorkerBatched: OpenPeer = (world) => open(world, BATCHED);

async function open(
  { databaseUrl, inFlight, send, onFailed }: PeerWorld,
  settings: object,
): ReturnType<OpenPeer> {
  const { run, Logger } = await loadPackage<GraphileWorker>('graphile-worker');
  const runner = await run({
    preset: { worker: { connectionString: databaseUrl, concurrentJobs: inFlight, ...settings } },
    taskList: { [TASK]: send },
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
  });
  runner.events.on('job:error', onFailed);
  return { enqueue: (job) => runner.addJob(TASK, job), close: () => runner.stop() };
}
