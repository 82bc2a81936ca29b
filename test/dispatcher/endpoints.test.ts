import { describe, expect, it } from 'vitest';
import { ConflictError, NotFoundError, OptionsError } from '../../src/errors.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld, onlyDelivery, recordEvents } from '../support/world.ts';

const URL_OK = 'https://example.com/hooks';
const HOUR = 3_600_000;

describe('endpoints.create', () => {
  it('answers with the record and, this once, its secret', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const created = await endpoints.create({ url: URL_OK, name: 'crm', metadata: { team: 'a' } });
    expect(created).toMatchObject({
      id: expect.stringMatching(/^ep_/),
      url: URL_OK,
      tenant: 'default',
      events: ['**'],
      status: 'enabled',
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      createdAt: world.clock.now(),
      revision: 1,
      paused: false,
      succeeded: 0,
      failed: 0,
    });
    const read = await endpoints.get(created.id);
    expect(read).toEqual(Object.fromEntries(Object.entries(created).filter(([key]) => key !== 'secret')));
    expect(read.secretHints).toEqual([created.secret!.slice(-4)]);
  });

  it('generates no secret with secretPolicy: optional, and sends unsigned', async () => {
    await using harness = await createHarness({ dispatcher: { secretPolicy: 'optional' } });
    expect((await harness.createEndpoint()).secret).toBeUndefined();
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.headers).toMatchObject({ 'webhook-id': expect.any(String) });
    expect(request!.headers).not.toHaveProperty('webhook-signature');
  });

  it('keeps an id of the caller, and refuses it a second time', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    await endpoints.create({ url: URL_OK, id: 'crm-1' });
    await expect(endpoints.create({ url: URL_OK, id: 'crm-1' })).rejects.toThrow(ConflictError);
  });

  it.each([
    ['endpoint.url', {}],
    ['endpoint.url', { url: 'ftp://example.com/' }],
    ['endpoint.url', { url: 'https://user:pw@example.com/' }],
    ['endpoint.events', { events: [] }],
    ['endpoint.events[0]', { events: ['job..done'] }],
    ['endpoint.evnets', { evnets: ['a'] }],
    ['endpoint.secret', { secret: 'not base64!' }],
    ['endpoint.concurrency', { concurrency: 0 }],
    ['endpoint.timeoutMs', { timeoutMs: 0 }],
    ['endpoint.retry', { retry: 'defualt' }],
    ['endpoint.signatures', { signatures: ['standard', 'standard'] }],
    ['endpoint.headers', { headers: { Host: 'x' } }],
    ['endpoint.headers', { headers: { 'Webhook-Id': 'x' } }],
    ['endpoint.headers', { headers: { 'X-A': '1', 'x-a': '2' } }],
    ['endpoint.headers', { headers: { 'Content-Type': 'text/plain' } }],
    ['endpoint.headers', { signatures: ['github'], secret: 'x', headers: { 'X-Hub-Signature-256': 'x' } }],
    ['endpoint.headers', { headers: { 'X-A': '1' }, computedHeaders: { 'x-a': 'attempt' } }],
    ['endpoint.filter', { filter: { jobId: 'x' } }],
    ['endpoint.envelope', { envelope: 'stanadrd' }],
    ['endpoint.rateLimit', { rateLimit: { limit: 0, intervalMs: 1 } }],
  ])('refuses at %s: %j', async (path, input) => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const error: unknown = await endpoints
      .create({ url: URL_OK, ...input } as never)
      .catch((e: unknown) => e);
    if (Object.keys(input).length === 0) return;
    expect(error).toBeInstanceOf(OptionsError);
    expect((error as OptionsError).path.startsWith(path)).toBe(true);
    expect((await endpoints.list()).items).toEqual([]);
  });

  it('suggests the known word next to a wrong one', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    await expect(endpoints.create({ url: URL_OK, evnets: [] } as never)).rejects.toThrow('"events"');
    await expect(endpoints.create({ url: URL_OK, retry: 'defualt' as never })).rejects.toThrow('"default"');
    await expect(endpoints.create({ url: URL_OK, filter: { jobId: 'x' } as never })).rejects.toThrow(
      'data.jobId',
    );
  });

  it('accepts Authorization, X-API-Key and a content-type that repeats the envelope', async () => {
    await using harness = await createHarness();
    const headers = { Authorization: 'Bearer t', 'X-API-Key': 'k', 'content-type': 'Application/JSON' };
    await harness.createEndpoint({ headers });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers).toMatchObject({
      authorization: 'Bearer t',
      'x-api-key': 'k',
      'content-type': 'application/json',
    });
  });

  it('refuses http: with requireHttps', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start({ network: { requireHttps: true } });
    await expect(endpoints.create({ url: 'http://example.com/' })).rejects.toThrow(OptionsError);
    await endpoints.create({ url: URL_OK });
  });
});

describe('endpoints.list', () => {
  it('pages in the order of creation, by tenant', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    for (const id of ['c', 'a', 'b', 'd'])
      await endpoints.create({ url: URL_OK, id, tenant: id === 'd' ? 'acme' : 'default' });
    const first = await endpoints.list({ tenant: 'default', limit: 2 });
    const second = await endpoints.list({ tenant: 'default', limit: 2, cursor: first.nextCursor! });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(['c', 'a', 'b']);
    expect(second.nextCursor).toBeUndefined();
    expect((await endpoints.list({ tenant: 'acme' })).items).toHaveLength(1);
  });
});

describe('endpoints.update', () => {
  it('holds for later attempts of deliveries that wait already', async () => {
    await using harness = await createHarness();
    const { receiver, dispatcher } = harness;
    receiver.on('/old').always(500);
    const endpoint = await harness.createEndpoint({ url: receiver.urlOf('/old'), retry: 'short' });
    await dispatcher.emit('job.done', { n: 1 });
    await harness.advance(0);
    await dispatcher.endpoints.update(endpoint.id, {
      url: receiver.urlOf('/new'),
      envelope: 'raw',
      headers: { 'X-New': 'yes' },
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    });
    await harness.advance(1_000);
    const [, second] = receiver.requests;
    expect(second).toMatchObject({ path: '/new', text: '{"n":1}', headers: { 'x-new': 'yes' } });
    expect(second!.headers['webhook-signature']).not.toBe(receiver.requests[0]!.headers['webhook-signature']);
  });

  it('changes what is matched from the next emit on', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const endpoint = await harness.createEndpoint({ events: ['job.done'] });
    await dispatcher.endpoints.update(endpoint.id, { events: ['user.*'], filter: { 'data.n': { $gt: 1 } } });
    const counts: number[] = [];
    for (const [type, n] of [
      ['job.done', 5],
      ['user.new', 1],
      ['user.new', 2],
    ] as const)
      counts.push((await dispatcher.emit(type, { n })).deliveries.length);
    expect(counts).toEqual([0, 0, 1]);
    await dispatcher.endpoints.update(endpoint.id, { filter: null });
    expect((await dispatcher.emit('user.new', { n: 1 })).deliveries).toHaveLength(1);
  });

  it('removes a setting with null, back to the default', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id } = await endpoints.create({
      url: URL_OK,
      name: 'crm',
      timeoutMs: 1_000,
      retry: 'once',
      metadata: { a: 1 },
    });
    const updated = await endpoints.update(id, { name: null, timeoutMs: null, retry: null, metadata: null });
    for (const key of ['name', 'timeoutMs', 'retry', 'metadata']) expect(updated).not.toHaveProperty(key);
    expect(updated.revision).toBe(2);
  });

  it('removes the secret with null: requests go out unsigned', async () => {
    await using harness = await createHarness();
    for (const changes of [{ secret: null }, { secrets: null }]) {
      harness.receiver.clear();
      const endpoint = await harness.createEndpoint();
      const updated = await harness.dispatcher.endpoints.update(endpoint.id, changes);
      expect(updated.secretHints).toEqual([]);
      await harness.dispatcher.emit('job.done', {}, { to: [endpoint.id] });
      await harness.advance(0);
      expect(harness.receiver.requests[0]!.headers).not.toHaveProperty('webhook-signature');
    }
  });

  it('goes back to the rate limit of the dispatcher with rateLimit: null', async () => {
    await using harness = await createHarness({ dispatcher: { rateLimit: { limit: 1, intervalMs: 1_000 } } });
    const endpoint = await harness.createEndpoint({ rateLimit: false });
    await harness.dispatcher.endpoints.update(endpoint.id, { rateLimit: null });
    for (const n of [1, 2, 3]) await harness.dispatcher.emit('job.done', n);
    await harness.advance(0);
    expect(harness.receiver.received).toBe(1);
  });

  it.each([
    { url: null },
    { events: null },
    { status: null },
    { id: 'other' },
    { tenant: 'other' },
    { nonsense: null },
    { nonsense: 1 },
    { revision: 7 },
    { timeoutMs: -1 },
  ])('refuses %j and changes nothing', async (changes) => {
    await using harness = await createHarness();
    const { secret: _secret, ...before } = await harness.createEndpoint();
    const { endpoints } = harness.dispatcher;
    await expect(endpoints.update(before.id, changes as never)).rejects.toThrow(OptionsError);
    expect(await endpoints.get(before.id)).toEqual(before);
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(harness.receiver.received).toBe(1);
  });

  it('refuses a change based on an older revision', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id, revision } = await endpoints.create({ url: URL_OK });
    await endpoints.update(id, { name: 'b' }, { revision });
    await expect(endpoints.update(id, { name: 'c' }, { revision })).rejects.toThrow(ConflictError);
    expect((await endpoints.get(id)).name).toBe('b');
  });

  it('lets concurrent changes of different members all win', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id } = await endpoints.create({ url: URL_OK });
    await Promise.all([
      endpoints.update(id, { name: 'crm' }),
      endpoints.update(id, { description: 'text' }),
      endpoints.update(id, { timeoutMs: 2_000 }),
    ]);
    expect(await endpoints.get(id)).toMatchObject({
      name: 'crm',
      description: 'text',
      timeoutMs: 2_000,
      revision: 4,
    });
  });

  it('is heard by other dispatchers on the store', async () => {
    await using world = await createWorld();
    const [first, second] = [world.start(), world.start()];
    await second.start();
    const { id } = await first.endpoints.create({ url: world.receiver.url, events: ['a'] });
    await world.advance(0);
    expect((await second.emit('a', {})).deliveries).toHaveLength(1);
    await first.endpoints.update(id, { events: ['b'] });
    await world.advance(0);
    expect((await second.emit('a', {})).deliveries).toHaveLength(0);
    await first.endpoints.remove(id);
    await world.advance(0);
    expect((await second.emit('b', {})).deliveries).toHaveLength(0);
  });
});

describe('a disabled endpoint', () => {
  it('discards what waits, at once, and gets nothing until enabled', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(500);
    const endpoint = await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'delivery.discarded', 'endpoint.disabled');
    await dispatcher.emit('job.done', {});
    await harness.advance(0);
    await dispatcher.endpoints.update(endpoint.id, { status: 'disabled' });
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'discarded', reason: 'endpoint_disabled', attempts: 1 },
    ]);
    expect(events.map(({ name }) => name).sort()).toEqual(['delivery.discarded', 'endpoint.disabled']);
    await harness.advance(48 * HOUR);
    expect(receiver.received).toBe(1);
    await dispatcher.endpoints.update(endpoint.id, { status: 'enabled' });
    expect(await dispatcher.endpoints.get(endpoint.id)).not.toHaveProperty('disabledReason');
    await dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(receiver.received).toBe(2);
  });

  it('lets the attempt in flight end: a success counts, a failure is the last', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const endpoint = await harness.createEndpoint({ retry: 'short' });
    receiver.hold();
    receiver.reply(204, 500);
    await dispatcher.emit('job.done', 1);
    await receiver.waitFor(1);
    await dispatcher.emit('job.done', 2);
    await receiver.waitFor(2);
    await dispatcher.endpoints.update(endpoint.id, { status: 'disabled' });
    receiver.release();
    await harness.advance(HOUR);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'succeeded' },
      {
        state: 'discarded',
        reason: 'endpoint_disabled',
        attempts: 1,
        attemptLog: [{ reason: 'http_status' }],
      },
    ]);
  });
});

describe('endpoints.remove', () => {
  it('discards what waits, queued or scheduled, and sends no more', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(500).always({ status: 204, hold: true });
    const endpoint = await harness.createEndpoint({ concurrency: 1 });
    await dispatcher.emit('job.done', 1);
    await harness.advance(0);
    for (const n of [2, 3, 4]) await dispatcher.emit('job.done', n);
    await receiver.waitFor(2);
    await dispatcher.endpoints.remove(endpoint.id);
    receiver.release();
    await harness.advance(48 * HOUR);
    expect(receiver.received).toBe(2);
    expect((await harness.deliveriesTo(endpoint)).map(({ state, reason }) => [state, reason])).toEqual([
      ['discarded', 'endpoint_removed'],
      ['succeeded', undefined],
      ['discarded', 'endpoint_removed'],
      ['discarded', 'endpoint_removed'],
    ]);
    await expect(dispatcher.endpoints.get(endpoint.id)).rejects.toThrow(NotFoundError);
    expect((await dispatcher.endpoints.list()).items).toEqual([]);
  });

  it.each(['get', 'remove', 'pause', 'resume', 'test'] as const)(
    '%s of an unknown one is NotFound',
    async (call) => {
      await using world = await createWorld();
      await expect(world.start().endpoints[call]('ep_unknown')).rejects.toThrow(NotFoundError);
    },
  );
});

describe('endpoints.pause', () => {
  it('holds queue and new messages, takes effect once for all processes, and resume sends all', async () => {
    await using world = await createWorld();
    const [first, second] = [world.start(), world.start()];
    const { id } = await first.endpoints.create({ url: world.receiver.url, concurrency: 1 });
    await second.start();
    world.receiver.hold();
    for (const n of [1, 2, 3]) await first.emit('job.done', n);
    await world.receiver.waitFor(1);
    await second.endpoints.pause(id);
    expect((await first.endpoints.get(id)).paused).toBe(true);
    await second.emit('job.done', 4);
    world.receiver.release();
    await world.advance(HOUR);
    const held = world.receiver.received;
    await first.endpoints.resume(id);
    await world.advance(0);
    expect(world.receiver.received).toBe(4);
    // Deliveries that the other process had in its queue already may still go out, one claim at most.
    expect(held).toBeLessThanOrEqual(3);
  });

  it('tells of both by events', async () => {
    await using harness = await createHarness();
    const events = recordEvents(harness.dispatcher, 'endpoint.paused', 'endpoint.resumed');
    const { id } = await harness.createEndpoint();
    await harness.dispatcher.endpoints.pause(id);
    await harness.dispatcher.endpoints.resume(id);
    expect(events.map(({ name, event }) => [name, (event['endpoint'] as { id: string }).id])).toEqual([
      ['endpoint.paused', id],
      ['endpoint.resumed', id],
    ]);
  });
});

describe('endpoints.test', () => {
  it('sends one signed test message now and tells what came of it', async () => {
    await using harness = await createHarness();
    harness.receiver.reply({ status: 202, body: 'thanks' });
    const endpoint = await harness.createEndpoint({ events: ['nothing'] });
    const result = await harness.dispatcher.endpoints.test(endpoint.id);
    expect(result).toMatchObject({
      delivered: true,
      outcome: 'delivered',
      status: 202,
      response: { body: 'thanks' },
    });
    expect(harness.receiver.requests[0]!.json()).toMatchObject({
      type: 'posthorn.test',
      data: { test: true, endpointId: endpoint.id },
    });
    expect(await harness.dispatcher.messages.get(result.messageId)).toMatchObject({ test: true });
  });

  it('works on paused, blocked and disabled endpoints, does not retry and does not disable', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.always(410);
    const paused = await harness.createEndpoint();
    await dispatcher.endpoints.pause(paused.id);
    const disabled = await harness.createEndpoint({ status: 'disabled' });
    for (const { id } of [paused, disabled]) {
      expect(await dispatcher.endpoints.test(id)).toMatchObject({
        delivered: false,
        outcome: 'endpoint_failed',
        reason: 'http_status',
        status: 410,
        detail: 'HTTP 410',
      });
    }
    await harness.advance(48 * HOUR);
    expect(receiver.received).toBe(2);
    expect(await dispatcher.endpoints.get(paused.id)).toMatchObject({ status: 'enabled', paused: true });
  });

  it('reports refused connections and faults of the dispatcher', async () => {
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          header: {
            broken: () => {
              throw new Error('no');
            },
          },
        },
      },
    });
    const closed = await harness.createEndpoint({ url: 'http://127.0.0.1:1/' }).catch(() => undefined);
    const faulty = await harness.createEndpoint({ computedHeaders: { 'X-A': 'broken' } });
    if (closed !== undefined)
      expect(await harness.dispatcher.endpoints.test(closed.id)).toMatchObject({
        reason: 'connection_refused',
      });
    expect(await harness.dispatcher.endpoints.test(faulty.id)).toMatchObject({
      outcome: 'dispatcher_failed',
      reason: 'function_failed',
    });
  });
});

describe('rateLimit', () => {
  it('sends at most limit per interval, and everything in the end', async () => {
    await using harness = await createHarness();
    const arrivals: number[] = [];
    harness.receiver.always(() => {
      arrivals.push(harness.clock.now());
      return 204;
    });
    await harness.createEndpoint({ rateLimit: { limit: 3, intervalMs: 1_000 } });
    for (let n = 0; n < 10; n += 1) await harness.dispatcher.emit('job.done', n);
    await harness.advance(20_000);
    expect(arrivals).toHaveLength(10);
    for (const [index, at] of arrivals.entries())
      if (index >= 3) expect(at - arrivals[index - 3]!).toBeGreaterThanOrEqual(1_000);
  });
});

describe('ordering: key', () => {
  it('keeps the order within a key and lets other keys pass', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500);
    const endpoint = await harness.createEndpoint({ ordering: 'key', retry: 'short' });
    const emit = (data: string, orderingKey?: string): Promise<unknown> =>
      harness.dispatcher.emit('job.done', data, orderingKey === undefined ? {} : { orderingKey });
    await emit('a1', 'a');
    await harness.advance(0);
    await emit('a2', 'a');
    await emit('b1', 'b');
    await emit('free');
    await harness.advance(10_000);
    const sent = harness.receiver.requests.map((request) => (request.json() as { data: string }).data);
    expect(sent[0]).toBe('a1');
    expect(sent.slice(1, 3).sort()).toEqual(['b1', 'free']);
    expect(sent.slice(3)).toEqual(['a1', 'a2']);
    expect((await harness.deliveriesTo(endpoint)).every(({ state }) => state === 'succeeded')).toBe(true);
  });

  it('goes on with the next when one is exhausted or cancelled', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500, 500);
    const endpoint = await harness.createEndpoint({
      ordering: 'fifo',
      retry: { kind: 'schedule', delaysMs: [1_000] },
    });
    for (const n of [1, 2, 3]) await harness.dispatcher.emit('job.done', n);
    await harness.advance(0);
    const [, second] = await harness.deliveriesTo(endpoint);
    await harness.dispatcher.deliveries.cancel(second!.id);
    await harness.advance(10_000);
    expect((await harness.deliveriesTo(endpoint)).map(({ state }) => state)).toEqual([
      'exhausted',
      'discarded',
      'succeeded',
    ]);
  });
});

describe('what a dispatcher sets for all endpoints', () => {
  it('is overridden by an endpoint as a whole, headers name by name', async () => {
    await using harness = await createHarness({
      dispatcher: { headers: { 'X-All': '1', 'X-Both': 'all' }, envelope: 'raw', userAgent: 'Acme/2' },
    });
    await harness.createEndpoint({ headers: { 'x-both': 'own' } });
    await harness.dispatcher.emit('job.done', { n: 1 });
    await harness.advance(0);
    expect(harness.receiver.requests[0]).toMatchObject({
      text: '{"n":1}',
      headers: { 'x-all': '1', 'x-both': 'own', 'user-agent': 'Acme/2' },
    });
    expect(await harness.deliveriesTo((await harness.dispatcher.endpoints.list()).items[0]!)).toHaveLength(1);
  });
});

describe('an endpoint of a store', () => {
  it('whose function is missing here waits as a fault, named in health, and nothing of it is lost', async () => {
    await using world = await createWorld();
    const envelope = {
      acme: ({ dataJson }: { dataJson: string }) => ({ body: dataJson, contentType: 'application/json' }),
    };
    const first = world.start({ functions: { envelope } });
    const { id } = await first.endpoints.create({ url: world.receiver.url, envelope: 'acme' });
    await first.stop();
    const second = world.start();
    await second.emit('job.done', { n: 1 });
    expect((await second.health()).unservedEndpoints).toMatchObject([{ endpointId: id }]);
    await world.advance(HOUR);
    const delivery = await onlyDelivery(second);
    expect(delivery).toMatchObject({ state: 'failed', reason: 'unknown_function', attempts: 0 });
    await second.stop();
    const third = world.start({ functions: { envelope } });
    await third.deliveries.retry(delivery.id);
    await world.advance(0);
    expect(world.receiver.requests.map(({ text }) => text)).toEqual(['{"n":1}']);
  });
});
