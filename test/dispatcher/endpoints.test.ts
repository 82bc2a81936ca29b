import { describe, expect, it } from 'vitest';
import { ConflictError, OptionsError } from '../../src/errors.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld } from '../support/world.ts';

const URL_OK = 'https://example.com/hooks';

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
    const { secret, publicKey, ...rest } = created;
    expect(read).toEqual(rest);
    expect(publicKey).toBeUndefined();
    expect(read.secrets).toEqual([
      { hint: secret!.slice(-4), createdAt: world.clock.now(), expiresAt: undefined, publicKey: undefined },
    ]);
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
    ['endpoint.url', { url: undefined }],
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
    ['endpoint.maxConcurrencyTotal', { maxConcurrencyTotal: 0 }],
    ['endpoint.maxConcurrencyTotal', { maxConcurrencyTotal: 1.5 }],
    ['endpoint.maxConcurrencyTotal', { maxConcurrencyTotal: Infinity }],
    ['endpoint.maxConcurrencyTotal', { maxConcurrencyTotal: true }],
  ])('refuses at %s: %j', async (path, input) => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const error: unknown = await endpoints
      .create({ url: URL_OK, ...input } as never)
      .catch((e: unknown) => e);
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

  it('does not remove the last secret where secrets are the rule, unless nothing is to be signed', async () => {
    await using harness = await createHarness();
    const { id } = await harness.createEndpoint();
    const { endpoints } = harness.dispatcher;
    for (const changes of [{ secret: null }, { secrets: null }])
      await expect(endpoints.update(id, changes)).rejects.toMatchObject({
        code: 'invalid_option',
        path: 'endpoint.secret',
      });
    expect((await endpoints.get(id)).revision).toBe(1);
    const updated = await endpoints.update(id, { secret: null, signatures: ['none'] });
    expect(updated.secrets).toEqual([]);
    await expect(endpoints.update(id, { signatures: null })).rejects.toMatchObject({
      path: 'endpoint.secret',
    });
  });

  it('removes the secret with null where secrets are optional: requests go out unsigned', async () => {
    await using harness = await createHarness({ dispatcher: { secretPolicy: 'optional' } });
    for (const changes of [{ secret: null }, { secrets: null }]) {
      harness.receiver.clear();
      const endpoint = await harness.createEndpoint({ secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
      const updated = await harness.dispatcher.endpoints.update(endpoint.id, changes);
      expect(updated.secrets).toEqual([]);
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
    const { secret: _secret, publicKey: _publicKey, ...before } = await harness.createEndpoint();
    const { endpoints } = harness.dispatcher;
    await expect(endpoints.update(before.id, changes as never)).rejects.toThrow(OptionsError);
    expect(await endpoints.get(before.id)).toEqual(before);
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(harness.receiver.received).toBe(1);
  });

  it('refuses tls beside a url without TLS, unless token requests use it', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const tls = { serverName: 'hooks.example' };
    const refusal = { path: 'endpoint.tls', message: expect.stringContaining('http:') as string };
    await expect(endpoints.create({ url: world.receiver.url, tls })).rejects.toMatchObject(refusal);
    const { id } = await endpoints.create({ url: 'https://hooks.example/', tls });
    await expect(endpoints.update(id, { url: world.receiver.url })).rejects.toMatchObject(refusal);
    const plain = await endpoints.create({ url: world.receiver.url, tls: false });
    await expect(endpoints.update(plain.id, { tls })).rejects.toMatchObject(refusal);
    const auth = {
      type: 'oauth2',
      tokenUrl: 'https://id.example/',
      clientId: 'a',
      clientSecret: 'b',
    } as const;
    await endpoints.update(plain.id, { tls, auth });
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

  it('shows nothing of a text in place of the changes', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id } = await endpoints.create({ url: URL_OK });
    await expect(endpoints.update(id, 'hunter2hunter2' as never)).rejects.toThrow(
      /an object .* got a string\.$/,
    );
  });

  it('lets any number of concurrent changes win', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id } = await endpoints.create({ url: URL_OK });
    const names = Array.from({ length: 50 }, (_, n) => `crm ${n}`);
    await Promise.all(names.map((name) => endpoints.update(id, { name })));
    await Promise.all(Array.from({ length: 9 }, () => endpoints.rotateSecret(id)));
    const { name, revision, secrets } = await endpoints.get(id);
    expect({ name, revision }).toEqual({ name: 'crm 49', revision: 60 });
    expect(secrets).toHaveLength(10);
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
