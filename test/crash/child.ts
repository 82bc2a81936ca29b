/** One process of a round: emits under load until it is killed, or delivers what another one left behind. */
import { subscribe } from 'node:diagnostics_channel';
import type { Transport } from '../../src/transport/transport.ts';
import type { Store } from '../../src/store/store.ts';
import { undiciTransport, WebhookDispatcher } from '../../src/index.ts';
import { forever, Gate, say } from './child-gate.ts';
import type { Hold } from './hold.ts';
import { holdFiles } from './hold-files.ts';
import { holdStatements } from './hold-statements.ts';
import { openStore } from './open-store.ts';
import { HELD_PATH } from './receiver.ts';
import { RunLog } from './run-log.ts';
import { forgetFence, keepTornTails, resolveEarly } from './sabotage.ts';
import { Stillness } from './stillness.ts';
import { watchStore } from './watched-store.ts';
import { type ChildOrder, LEASE_MS } from './windows.ts';

/** Messages that are settled before the window opens. */
const WARM_UP = 60;
const EMITTERS = 20;
/** Most messages that are emitted and not settled. */
const MAX_OPEN = 150;
const CHECK_MS = 20;
const PAGE = 500;
const RETRY_MS = 50;
/** The same, where all of them are to be leased when the process is frozen. */
const MAX_LEASED = 30;
/** Messages that are never finished while retention works: their rows have to be written again. */
const UNFINISHED = 5;

const order = JSON.parse(process.argv[2]!) as ChildOrder;
const log = new RunLog(order.logFile, order.run);
const gate = new Gate();
let tried = 0;
let settled = 0;
let isStopped = false;

const stillness = new Stillness();
const store = openSabotaged();
const dispatcher = new WebhookDispatcher({
  store: watched(order.task === 'lost-lease' ? stillness.over(store) : store),
  transport: watchedTransport(undiciTransport()),
  deliver: order.task !== 'own',
  network: { allowPrivate: ['127.0.0.0/8'] },
  leaseMs: LEASE_MS,
  pollIntervalMs: 50,
  concurrency: 40,
  retry: { kind: 'schedule', delaysMs: new Array<number>(50).fill(RETRY_MS) },
  logger: { debug() {}, info() {}, warn() {}, error: (...line: unknown[]) => console.error(...line) },
});
dispatcher.on('delivery.succeeded', ({ message: { id } }) => {
  log.settled(id);
  settled += 1;
});
if (order.task === 'mid-request')
  subscribe('undici:request:bodySent', () => {
    if (gate.isArmed) gate.reach();
  });

if (order.task === 'own') await own();
else if (order.task === 'recover' || order.task === 'take-over') await recover();
else await load();

/** The others reach the folder through it. */
async function own(): Promise<void> {
  await dispatcher.start();
  say('owning');
}

async function load(): Promise<void> {
  if (order.task === 'open') gate.armAtOnce();
  else await createEndpoint();
  if (order.task === 'retention') await emitUnfinished();
  const emitting = Array.from({ length: EMITTERS }, () => emitAll());
  await until(() => settled >= WARM_UP);
  if (order.task === 'idle') {
    isStopped = true;
    await Promise.all(emitting);
    await until(() => settled === tried);
    return gate.reach();
  }
  await gate.arm();
  if (order.task === 'retention') await pruneAll();
}

async function emitAll(): Promise<void> {
  while (!isStopped) {
    const limit = order.task === 'lost-lease' ? MAX_LEASED : MAX_OPEN;
    if (tried - settled >= limit) {
      await until(() => tried - settled < limit || isStopped);
      continue;
    }
    // Without an endpoint: while the store is being opened there can be none.
    await emitOne(order.task === 'open' ? { url: order.receiverUrl } : undefined);
  }
}

async function emitOne(to: { url: string } | undefined): Promise<void> {
  tried += 1;
  const id = `${order.run}_${tried}`;
  log.tried(id);
  await dispatcher.emit('crash.round', { id, filler: 'x'.repeat(200) }, { id, to });
  log.emitted(id);
}

async function emitUnfinished(): Promise<void> {
  const to = { url: new URL(HELD_PATH, order.receiverUrl).href };
  for (let count = 0; count < UNFINISHED; count += 1) await emitOne(to);
}

async function createEndpoint(): Promise<void> {
  const { items } = await dispatcher.endpoints.list();
  if (items.length === 0) await dispatcher.endpoints.create({ url: order.receiverUrl });
}

async function pruneAll(): Promise<void> {
  const retention = { succeededMs: 0, unsuccessfulMs: 0 };
  for (;;) {
    await store.prune({ retention, budgetMs: 50 });
    // Else it leaves no turn to anything else once there is nothing to remove.
    await pause();
  }
}

/** Delivers until nothing is open, then says so and ends. */
async function recover(): Promise<void> {
  await dispatcher.start();
  await createEndpoint();
  for (;;) {
    await dispatcher.drain();
    const { byState } = await dispatcher.stats();
    if (byState.scheduled === 0 && byState.sending === 0) break;
    await pause();
  }
  await noteBare();
  say('recovered');
  gate.close();
  await dispatcher.stop();
}

/** Each message was emitted to somebody: a half of it must not be kept. */
async function noteBare(): Promise<void> {
  const bare = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await dispatcher.messages.list({ cursor, limit: PAGE });
    for (const { id } of page.items) bare.add(id);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  do {
    const page = await dispatcher.deliveries.list({ cursor, limit: PAGE });
    for (const { messageId } of page.items) bare.delete(messageId);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  for (const id of bare) log.bare(id);
}

async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await pause();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, CHECK_MS));
}

function openSabotaged(): Store {
  if (order.sabotage === 'keeps-torn-tail') keepTornTails();
  if (order.hold !== undefined) holdIn(order.hold);
  const plain = openStore(order);
  if (order.sabotage === 'resolves-early') return resolveEarly(plain);
  if (order.sabotage === 'no-fence') return forgetFence(plain);
  return plain;
}

/** Stops there, after the window was opened. */
function holdIn(hold: Hold): void {
  const isArmed = (): boolean => gate.isArmed;
  if (hold.kind === 'statement') holdStatements({ words: hold.words, isArmed, reach: () => gate.reach() });
  else holdFiles({ place: hold.place, isArmed, reach: (file) => gate.reach(file) });
}

function watched(plain: Store): Store {
  return watchStore(plain, {
    appending() {
      if (order.task === 'append' && order.hold === undefined && gate.isArmed) gate.reach();
    },
    settle: async () => {
      if (order.task === 'take-over' && !isStopped) {
        isStopped = true;
        await gate.ask('taken');
      }
      if (!gate.isArmed) return;
      if (order.task === 'before-settle') {
        gate.reach();
        await forever();
      }
      if (order.task === 'lost-lease' && !isStopped) {
        isStopped = true;
        // A file that a frozen process is writing is locked until it goes on: there is no lease to lose.
        if (order.store.kind === 'sqlite') await stillness.hold();
        await gate.ask('holding');
        stillness.release();
      }
    },
    settled: () => (isStopped && order.task === 'lost-lease' ? say('written') : undefined),
  });
}

function watchedTransport(plain: Transport): Transport {
  return {
    name: plain.name,
    open: (context) => plain.open(context),
    close: () => plain.close(),
    send(request, onResult) {
      if (order.task !== 'before-send' || !gate.isArmed) return plain.send(request, onResult);
      gate.reach();
      return { abort: () => onResult({ kind: 'failure', reason: 'timeout', detail: 'never sent' }) };
    },
  };
}
