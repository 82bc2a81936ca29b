/** A host that delivers, and says what is alive in it. */
import { getEventListeners } from 'node:events';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { kyTransport, memoryStore, undiciTransport, WebhookDispatcher } from 'posthorn';
import { serveActions } from '../../../../bench/harness/serve-actions.ts';

export type TransportName = keyof typeof TRANSPORTS;

export type DeliveringActions = {
  open: (params: { url: string; transport: TransportName }) => Promise<void>;
  /** Emits so many messages, and waits until all are delivered. */
  deliver: (params: { count: number }) => Promise<void>;
  /** What is alive after a full garbage collection. */
  measure: () => Promise<Alive>;
  stop: () => Promise<void>;
};

export interface Alive {
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** Objects by class, those behind handles that do not keep the process alive included. */
  readonly objects: Readonly<Record<string, number>>;
  /** What keeps the process alive, by type. */
  readonly resources: Readonly<Record<string, number>>;
  /** Listeners of the process, by event. */
  readonly listeners: Readonly<Record<string, number>>;
  /** Names of warnings so far: too many listeners of one object make one. */
  readonly warnings: readonly string[];
}

const TRANSPORTS = { undici: undiciTransport, ky: kyTransport };
const ENDPOINTS = 5;
/** Messages that are emitted and not delivered. */
const MAX_OUTSTANDING = 100;
/** Reached within the warm-up: from then on each new message pushes out an old one. */
const MAX_MESSAGES = 500;
/** Long enough for a machine that is busy with other things, too. */
const TIMEOUT_MS = 1_000;
/** What was destroyed is closed in one of the next turns, and what was collected is told of to its registry: each may leave something else to collect. */
const SETTLING_STEPS = 6;
const SETTLING_STEP_MS = 250;

// Made when somebody first looks: they count from the start.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const CLASSES = {
  // Abort signals are event targets, and abort controllers have one each.
  EventTarget,
  Socket,
  Timeout: clearedTimeout().constructor as new () => unknown,
};

const warnings: string[] = [];
// That of queryObjects is expected; all others are reported, and none is printed.
process.removeAllListeners('warning').on('warning', ({ name }) => {
  if (name !== 'ExperimentalWarning') warnings.push(name);
});

let dispatcher: WebhookDispatcher;
let succeeded = 0;
let onSucceeded = (): void => undefined;
let onLost = (_deliveryId: string): void => undefined;

serveActions({ open, deliver, measure, stop: () => dispatcher.stop() } satisfies DeliveringActions);

function clearedTimeout(): NodeJS.Timeout {
  const timeout = setTimeout(() => undefined, 0);
  clearTimeout(timeout);
  return timeout;
}

async function open({ url, transport }: { url: string; transport: TransportName }): Promise<void> {
  dispatcher = new WebhookDispatcher({
    store: memoryStore({ maxMessages: MAX_MESSAGES }),
    transport: TRANSPORTS[transport](),
    network: { allowPrivate: ['127.0.0.0/8'] },
    timeoutMs: TIMEOUT_MS,
    retry: { kind: 'schedule', delaysMs: [1, 100, 1_000, 5_000, 10_000], jitter: 0 },
    breaker: false,
  });
  dispatcher.on('delivery.succeeded', () => {
    succeeded += 1;
    onSucceeded();
  });
  for (const event of ['delivery.exhausted', 'delivery.discarded', 'delivery.failed'] as const)
    dispatcher.on(event, ({ deliveryId }) => onLost(deliveryId));
  for (let index = 0; index < ENDPOINTS; index += 1)
    await dispatcher.endpoints.create({ url: `${url}/${index}`, events: [`job.${index}`] });
}

async function deliver({ count }: { count: number }): Promise<void> {
  const until = succeeded + count;
  let emitted = succeeded;
  await new Promise<void>((resolve, reject) => {
    const emitMore = (): void => {
      for (; emitted < until && emitted - succeeded < MAX_OUTSTANDING; emitted += 1)
        dispatcher
          .emit(`job.${emitted % ENDPOINTS}`, { number: emitted, text: 'x'.repeat(200) })
          .catch(reject);
      if (succeeded === until) resolve();
    };
    onSucceeded = emitMore;
    onLost = (deliveryId) => reject(new Error(`the delivery ${deliveryId} did not succeed`));
    emitMore();
  });
  onSucceeded = () => undefined;
}

async function measure(): Promise<Alive> {
  for (let step = 0; step < SETTLING_STEPS; step += 1) {
    await sleep(SETTLING_STEP_MS);
    collectGarbage();
  }
  const objects = Object.fromEntries(
    Object.entries(CLASSES).map(([name, type]) => [name, queryObjects(type, { format: 'count' })]),
  );
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return {
    heapBytes: heapUsed,
    externalBytes: external,
    objects,
    resources: countEach(process.getActiveResourcesInfo()),
    listeners: Object.fromEntries(
      process.eventNames().map((name) => [String(name), getEventListeners(process, name as string).length]),
    ),
    warnings,
  };
}

function countEach(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
