import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookDispatcher } from 'posthorn';
import { isPosthornError } from 'posthorn';
import type { Ledger } from './ledger.ts';

export interface Load {
  readonly dispatcher: WebhookDispatcher;
  readonly producer: WebhookDispatcher;
  readonly origin: string;
  readonly ledger: Ledger;
  /** Epoch ms. */
  readonly endAt: number;
  readonly onSecond: () => void;
}

const CALLERS = 12;
/** All get every event, but those that take their time: they must be able to keep up, or nothing would ever be steady. */
const PATHS = ['ok', 'flaky', 'down', 'redirects'];
const SLOW_PATHS = ['slow', 'hangs', 'resets', 'endless', 'busy'];

/** Emits, and disturbs, until the end. */
export async function runLoad(load: Load): Promise<void> {
  const { dispatcher, origin, ledger } = load;
  for (const path of PATHS)
    await dispatcher.endpoints.create({ url: `${origin}/${path}`, events: ['job.*'] });
  for (const path of SLOW_PATHS)
    await dispatcher.endpoints.create({ url: `${origin}/${path}`, events: ['job.failed'], concurrency: 40 });
  await dispatcher.endpoints.create({ url: `${origin}/ok/fifo`, events: ['job.failed'], ordering: 'fifo' });
  const held = await dispatcher.endpoints.create({ url: `${origin}/ok/held`, events: ['rare.*'] });
  await dispatcher.endpoints.pause(held.id);
  ledger.held.add(held.id);
  const callers = Array.from({ length: CALLERS }, (_, caller) => call(load, caller));
  await Promise.all([...callers, listen(load), disturb(load)]);
}

async function call({ dispatcher, producer, ledger, endAt }: Load, caller: number): Promise<void> {
  for (let n = 0; Date.now() < endAt; n += 1) {
    const sender = n % 10 === 9 ? producer : dispatcher;
    const type = n % 7 === 0 ? 'job.failed' : 'job.done';
    await sender.emit(type, { caller, n, text: 'x'.repeat(n % 500) }, { orderingKey: `key-${n % 20}` });
    ledger.emitted();
    await sleep(50 + ((n * 37) % 100));
  }
}

/** Events of a source that does not wait. */
async function listen({ dispatcher, ledger, endAt }: Load): Promise<void> {
  while (Date.now() < endAt) {
    const source = new EventEmitter();
    const detach = dispatcher.attach(source, { events: ['job.done'] });
    for (let n = 0; n < 5; n += 1) {
      source.emit('job.done', { n });
      ledger.emitted();
    }
    await sleep(500);
    detach();
    if (source.listenerCount('job.done') > 0) throw new Error('a listener was left after detach');
  }
}

/** Once a second, something that people do. */
async function disturb(load: Load): Promise<void> {
  const { dispatcher, origin, ledger, endAt, onSecond } = load;
  for (let second = 1; Date.now() < endAt; second += 1) {
    onSecond();
    const { id } = await dispatcher.endpoints.create({ url: `${origin}/ok/passing`, events: ['job.*'] });
    await sleep(300);
    await dispatcher.endpoints.update(id, { url: `${origin}/slow/passing`, concurrency: 1 });
    await sleep(300);
    if (second % 3 === 0) await dispatcher.endpoints.update(id, { status: 'disabled' });
    await sleep(300);
    await dispatcher.endpoints.remove(id);
    if (second % 5 === 0) await retryAndCancel(load);
    if (second % 7 === 0) await replayAndRotate(load, second);
    await sendToAddresses(load, second);
    if (second % 10 === 0) {
      await dispatcher.emit('rare.event', second);
      ledger.emitted();
    }
    if (second % 20 === 0) {
      await dispatcher.pause({ whilePaused: second % 40 === 0 ? 'discard' : 'hold' });
      await sleep(200);
      await dispatcher.resume();
    }
  }
}

async function retryAndCancel({ dispatcher, ledger }: Load): Promise<void> {
  const { items: exhausted } = await dispatcher.deliveries.list({ states: ['exhausted'], limit: 20 });
  for (const { id } of exhausted) {
    if (await survivesRetention(dispatcher.deliveries.retry(id))) ledger.reopened(1);
  }
  const { items: waiting } = await dispatcher.deliveries.list({ states: ['scheduled'], limit: 20 });
  for (const { id, endpointId } of waiting) {
    if (!ledger.held.has(endpointId)) await survivesRetention(dispatcher.deliveries.cancel(id));
  }
}

/** A URL for each job, as if its customer had given it: each a hidden endpoint, all in one lane. */
async function sendToAddresses({ dispatcher, origin, ledger }: Load, second: number): Promise<void> {
  for (const path of ['ok', 'flaky', 'down']) {
    const to = { url: `${origin}/${path}/job-${second}`, concurrency: 20 };
    await dispatcher.emit('address.given', { second }, { to });
    ledger.emitted();
  }
}

async function replayAndRotate({ dispatcher, origin, ledger }: Load, second: number): Promise<void> {
  const { id } = await dispatcher.endpoints.create({ url: `${origin}/ok/late`, events: ['job.failed'] });
  const since = Date.now() - 2_000;
  const again = await dispatcher.replay({ endpointId: id, since });
  const failed = await dispatcher.replay({ states: ['exhausted'], types: ['job.*'], since });
  ledger.reopened(again.created + again.retried + failed.retried);
  await dispatcher.endpoints.rotateSecret(id, {
    graceMs: 500,
    switchAt: second % 2 === 0 ? 'now' : 'graceEnd',
  });
  await dispatcher.stats({ endpointId: id, since, bucketMs: 1_000 });
  await dispatcher.explain('job.failed', { second });
  await dispatcher.endpoints.remove(id);
}

/** The store may let go of a finished message between the list and the call. */
async function survivesRetention(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (isPosthornError(error) && error.code === 'not_found') return false;
    throw error;
  }
}
