/** Addresses that come with a message: settings of their own, tenants, lists, and what is left out. */
import { describe, expect, it } from 'vitest';
import { type Destination, NotFoundError, OptionsError } from 'posthorn';
import { createHarness, createReceiver, type Harness } from 'posthorn/testing';
import { hexOf, publicKeyOf, standardV1, standardV1a, stripeHeader } from '../support/expected-signatures.ts';

const KEY = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(24, 4).toString('base64')}`;
const TEXT = 'a text for one job alone';

const pathsOf = (harness: Harness): string[] => harness.receiver.requests.map(({ path }) => path).sort();

describe('settings of a destination', () => {
  it('sign with schemes and secrets of its own, byte by byte', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    const seed = Buffer.alloc(32, 8);
    const seconds = Math.floor(clock.now() / 1000);
    const { id } = await dispatcher.emit(
      'job.done',
      { n: 1 },
      {
        to: [
          { url: receiver.urlOf('/standard'), secrets: [OTHER, KEY] },
          {
            url: receiver.urlOf('/ed25519'),
            secret: seed.toString('base64'),
            signatures: ['standard-ed25519'],
          },
          { url: receiver.urlOf('/stripe'), secrets: [TEXT, KEY], signatures: ['stripe', 'github'] },
          { url: receiver.urlOf('/unsigned') },
        ],
      },
    );
    await harness.advance(0);
    const at = (path: string) => receiver.requests.find((request) => request.path === path)!;
    const [standard, ed25519, stripe, unsigned] = ['/standard', '/ed25519', '/stripe', '/unsigned'].map(at);
    expect(standard!.headers['webhook-signature']).toBe(
      [OTHER, KEY].map((secret) => standardV1(secret, id, seconds, standard!.body)).join(' '),
    );
    expect(ed25519!.headers['webhook-signature']).toBe(standardV1a(seed, id, seconds, ed25519!.body));
    expect(stripe!.headers).toMatchObject({
      'stripe-signature': stripeHeader([TEXT, KEY], seconds, stripe!.body),
      'x-hub-signature-256': `sha256=${hexOf(TEXT, stripe!.body)}`,
    });
    for (const name of ['stripe-signature', 'x-hub-signature-256', 'webhook-signature'])
      expect(unsigned!.headers).not.toHaveProperty([name]);
  });

  it('show the public key of the hidden endpoint', async () => {
    await using harness = await createHarness();
    const seed = Buffer.alloc(32, 8);
    const { deliveries } = await harness.dispatcher.emit('job.done', 1, {
      to: { url: harness.receiver.url, secret: seed.toString('base64'), signatures: ['standard-ed25519'] },
    });
    const { secrets } = await harness.dispatcher.endpoints.get(deliveries[0]!.endpointId);
    expect(secrets).toMatchObject([{ publicKey: publicKeyOf(seed), expiresAt: undefined }]);
  });

  it('win over those of the dispatcher as a whole, and headers are merged name by name', async () => {
    await using harness = await createHarness({
      dispatcher: {
        retry: 'once',
        success: [200],
        envelope: 'raw',
        headers: { 'X-Team': 'print', 'X-Job': 'none' },
        computedHeaders: { 'X-Attempt': 'attempt' },
        functions: { header: { shout: ({ message }) => message.type.toUpperCase() } },
      },
    });
    const { dispatcher, receiver } = harness;
    receiver.reply(500, 202);
    const to: Destination = {
      url: receiver.url,
      retry: { kind: 'schedule', delaysMs: [7_000], jitter: 0 },
      success: ['2xx'],
      envelope: { name: 'form', field: 'payload' },
      headers: { 'x-job': '42' },
      computedHeaders: { 'X-Type': 'shout' },
    };
    const { deliveries } = await dispatcher.emit('job.done', { n: 1 }, { to });
    await harness.advance(6_999);
    expect(receiver.received).toBe(1);
    await harness.advance(1);
    expect(receiver.requests.map(({ text }) => text)).toEqual(Array(2).fill('payload=%7B%22n%22%3A1%7D'));
    expect(receiver.requests[1]!.headers).toMatchObject({
      'x-team': 'print',
      'x-job': '42',
      'x-type': 'JOB.DONE',
    });
    expect(await harness.deliveriesTo(deliveries[0]!.endpointId)).toMatchObject([
      { state: 'succeeded', attempts: 2 },
    ]);
  });

  it('time out by their own deadline, and retry 410 when told so', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.hold();
    const slow = await dispatcher.emit('job.done', 1, {
      to: { url: receiver.urlOf('/slow'), timeoutMs: 250, retry: 'once' },
    });
    await receiver.waitFor(1);
    await harness.advance(250);
    receiver.release();
    receiver.reply(410);
    const gone = await dispatcher.emit('job.done', 1, {
      to: { url: receiver.urlOf('/gone'), onGone: 'retry', retry: { kind: 'schedule', delaysMs: [1_000] } },
    });
    await harness.advance(1_000);
    expect(await harness.deliveriesTo(slow.deliveries[0]!.endpointId)).toMatchObject([
      { state: 'exhausted', reason: 'timeout', attemptLog: [{ durationMs: 250 }] },
    ]);
    expect(await harness.deliveriesTo(gone.deliveries[0]!.endpointId)).toMatchObject([
      { state: 'succeeded', attempts: 2 },
    ]);
  });
});

describe('a hidden endpoint', () => {
  it('shows its name and metadata to named functions, and no text of its secrets', async () => {
    const seen: unknown[] = [];
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          header: {
            job: ({ endpoint }) => {
              seen.push(endpoint);
              return String((endpoint as { metadata?: { job?: number } }).metadata?.job);
            },
          },
        },
      },
    });
    const { dispatcher, receiver } = harness;
    const to = { url: receiver.url, name: 'callback', metadata: { job: 42 }, secret: KEY };
    await dispatcher.emit('job.done', 1, { to: { ...to, computedHeaders: { 'X-Job': 'job' } } });
    await harness.advance(0);
    expect(receiver.requests[0]!.headers['x-job']).toBe('42');
    expect(seen).toMatchObject([{ name: 'callback', metadata: { job: 42 }, hidden: true }]);
    expect(JSON.stringify(seen)).not.toContain(KEY.slice('whsec_'.length));
  });

  it('can neither be given another secret nor be subscribed by a replay of other messages', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const { deliveries } = await dispatcher.emit('job.done', 1, { to: { url: receiver.url, secret: KEY } });
    await dispatcher.emit('job.done', 2);
    await harness.advance(1_000);
    const { endpointId } = deliveries[0]!;
    await expect(dispatcher.endpoints.rotateSecret(endpointId, { secret: OTHER })).rejects.toThrow(
      OptionsError,
    );
    expect(await dispatcher.replay({ endpointId, dryRun: true })).toMatchObject({ retried: 1, created: 0 });
  });
});

describe('the same destination in two tenants', () => {
  it('is two hidden endpoints, each with its own deliveries and record', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const to = { url: receiver.url, secret: KEY, name: 'callback' };
    receiver.reply(410);
    const [acme, umbrella] = [
      await dispatcher.emit('job.done', 'a', { to, tenant: 'acme', id: 'a' }),
      await dispatcher.emit('job.done', 'u', { to, tenant: 'umbrella', id: 'u' }),
    ];
    await harness.advance(0);
    expect(receiver.requests.map(({ headers }) => headers['webhook-id']).sort()).toEqual(['a', 'u']);
    const ids = [acme, umbrella].map(({ deliveries }) => deliveries[0]!.endpointId);
    expect(new Set(ids).size).toBe(2);
    expect(await dispatcher.endpoints.get(ids[0]!)).toMatchObject({ tenant: 'acme', hidden: true });
    expect(await dispatcher.endpoints.get(ids[1]!)).toMatchObject({ tenant: 'umbrella', hidden: true });
    for (const tenant of ['acme', 'umbrella']) {
      const { items } = await dispatcher.deliveries.list({ tenant });
      expect(items.map((delivery) => delivery.tenant)).toEqual([tenant]);
    }
    await expect(dispatcher.stats({ tenant: 'umbrella', endpointId: ids[0]! })).rejects.toThrow(
      NotFoundError,
    );
  });

  it('waits for Retry-After in the tenant that was told to, not in the other', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const to = { url: receiver.url };
    receiver.reply({ status: 429, headers: { 'retry-after': '60' } });
    await dispatcher.emit('job.done', 1, { to, tenant: 'acme' });
    await harness.advance(0);
    await dispatcher.emit('job.done', 2, { to, tenant: 'acme' });
    await dispatcher.emit('job.done', 3, { to, tenant: 'umbrella' });
    await harness.advance(0);
    expect(receiver.requests.map((request) => (request.json() as { data: number }).data)).toEqual([1, 3]);
    await harness.advance(90_000);
    expect(receiver.received).toBe(4);
  });
});

describe('a list of ids and destinations', () => {
  it('goes past patterns and filters of the named, and to nobody else', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const named = await harness.createEndpoint({
      url: receiver.urlOf('/named'),
      events: ['user.*'],
      filter: { 'data.n': 99 },
    });
    await harness.createEndpoint({ url: receiver.urlOf('/matching') });
    const { deliveries } = await dispatcher.emit(
      'job.done',
      { n: 1 },
      {
        to: [{ url: receiver.urlOf('/named') }, named.id, { url: receiver.urlOf('/adhoc') }],
      },
    );
    expect(deliveries.map(({ endpointId }) => endpointId)).toContain(named.id);
    await harness.advance(0);
    expect(pathsOf(harness)).toEqual(['/adhoc', '/named', '/named']);
  });

  it('sends to the rest when a named endpoint is paused or disabled, and keeps both on record', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const paused = await harness.createEndpoint({ url: receiver.urlOf('/paused') });
    const disabled = await harness.createEndpoint({ url: receiver.urlOf('/disabled') });
    await dispatcher.endpoints.pause(paused.id);
    await dispatcher.endpoints.update(disabled.id, { status: 'disabled' });
    await dispatcher.emit('job.done', 1, { to: [paused.id, { url: receiver.urlOf('/adhoc') }, disabled.id] });
    await harness.advance(0);
    expect(pathsOf(harness)).toEqual(['/adhoc']);
    expect(await harness.deliveriesTo(paused)).toMatchObject([{ state: 'scheduled', attempts: 0 }]);
    expect(await harness.deliveriesTo(disabled)).toMatchObject([
      { state: 'discarded', reason: 'endpoint_disabled' },
    ]);
    await dispatcher.endpoints.resume(paused.id);
    await harness.advance(0);
    expect(pathsOf(harness)).toEqual(['/adhoc', '/paused']);
  });

  it.each<[to: unknown, path: string | RegExp]>([
    [[], 'to'],
    [[{ url: 'https://example.com' }, { url: 'ftp://example.com' }], 'to[1].url'],
    [[{ url: 'https://example.com' }, { url: 'https://user:pw@example.com' }], 'to[1].url'],
    [[{ url: 'https://example.com' }, { url: 'http://10.0.0.1/' }], 'to[1].url'],
    [[{ url: 'https://example.com', retry: 'never' }], 'to[0].retry'],
    [[{ url: 'https://example.com', signatures: ['standrad'] }], /^to\[0\]\.signatures/],
    [[{ url: 'https://example.com', headers: { 'webhook-id': 'x' } }], /^to\[0\]\.headers/],
    [{ url: 'https://example.com', events: ['*'] }, 'to.events'],
    [{ url: 'https://example.com', tenant: 'acme' }, 'to.tenant'],
    [{ url: 'https://example.com', envelope: 'unknown' }, 'to.envelope'],
    [{ name: 'x' }, 'to.url'],
    [null, 'to'],
    [7, 'to'],
  ])('refuses %j and stores nothing', async (to, path) => {
    await using harness = await createHarness();
    const refused = harness.dispatcher.emit('job.done', {}, { to: to as string });
    await expect(refused).rejects.toThrow(OptionsError);
    await expect(refused).rejects.toMatchObject({
      path: typeof path === 'string' ? path : expect.stringMatching(path),
    });
    expect((await harness.dispatcher.messages.list()).items).toEqual([]);
  });

  it('refuses the id of another tenant’s endpoint, and the destinations beside it get nothing', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const { id } = await harness.createEndpoint({ tenant: 'acme' });
    const to = [{ url: receiver.url }, id];
    await expect(dispatcher.emit('job.done', {}, { to })).rejects.toMatchObject({ code: 'not_found', id });
    await harness.advance(0);
    expect(receiver.received).toBe(0);
    await dispatcher.emit('job.done', {}, { to, tenant: 'acme' });
    await harness.advance(0);
    expect(receiver.received).toBe(2);
  });
});

it('destinations with the same origin but other limits do not share a lane', async () => {
  await using harness = await createHarness();
  await using other = await createReceiver();
  const { dispatcher, receiver } = harness;
  receiver.hold();
  const narrow = (n: number): Destination => ({ url: receiver.urlOf(`/narrow/${n}`), concurrency: 1 });
  await dispatcher.emit('job.done', 1, { to: [1, 2, 3].map(narrow) });
  await dispatcher.emit('job.done', 1, { to: { url: receiver.urlOf('/wide') } });
  await dispatcher.emit('job.done', 1, { to: { url: other.url, concurrency: 1 } });
  await receiver.waitFor(2);
  await other.waitFor(1);
  expect(pathsOf(harness)).toEqual([expect.stringMatching(/^\/narrow\/\d$/), '/wide']);
  receiver.release();
  await harness.advance(0);
  expect(pathsOf(harness)).toEqual(['/narrow/1', '/narrow/2', '/narrow/3', '/wide']);
});
