import { describe, expect, it } from 'vitest';
import type { Destination } from '../../src/core/destination.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { RecipientInput } from '../../src/engine/recipients.ts';
import { ConflictError, NotFoundError, OptionsError } from '../../src/errors.ts';
import { createReceiver } from '../../src/listener/recording-receiver.ts';
import { verifyRequest } from '../../src/listener/verify-request.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createHarness } from '../../src/testing/harness.ts';
import {
  allDeliveries,
  createWorld,
  decorateStore,
  onlyDelivery,
  recordEvents,
  until,
} from '../support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Emits one message to one destination; the hidden endpoint that it went to. */
async function emitTo(
  dispatcher: WebhookDispatcher,
  to: RecipientInput,
  data: unknown = {},
): Promise<string> {
  const { deliveries } = await dispatcher.emit('job.done', data, { to });
  return deliveries[0]!.endpointId;
}

describe('emit to a destination', () => {
  it('sends to the URL that came with the message, unsigned, though nothing is registered', async () => {
    await using harness = await createHarness();
    const { id, deliveries } = await harness.dispatcher.emit(
      'job.done',
      { n: 1 },
      { to: { url: harness.receiver.urlOf('/jobs/1?token=t') } },
    );
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.path).toBe('/jobs/1?token=t');
    expect(request!.json()).toMatchObject({ type: 'job.done', data: { n: 1 } });
    expect(request!.headers).toMatchObject({ 'webhook-id': id });
    expect(request!.headers).not.toHaveProperty('webhook-signature');
    expect(deliveries).toEqual([{ id: expect.any(String), endpointId: expect.stringMatching(/^adhoc_/) }]);
    expect(await harness.deliveriesTo(deliveries[0]!.endpointId)).toMatchObject([
      { id: deliveries[0]!.id, state: 'succeeded', attempts: 1 },
    ]);
  });

  it('follows the settings of the destination, and those of the dispatcher for the rest', async () => {
    await using harness = await createHarness({
      dispatcher: { headers: { 'x-team': 'print' }, retry: 'once' },
    });
    harness.receiver.always(500);
    const url = new URL(harness.receiver.url);
    const endpointId = await emitTo(harness.dispatcher, {
      url,
      secret: SECRET,
      envelope: 'raw',
      headers: { 'x-job': '7' },
    });
    await harness.advance(HOUR);
    expect(harness.receiver.received).toBe(1);
    const [request] = harness.receiver.requests;
    expect(request!.text).toBe('{}');
    expect(request!.headers).toMatchObject({ 'x-team': 'print', 'x-job': '7' });
    const now = harness.clock.now() - HOUR;
    expect(verifyRequest(request!, { secret: SECRET, now: () => now })).toEqual({ ok: true });
    expect(await harness.deliveriesTo(endpointId)).toMatchObject([{ state: 'exhausted' }]);
  });

  it('takes endpoints and destinations in one list, one delivery to each', async () => {
    await using harness = await createHarness();
    const { receiver, dispatcher } = harness;
    const { id } = await harness.createEndpoint({ url: receiver.urlOf('/registered'), events: ['nothing'] });
    const one = { url: receiver.urlOf('/one') };
    const to = [one, id, { url: receiver.urlOf('/two') }, { ...one }, id];
    const { deliveries } = await dispatcher.emit('job.done', {}, { to });
    expect(deliveries).toHaveLength(3);
    await dispatcher.emit('job.done', {}, { to: id });
    await harness.advance(0);
    const paths = receiver.requests.map(({ path }) => path).sort();
    expect(paths).toEqual(['/one', '/registered', '/registered', '/two']);
  });

  it('takes the same settings for the same destination, however they are written', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const url = receiver.urlOf('/jobs');
    const spellings: Destination[] = [
      { url, name: 'a', retry: 'once', headers: { a: '1', b: '2' } },
      { headers: { b: '2', a: '1' }, retry: 'once', name: 'a', url: new URL(url), concurrency: undefined },
      { url: url.replace('http:', 'HTTP:'), name: 'a', retry: 'once', headers: { a: '1', b: '2' } },
    ];
    const ids = new Set<string>();
    for (const to of spellings) ids.add(await emitTo(dispatcher, to));
    expect(ids.size).toBe(1);
    const others: Destination[] = [
      { url, name: 'b', retry: 'once', headers: { a: '1', b: '2' } },
      { url, name: 'a', retry: 'once', headers: { a: '1', b: '3' } },
      { url, name: 'a', retry: 'once', headers: { a: '1', b: '2' }, secret: SECRET },
      { url: `${url}/`, name: 'a', retry: 'once', headers: { a: '1', b: '2' } },
    ];
    for (const to of others) ids.add(await emitTo(dispatcher, to));
    expect(ids.size).toBe(5);
    const { deliveries } = await dispatcher.emit('job.done', {}, { tenant: 'acme', to: spellings[0] });
    expect(ids).not.toContain(deliveries[0]!.endpointId);
  });

  it('keeps what was given, whatever happens to the object afterwards', async () => {
    await using harness = await createHarness();
    const { receiver, dispatcher } = harness;
    const destination = { url: receiver.urlOf('/one'), headers: { 'x-job': '1' } };
    const to = [destination];
    const emitted = dispatcher.emit('job.done', {}, { to });
    destination.headers['x-job'] = '2';
    destination.url = receiver.urlOf('/two');
    to.pop();
    await emitted;
    await harness.advance(0);
    expect(receiver.requests.map(({ path, headers }) => [path, headers['x-job']])).toEqual([['/one', '1']]);
  });

  it('goes on after a restart, with nothing but the store', async () => {
    await using world = await createWorld();
    world.receiver.always(503);
    const functions = { header: { shout: (): string => 'HEY' } };
    const first = world.start({ functions });
    const to = {
      url: world.receiver.urlOf('/jobs/1'),
      secret: SECRET,
      computedHeaders: { 'x-shout': 'shout' },
    };
    const endpointId = await emitTo(first, to);
    await world.advance(0);
    await first.stop();
    world.receiver.always(200);
    const second = world.start({ functions });
    await second.start();
    await world.advance(HOUR);
    const requests = await world.receiver.waitFor(2);
    expect(requests[1]!.path).toBe('/jobs/1');
    expect(requests[1]!.headers['x-shout']).toBe('HEY');
    expect(
      verifyRequest(requests[1]!, { secret: SECRET, toleranceMs: 2 * HOUR, now: () => world.clock.now() }).ok,
    ).toBe(true);
    expect(await onlyDelivery(second)).toMatchObject({ state: 'succeeded', attempts: 2, endpointId });
    expect(await emitTo(second, to)).toBe(endpointId);
  });

  it('is sent by the processes that deliver when the one that emits does not', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    await world.start().start();
    const receipt = await producer.emit('job.done', {}, { to: { url: world.receiver.urlOf('/far') } });
    expect(receipt.deliveries).toHaveLength(1);
    const [request] = await world.receiver.waitFor(1);
    expect(request!.path).toBe('/far');
    await world.advance(0);
    expect(await onlyDelivery(producer)).toMatchObject({ state: 'succeeded' });
  });

  it('stores nothing when one of several is wrong', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const good = { url: world.receiver.url };
    await expect(dispatcher.emit('job.done', {}, { to: [good, { url: 'no' }] })).rejects.toThrow(
      OptionsError,
    );
    await expect(dispatcher.emit('job.done', {}, { to: [good, 'ep_none'] })).rejects.toThrow(NotFoundError);
    const id = await emitTo(dispatcher, good);
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
    expect((await dispatcher.messages.list()).items).toHaveLength(1);
    await expect(dispatcher.emit('job.done', {}, { to: id })).rejects.toThrow(
      /Give its URL and settings again/,
    );
  });

  it('is part of what an idempotency key stands for', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const emit = (path: string): ReturnType<typeof dispatcher.emit> =>
      dispatcher.emit('job.done', 1, { idempotencyKey: 'k', to: { url: receiver.urlOf(path) } });
    const first = await emit('/one');
    expect(await emit('/one')).toEqual({ ...first, duplicate: true });
    await expect(emit('/two')).rejects.toThrow(ConflictError);
    await harness.advance(0);
    expect(receiver.received).toBe(1);
  });

  it('shows in events and errors by its masked URL, without its secrets', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(404);
    const events = recordEvents(dispatcher, 'delivery.exhausted', 'delivery.retrying', 'error');
    const token = 'tokentokentokentokentoken';
    const to = {
      url: receiver.urlOf(`/${token}?key=${token}`),
      secret: SECRET,
      name: 'job 7',
      retry: 'once',
    } as const;
    const endpointId = await emitTo(dispatcher, to);
    await harness.advance(0);
    expect(events).toHaveLength(1);
    expect(events[0]!.event).toMatchObject({
      endpoint: { id: endpointId, name: 'job 7', url: `${new URL(receiver.url).origin}/…?…` },
    });
    const shown = JSON.stringify([events, await dispatcher.health(), await allDeliveries(dispatcher)]);
    expect(shown).not.toContain(token);
    expect(shown).not.toContain(SECRET.slice(6));
  });

  it('warns of a short secret once per destination', async () => {
    const warnings: string[] = [];
    const nothing = (): void => undefined;
    const logger = {
      debug: nothing,
      info: nothing,
      error: nothing,
      warn: (_: object, text: string) => void warnings.push(text),
    };
    await using harness = await createHarness({ dispatcher: { logger } });
    const to = { url: harness.receiver.url, signatures: ['github'], secret: 'short' } as const;
    for (let n = 0; n < 3; n += 1) await emitTo(harness.dispatcher, to);
    await emitTo(harness.dispatcher, { ...to, url: new URL(to.url) });
    const short = warnings.filter((text) => text.includes('5 bytes'));
    expect(short).toHaveLength(1);
    expect(short[0]).not.toContain("short'");
  });
});

describe('a hidden endpoint', () => {
  it('is in no list, can be read, and cannot be changed', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const { endpoints } = dispatcher;
    const { id: registered } = await harness.createEndpoint();
    const id = await emitTo(dispatcher, { url: receiver.url, secret: SECRET, metadata: { job: 7 } });
    await harness.advance(0);
    expect((await endpoints.list()).items.map((endpoint) => endpoint.id)).toEqual([registered]);
    expect((await dispatcher.health()).endpoints).toBe(1);
    const endpoint = await endpoints.get(id);
    expect(endpoint).toMatchObject({ id, hidden: true, events: [], metadata: { job: 7 }, succeeded: 1 });
    expect(JSON.stringify(endpoint)).not.toContain(SECRET.slice(6));
    for (const call of [
      endpoints.update(id, { name: 'x' }),
      endpoints.pause(id),
      endpoints.resume(id),
      endpoints.remove(id),
      endpoints.test(id),
    ]) {
      const error: unknown = await call.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'invalid_option', message: expect.stringContaining(id) });
    }
    await expect(endpoints.create({ url: receiver.url, id: 'adhoc_mine' })).rejects.toThrow(
      /Choose another id/,
    );
  });

  it('discards the delivery that was answered with 410, and is not disabled by it', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const events = recordEvents(dispatcher, 'endpoint.disabled', 'delivery.discarded');
    receiver.reply(410);
    const to = { url: receiver.url };
    const id = await emitTo(dispatcher, to);
    await harness.advance(0);
    expect(events).toMatchObject([{ name: 'delivery.discarded', event: { reason: 'gone' } }]);
    await emitTo(dispatcher, to);
    await harness.advance(0);
    const states = (await harness.deliveriesTo(id)).map(({ state, reason }) => [state, reason]);
    expect(states).toEqual([
      ['discarded', 'gone'],
      ['succeeded', undefined],
    ]);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled' });
  });

  it('can be retried and cancelled by its deliveries', async () => {
    await using world = await createWorld();
    world.receiver.always(500);
    const first = world.start({ retry: 'once' });
    await emitTo(first, { url: world.receiver.url });
    await world.advance(0);
    await first.stop();
    const second = world.start({ retry: 'once' });
    const events = recordEvents(second, 'delivery.discarded');
    const { id } = await onlyDelivery(second);
    await second.deliveries.retry(id);
    await world.advance(0);
    expect(world.receiver.received).toBe(2);
    world.receiver.always({ status: 500, headers: { 'retry-after': '60' } });
    await second.deliveries.retry(id);
    await world.advance(0);
    await second.deliveries.retry(id);
    await second.deliveries.cancel(id);
    expect(events).toMatchObject([
      { event: { reason: 'cancelled', endpoint: { url: expect.stringContaining('127.0.0.1') as string } } },
    ]);
  });

  it('is called by its masked URL when another process gives its delivery up', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    const endpointId = await emitTo(producer, { url: world.receiver.urlOf('/jobs/1') });
    for (let crash = 0; crash <= 5; crash += 1) {
      await world.store.claimDue({
        limit: 1,
        leaseMs: 1_000,
        owner: 'killed',
        lease: `killed-${crash}`,
        perLane: 1,
        freeSlots: new Map(),
        maxRescues: 5,
      });
      await world.clock.advance(1_000);
    }
    const consumer = world.start();
    const events = recordEvents(consumer, 'delivery.failed');
    await consumer.start();
    await world.advance(0);
    expect(await onlyDelivery(consumer)).toMatchObject({ state: 'failed', reason: 'crash_loop' });
    expect(events).toMatchObject([
      { event: { endpoint: { id: endpointId, url: world.receiver.urlOf('/jobs/1') } } },
    ]);
  });

  it('leaves with its last delivery, and comes back when it is used again', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const to = { url: world.receiver.url };
    const id = await emitTo(dispatcher, to);
    await world.advance(0);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ succeeded: 1 });
    await world.advance(8 * DAY);
    await expect(dispatcher.endpoints.get(id)).rejects.toThrow(NotFoundError);
    expect(await emitTo(dispatcher, to)).toBe(id);
    await world.advance(0);
    expect(world.receiver.received).toBe(2);
    expect(await dispatcher.endpoints.get(id)).toMatchObject({ succeeded: 1 });
  });

  it('does not pile up: a store with room for few messages has room for few of them', async () => {
    await using world = await createWorld({ store: memoryStore({ maxMessages: 20 }) });
    const dispatcher = world.start();
    const ids: string[] = [];
    for (let n = 0; n < 200; n += 1) {
      ids.push(await emitTo(dispatcher, { url: world.receiver.urlOf(`/jobs/${n}`) }));
      if (n % 10 === 9) await world.advance(0);
    }
    expect(world.receiver.received).toBe(200);
    const stored = await Promise.all(ids.map((id) => world.store.endpoints.get({ id })));
    expect(stored.filter((endpoint) => endpoint !== undefined)).toHaveLength(20);
    expect(new Set(stored.map((endpoint) => endpoint?.record.lane)).size).toBe(2);
  });

  it('is sent when retention took it between the emit and the write', async () => {
    await using world = await createWorld();
    let isFirst = true;
    const store = decorateStore(world.store, {
      append: async (params) => {
        if (!isFirst)
          await world.store.prune({ retention: { succeededMs: 0, unsuccessfulMs: 0 }, budgetMs: 100 });
        isFirst = false;
        return world.store.append(params);
      },
    });
    const dispatcher = world.start({ store });
    const to = { url: world.receiver.url };
    await emitTo(dispatcher, to);
    await world.advance(1);
    const id = await emitTo(dispatcher, to);
    await world.advance(0);
    expect(world.receiver.received).toBe(2);
    expect(await onlyDelivery(dispatcher)).toMatchObject({ state: 'succeeded', endpointId: id });
  });
});

describe('destinations of one origin', () => {
  it('share one concurrency, and leave other tenants and origins theirs', async () => {
    await using world = await createWorld();
    await using other = await createReceiver();
    const dispatcher = world.start();
    world.receiver.hold();
    const urls = [1, 2, 3, 4, 5].map((n) => world.receiver.urlOf(`/jobs/${n}`));
    for (const url of urls) await emitTo(dispatcher, { url, concurrency: 2 });
    await world.receiver.waitFor(2);
    await emitTo(dispatcher, { url: other.urlOf('/jobs/1'), concurrency: 2 });
    await other.waitFor(1);
    expect(world.receiver.received).toBe(2);
    await dispatcher.emit('job.done', {}, { tenant: 'acme', to: { url: urls[0]!, concurrency: 2 } });
    await emitTo(dispatcher, { url: urls[0]!, concurrency: 3 });
    await world.receiver.waitFor(4);
    expect((await dispatcher.health()).inFlight).toBe(4);
    world.receiver.release();
    await world.advance(0);
    expect(world.receiver.received).toBe(7);
    expect((await allDeliveries(dispatcher)).every(({ state }) => state === 'succeeded')).toBe(true);
  });

  it('share their concurrency after a restart too', async () => {
    await using world = await createWorld();
    const first = world.start({ deliver: false });
    for (let n = 0; n < 8; n += 1)
      await emitTo(first, { url: world.receiver.urlOf(`/jobs/${n}`), concurrency: 3 });
    await first.stop();
    world.receiver.hold();
    await world.start().start();
    await world.receiver.waitFor(3);
    await world.advance(0);
    expect([world.receiver.received, world.receiver.held]).toEqual([3, 3]);
    world.receiver.release();
    await world.advance(0);
    expect(world.receiver.received).toBe(8);
  });

  it('all wait when one of them is told to by Retry-After', async () => {
    await using world = await createWorld();
    await using other = await createReceiver();
    const dispatcher = world.start();
    world.receiver.on('/jobs/1').reply({ status: 503, headers: { 'retry-after': '600' } });
    await emitTo(dispatcher, { url: world.receiver.urlOf('/jobs/1') });
    await world.advance(0);
    expect(world.receiver.received).toBe(1);
    const id = await emitTo(dispatcher, { url: world.receiver.urlOf('/jobs/2'), name: 'another' });
    await emitTo(dispatcher, { url: other.url });
    await dispatcher.emit('job.done', {}, { tenant: 'acme', to: { url: world.receiver.urlOf('/jobs/3') } });
    await world.advance(0);
    expect(world.receiver.requests.map(({ path }) => path)).toEqual(['/jobs/1', '/jobs/3']);
    expect(other.received).toBe(1);
    expect((await dispatcher.endpoints.get(id)).blockedUntil).toBeGreaterThan(world.clock.now());
    await world.advance(11 * MINUTE);
    expect(world.receiver.received).toBe(4);
    expect((await allDeliveries(dispatcher)).every(({ state }) => state === 'succeeded')).toBe(true);
  });

  it('share one rate', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ rateLimit: { limit: 3, intervalMs: MINUTE } });
    for (let n = 0; n < 7; n += 1) await emitTo(dispatcher, { url: world.receiver.urlOf(`/jobs/${n}`) });
    await world.advance(0);
    expect(world.receiver.received).toBe(3);
    await world.advance(MINUTE);
    expect(world.receiver.received).toBe(6);
    await world.advance(MINUTE);
    expect(world.receiver.received).toBe(7);
  });

  it('share the requests that may be in flight over all processes', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    world.receiver.hold();
    for (let n = 0; n < 5; n += 1)
      await emitTo(dispatcher, { url: world.receiver.urlOf(`/jobs/${n}`), maxConcurrencyTotal: 2 });
    await world.receiver.waitFor(2);
    await world.advance(1_000);
    expect(world.receiver.received).toBe(2);
    world.receiver.release();
    await dispatcher.drain();
    expect(world.receiver.received).toBe(5);
  });

  it('keep their order each by itself: one that fails does not hold the others up', async () => {
    await using world = await createWorld();
    const dispatcher = world.start({ ordering: 'fifo' });
    world.receiver.on('/jobs/1').reply(500);
    const [one, two] = ['/jobs/1', '/jobs/2'].map((path) => ({ url: world.receiver.urlOf(path) }));
    for (const data of ['first', 'second']) {
      await emitTo(dispatcher, [one!, two!], data);
    }
    await world.advance(0);
    const received = (): unknown[] =>
      world.receiver.requests.map((request) => [request.path, (request.json() as { data: string }).data]);
    expect(received().sort()).toEqual([
      ['/jobs/1', 'first'],
      ['/jobs/2', 'first'],
      ['/jobs/2', 'second'],
    ]);
    await world.advance(MINUTE);
    expect(received().slice(3)).toEqual([
      ['/jobs/1', 'first'],
      ['/jobs/1', 'second'],
    ]);
  });
});

describe('a wrong recipient', () => {
  const url = 'https://example.com/hooks';
  const wrong: [RecipientInput, string, RegExp][] = [
    [[], 'to', /at least one recipient/],
    [7 as never, 'to', /expected the id of an endpoint or a destination \{ url: … \}, got 7 \(number\)/],
    [null as never, 'to', /got null/],
    ['https://example.com/hooks', 'to', /got a URL; write \{ url: … \}/],
    ['not an id', 'to', /got a string/],
    [new URL(url) as never, 'to', /got a URL; write/],
    [[{ url }, [url] as never], 'to[1]', /got an array of 1/],
    [[{ url }, {} as never], 'to[1].url', /to\[1\]\.url: expected a string/],
    [{ url: 'ftp://example.com' }, 'to.url', /starts with https/],
    [{ url: 'http://10.0.0.1/' }, 'to.url', /private addresses are refused/],
    [[{ url: 'http://169.254.169.254/' }], 'to[0].url', /to\[0\]\.url/],
    [{ url: 'https://user:secretword@example.com' }, 'to.url', /not supported; use auth/],
    [{ url, events: ['*'] } as never, 'to.events', /it gets this one message/],
    [{ url, filter: {} } as never, 'to.filter', /it gets this one message/],
    [{ url, tenant: 'acme' } as never, 'to.tenant', /Give tenant beside to/],
    [{ url, id: 'mine' } as never, 'to.id', /its id follows from its settings/],
    [{ url, status: 'disabled' } as never, 'to.status', /never disabled/],
    [{ url, nmae: 'x' } as never, 'to.nmae', /Did you mean "name"\?/],
    [{ url, description: 'x' } as never, 'to.description', /Unknown key "to\.description"/],
    [{ url, name: 'x'.repeat(257) }, 'to.name', /at most 256/],
    [{ url, metadata: { big: 'x'.repeat(20_000) } }, 'to.metadata', /at most 16384 bytes/],
    [
      [{ url, retry: { kind: 'exponential', maxAttempts: 0, initialDelayMs: 1 } }],
      'to[0].retry.maxAttempts',
      /to\[0\]\.retry/,
    ],
    [{ url, timeoutMs: 0 }, 'to.timeoutMs', /from 1 to 600000/],
    [{ url, headers: { 'content-length': '1' } }, 'to.headers["content-length"]', /content-length/],
    [{ url, headers: { 'webhook-id': '1' } }, 'to.headers["webhook-id"]', /webhook-id/],
    [{ url, envelope: 'unknown' }, 'to.envelope', /unknown/],
    [{ url, shouldRetry: 'unknown' }, 'to.shouldRetry', /registered function/],
    [{ url, secret: 'whsec_short' }, 'to.secret', /to\.secret: expected a secret/],
    [[{ url, secrets: [SECRET, ''] }], 'to[0].secrets[1]', /to\[0\]\.secrets\[1\]/],
    [{ url, secret: SECRET, secrets: [SECRET] }, 'to.secrets', /either secret or secrets/],
  ];

  it('names the place of a cycle, and what is nested too deep', async () => {
    await using harness = await createHarness();
    const { url } = harness.receiver;
    const cycle: Record<string, unknown> = { url };
    cycle['self'] = cycle;
    await expect(emitTo(harness.dispatcher, cycle as never)).rejects.toMatchObject({ path: 'to.self' });
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    const metadata = { deep } as never;
    await expect(emitTo(harness.dispatcher, { url, metadata })).rejects.toThrow(OptionsError);
  });

  it.each(wrong.map(([to, path, message]) => [path, message, to] as const))(
    'is refused at %s: %s',
    async (path, message, to) => {
      await using world = await createWorld();
      const dispatcher = world.start({ network: {} });
      const error: unknown = await dispatcher.emit('job.done', {}, { to }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(OptionsError);
      expect(error).toMatchObject({ path, message: expect.stringMatching(message) as string });
      expect(String(error)).not.toMatch(/secretword|whsec_short/);
      expect((await dispatcher.messages.list()).items).toEqual([]);
    },
  );

  it('is refused again after it looked like a good one', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const good = { url: world.receiver.url, headers: {} };
    await emitTo(dispatcher, good);
    for (const bad of [
      { ...good, shouldRetry: () => true },
      { ...good, headers: new Map([['x-a', 'b']]) },
      { ...good, timeoutMs: NaN },
      { ...good, url: { toJSON: () => good.url } },
    ])
      await expect(emitTo(dispatcher, bad as never)).rejects.toThrow(OptionsError);
  });

  it('is refused for its tenant before anything else happens', async () => {
    await using world = await createWorld();
    const to = { url: world.receiver.url };
    const emitted = world.start().emit('job.done', {}, { to, tenant: '' });
    await expect(emitted).rejects.toMatchObject({ path: 'tenant' });
  });
});

describe('a hidden endpoint', () => {
  it('keeps no other emit waiting while its endpoint is read after a restart', async () => {
    await using world = await createWorld();
    world.receiver.on('/down').always(500);
    const before = world.start();
    await emitTo(before, { url: world.receiver.urlOf('/down') });
    await world.advance(0);
    await before.stop();
    const held: (() => void)[] = [];
    const endpoints = {
      ...world.store.endpoints,
      get: (params: { id: string }) => {
        if (!params.id.startsWith('adhoc_')) return world.store.endpoints.get(params);
        return new Promise<void>((resolve) => held.push(resolve)).then(() =>
          world.store.endpoints.get(params),
        );
      },
    };
    const after = world.start({ store: decorateStore(world.store, { endpoints }) });
    await after.start();
    await world.clock.advance(HOUR);
    await until(() => held.length > 0, 'the endpoint of the destination is read');
    const { url } = world.receiver;
    await after.endpoints.create({ url, events: ['other'] });
    const receipt = await after.emit('other', 1);
    expect(receipt.deliveries).toHaveLength(1);
    await world.receiver.waitFor(2);
    for (const answer of held) answer();
  });

  it('is not taken for a registered endpoint by explain', async () => {
    await using harness = await createHarness();
    const id = await emitTo(harness.dispatcher, { url: harness.receiver.url });
    await harness.dispatcher.explain('job.done', {}, { endpointId: id });
    expect((await harness.dispatcher.health()).endpoints).toBe(0);
    expect((await harness.dispatcher.emit('job.done', 2)).deliveries).toEqual([]);
  });
});

describe('a destination whose scheme has no key', () => {
  it.each(['github', 'standard-ed25519', 'stripe'])(
    'is refused for %s: it would go out unsigned',
    async (name) => {
      await using dispatcher = new WebhookDispatcher();
      const to = { url: 'https://example.com', signatures: [name] };
      await expect(dispatcher.emit('job.done', 1, { to })).rejects.toMatchObject({
        code: 'invalid_option',
        path: 'to.secret',
      });
      const unsigned = { url: 'https://example.com', signatures: ['none'] };
      await expect(dispatcher.emit('job.done', 1, { to: unsigned })).resolves.toBeDefined();
    },
  );
});
