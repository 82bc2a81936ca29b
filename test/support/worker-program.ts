/** A dispatcher in a process of its own, driven by lines of JSON. On SIGTERM it stops, and ends. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { systemClock, WebhookDispatcher } from '../../src/index.ts';
import type { Store } from '../../src/store/store.ts';
import { dieInTransaction, type LastEmit } from './die-in-transaction.ts';
import { type CallerName, openApplication } from './outbox-callers.ts';
import { openStore } from './open-store.ts';
import { standStillInTransaction } from './stand-still.ts';
import type { WorkerCall, WorkerLine, WorkerOrder } from './worker-order.ts';
import { decorateStore, LOOPBACK } from './world.ts';

const STDOUT = 1;
/** Emits of `emitMany` that wait for the store at once. */
const EMITTERS = 100;

const order = JSON.parse(process.argv[2]!) as WorkerOrder;
const { clockAheadMs = 0 } = order;
const dispatcher = new WebhookDispatcher({
  network: LOOPBACK,
  userAgent: order.name,
  logger: { debug() {}, info() {}, warn() {}, error: (...line: unknown[]) => console.error(...line) },
  ...order.dispatcher,
  clock: { ...systemClock, now: () => systemClock.now() + clockAheadMs },
  store: hang(countCalls(sayOwner(openStore(order.location, order.store)))),
});
const emitted: string[] = [];
let isStopping = false;
let callsUnderWay = 0;
let isToFreeze = false;

/** Calls that are not methods of the dispatcher. */
const own: Readonly<Record<string, (...args: never[]) => unknown>> = {
  emitMany,
  emitInOrder,
  emitForever,
  /** Ids of the emits of this process that have resolved. */
  emitted: () => emitted,
  /** The whole process stands still as soon as it has no call of the store under way, and so holds nobody up, until SIGCONT. */
  freeze: () => {
    isToFreeze = true;
    setImmediate(freezeIfIdle);
  },
  /** Emits in a transaction of the application, committed. */
  emitInTransaction: async (caller: CallerName, type: string, data: unknown) => {
    const application = await openApplication(caller, order.location);
    return application.transaction(async ({ transaction }) => {
      const { id } = await dispatcher.emit(type, data, { transaction });
      return id;
    });
  },
  standStillInTransaction: () => standStillInTransaction(() => say({ said: 'stands still' })),
  dieInTransaction: (last: LastEmit) => dieInTransaction(dispatcher, order.location, last),
  /** Emits in transactions of the application, one after the other. */
  emitInTransactions: async (caller: CallerName, count: number, type: string) => {
    await using application = await openApplication(caller, order.location);
    const ids: string[] = [];
    while (ids.length < count) {
      const data = { number: ids.length };
      const emit = application.transaction(({ transaction }) => dispatcher.emit(type, data, { transaction }));
      ids.push((await emit).id);
    }
    return ids;
  },
};

process.once('SIGTERM', () => void stop());
await dispatcher.start();
const lines = createInterface({ input: process.stdin }).on('line', (line) => {
  void answer(JSON.parse(line) as WorkerCall);
});
say({ said: 'started' });

async function answer({ id, method, args }: WorkerCall): Promise<void> {
  try {
    const value: unknown = await (own[method] ?? methodOf(method))(...(args as never[]));
    say({ id, value });
  } catch (error) {
    const { name, message, code } = error as Error & { code?: string };
    say({ id, error: { name, message, ...(code !== undefined && { code }) } });
  }
}

function methodOf(path: string): (...args: never[]) => unknown {
  const names = path.split('.');
  const last = names.pop()!;
  let holder: unknown = dispatcher;
  for (const name of names) holder = (holder as Record<string, unknown>)[name];
  return (...args) => (holder as Record<string, (...args: never[]) => unknown>)[last]!(...args);
}

async function emitMany(count: number, type: string): Promise<void> {
  let tried = 0;
  const emitAll = async (): Promise<void> => {
    while (tried < count) {
      tried += 1;
      const { id } = await dispatcher.emit(type, { number: tried });
      emitted.push(id);
    }
  };
  await Promise.all(Array.from({ length: EMITTERS }, emitAll));
}

/** Each is called after the one before, and stored before it or in one batch with it. The ordering keys take turns. */
async function emitInOrder(
  count: number,
  type: string,
  keys: readonly string[] = [],
): Promise<readonly string[]> {
  const receipts: Promise<{ readonly id: string }>[] = [];
  for (let number = 0; number < count; number += 1) {
    const orderingKey = keys[number % keys.length];
    receipts.push(dispatcher.emit(type, { number }, orderingKey === undefined ? {} : { orderingKey }));
    if (receipts.length % EMITTERS === 0) await receipts.at(-1);
  }
  return (await Promise.all(receipts)).map(({ id }) => id);
}

/** Until the process is told to end. */
function emitForever(type: string): void {
  const emitAll = async (): Promise<void> => {
    while (!isStopping) {
      const receipt = await dispatcher.emit(type, {}).catch(() => undefined);
      if (receipt !== undefined) emitted.push(receipt.id);
    }
  };
  void Promise.all(Array.from({ length: EMITTERS }, emitAll));
}

async function stop(): Promise<void> {
  isStopping = true;
  await dispatcher.stop({ timeoutMs: 0 });
  say({ said: 'stopped', value: emitted });
  lines.close();
  process.stdin.destroy();
}

function freezeIfIdle(): void {
  if (!isToFreeze || callsUnderWay > 0) return;
  isToFreeze = false;
  process.kill(process.pid, 'SIGSTOP');
}

function countCalls(store: Store): Store {
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function' || key === 'watch' || key === 'close') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        callsUnderWay += 1;
        try {
          return await (member as (...args: unknown[]) => unknown).apply(target, args);
        } finally {
          callsUnderWay -= 1;
          freezeIfIdle();
        }
      };
    },
  });
}

function sayOwner(store: Store): Store {
  let isSaid = false;
  return decorateStore(store, {
    claimDue(params) {
      if (!isSaid) say({ said: 'owner', value: params.owner });
      isSaid = true;
      return store.claimDue(params);
    },
  });
}

function hang(store: Store): Store {
  const never = (name: string) => (): Promise<never> => {
    say({ said: `hangs in ${name}` });
    return new Promise(() => {});
  };
  return decorateStore(store, Object.fromEntries((order.hangs ?? []).map((name) => [name, never(name)])));
}

/** All of it before anything else happens: a long line goes into the pipe in parts, as the parent takes them out. */
function say(line: WorkerLine): void {
  let rest: Uint8Array = Buffer.from(`${JSON.stringify(line)}\n`);
  while (rest.length > 0) rest = rest.subarray(writePart(rest));
}

function writePart(bytes: Uint8Array): number {
  try {
    return writeSync(STDOUT, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}
