/**
 * `npm run test:soak [-- --minutes 10]`: mixed load on one process, with receivers that fail in every way, while
 * endpoints come, go, pause and are replayed. Ends by itself. Red when the heap grows, when a handle is left, or when
 * emitted = succeeded + exhausted + discarded + failed + waiting does not hold to the last delivery.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memoryStore, WebhookDispatcher } from 'posthorn';
import { createHeapWatch } from './heap-watch.ts';
import { createLedger } from './ledger.ts';
import { runLoad } from './load.ts';

/** Small, so that a steady state is reached soon: from then on every new message pushes out a finished one. */
const MAX_MESSAGES = 10_000;
const DRAIN_LIMIT_MS = 60_000;
const END_LIMIT_MS = 10_000;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 60))
  throw new Error(`--minutes: expected more than 0, at most 60, got ${values.minutes}`);
if (globalThis.gc === undefined) throw new Error('run it as npm run test:soak: it needs --expose-gc');

const receivers = fork(fileURLToPath(new URL('receivers.ts', import.meta.url)), {
  execArgv: ['--import', 'tsx'],
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
const [{ origin }] = (await once(receivers, 'message')) as [{ origin: string }];

const store = memoryStore({ maxMessages: MAX_MESSAGES });
const common = { store, network: { allowPrivate: ['127.0.0.0/8'] }, timeoutMs: 500, breaker: false } as const;
const dispatcher = new WebhookDispatcher({ ...common, retry: { kind: 'schedule', delaysMs: [100, 400] } });
const producer = new WebhookDispatcher({ ...common, deliver: false });
const ledger = createLedger([dispatcher, producer]);
const heap = createHeapWatch();

await runLoad({
  dispatcher,
  producer,
  origin,
  ledger,
  endAt: Date.now() + minutes * 60_000,
  onSecond: heap.sample,
});

const drainedBy = Date.now() + DRAIN_LIMIT_MS;
let waiting = await ledger.waiting(dispatcher);
while (waiting.other > 0 && Date.now() < drainedBy) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  waiting = await ledger.waiting(dispatcher);
}
const problems = [...ledger.problems(waiting), ...heap.problems()];
await producer.stop();
await dispatcher.stop();
const ended = once(receivers, 'exit');
receivers.disconnect();
await ended;
// Its handle is closed at the end of a turn.
for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));

const left = process
  .getActiveResourcesInfo()
  .filter((name) => !['TTYWrap', 'PipeWrap', 'FSReqPromise'].includes(name));
if (left.length > 0) problems.push(`handles are left: ${left.join(', ')}`);
console.log(
  JSON.stringify({ minutes, ...ledger.counts(), waiting, heap: heap.report(), problems }, undefined, 2),
);
console.log(`${ledger.sentence(waiting)}; ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
setTimeout(() => {
  console.error(`the process does not end by itself: ${process.getActiveResourcesInfo().join(', ')}`);
  process.exit(1);
}, END_LIMIT_MS).unref();
