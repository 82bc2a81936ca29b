import { afterAll } from 'vitest';
import type { Delivery } from '../../src/core/delivery.ts';
import type { EndpointInput } from '../../src/core/endpoint-input.ts';
import type { Endpoint } from '../../src/endpoints.ts';
import type { DeliveryWithAttempts } from '../../src/engine/delivery-admin.ts';
import type { Page } from '../../src/store/store.ts';
import { CountingReceiver } from './counting-receiver.ts';
import type { StoreKind, StoreLocation } from './open-store.ts';
import { createPlace } from './store-places.ts';
import type { WorkerOrder } from './worker-order.ts';
import { buildWorkers, type WorkerBundle } from './worker-bundle.ts';
import { WorkerProcess } from './worker-process.ts';

/** Built once for all tests of a file. */
let bundle: Promise<WorkerBundle> | undefined;
afterAll(async () => (await bundle)?.remove());

/** Several processes on one store, and one receiver. Disposing of it ends all. */
export interface Workshop extends AsyncDisposable {
  readonly location: StoreLocation;
  readonly receiver: CountingReceiver;
  /** Processes, started side by side. */
  start<const Names extends readonly string[]>(
    names: Names,
    order?: Partial<WorkerOrder>,
  ): Promise<{ -readonly [Index in keyof Names]: WorkerProcess }>;
  /** Registers an endpoint at the receiver, for all events. */
  createEndpoint(worker: WorkerProcess, input?: Partial<EndpointInput>): Promise<Endpoint>;
}

export async function createWorkshop(kind: StoreKind): Promise<Workshop> {
  bundle ??= buildWorkers();
  const { program } = await bundle;
  const place = await createPlace(kind);
  const receiver = await CountingReceiver.start();
  const starting: Promise<WorkerProcess>[] = [];
  return {
    location: place.location,
    receiver,
    async start(names, order = {}) {
      const { location } = place;
      const started = names.map((name) => WorkerProcess.start(program, { location, ...order, name }));
      starting.push(...started);
      return (await Promise.all(started)) as never;
    },
    createEndpoint: (worker, input) =>
      worker.call<Endpoint>('endpoints.create', { url: receiver.url, ...input }),
    async [Symbol.asyncDispose]() {
      const all = await Promise.allSettled(starting);
      const started = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      await Promise.all(started.map((worker) => worker.kill()));
      await receiver.close();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** All deliveries of the store, newest first. */
export async function listDeliveries(worker: WorkerProcess): Promise<readonly Delivery[]> {
  const all: Delivery[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<Delivery> = await worker.call('deliveries.list', {
      limit: 500,
      ...(cursor !== undefined && { cursor }),
    });
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}

/** The delivery of a message that has one. */
export async function deliveryOf(worker: WorkerProcess, messageId: string): Promise<DeliveryWithAttempts> {
  const { items } = await worker.call<Page<Delivery>>('deliveries.list', { messageId });
  if (items.length !== 1) throw new Error(`expected one delivery, found ${JSON.stringify(items)}`);
  return worker.call('deliveries.get', items[0]!.id);
}
