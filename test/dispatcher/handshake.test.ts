import { describe, expect, it } from 'vitest';
import {
  type DispatcherOptions,
  kyTransport,
  type OptionsError,
  WebhookDispatcher,
} from '../../src/index.ts';
import type { FixedReply } from '../../src/listener/reply-script.ts';
import { createHarness, type Harness } from '../../src/testing/index.ts';
import { LOOPBACK } from '../support/world.ts';

const ORIGIN = 'hooks.example.com';
const MINUTE = 60_000;

type Input = Parameters<Harness['createEndpoint']>[0];

/** An endpoint that answers OPTIONS as given, and takes every POST, after its check has ended. */
async function setup(
  options: FixedReply,
  input: Input = {},
  dispatcher: DispatcherOptions = {},
): Promise<Harness & { readonly id: string }> {
  const harness = await createHarness({
    dispatcher: { network: LOOPBACK, handshakeOrigin: ORIGIN, ...dispatcher },
  });
  harness.receiver.always(({ method }) => (method === 'OPTIONS' ? options : 204));
  const { id } = await harness.createEndpoint({ verification: 'handshake', ...input });
  await harness.advance(0);
  return Object.assign(harness, { id });
}

const allow = (headers: Readonly<Record<string, string | readonly string[]>>): FixedReply => ({
  status: 200,
  headers,
});

async function errorOf(promise: Promise<unknown>): Promise<OptionsError> {
  return promise.then(
    () => expect.unreachable(),
    (error: unknown) => error as OptionsError,
  );
}

describe.each<[string, DispatcherOptions]>([
  ['undici', {}],
  ['ky', { transport: kyTransport() }],
])('verification: handshake, by %s', (_name, transport) => {
  it('asks by OPTIONS, without a body, and every delivery names the origin', async () => {
    await using world = await setup(
      allow({ 'WebHook-Allowed-Origin': ORIGIN }),
      { headers: { 'X-Shop': 'acme' }, auth: { type: 'basic', username: 'u', password: 'p' } },
      transport,
    );
    const { dispatcher, receiver, id } = world;
    expect(await dispatcher.endpoints.get(id)).toMatchObject({
      status: 'enabled',
      verificationState: { kind: 'handshake', url: receiver.url },
    });
    await dispatcher.emit('job.done', {});
    await world.advance(0);
    const [asked, delivered] = receiver.requests;
    expect(receiver.requests.map(({ method }) => method)).toEqual(['OPTIONS', 'POST']);
    expect(asked!.body).toHaveLength(0);
    for (const { headers } of [asked!, delivered!])
      expect(headers).toMatchObject({
        'webhook-request-origin': ORIGIN,
        'x-shop': 'acme',
        authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
      });
    expect(asked!.headers).not.toHaveProperty('webhook-request-rate');
    expect(asked!.headers).not.toHaveProperty('webhook-signature');
  });
});

describe('the consent to a handshake', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['the origin', { 'WebHook-Allowed-Origin': ORIGIN }],
    ['the origin in capitals', { 'webhook-allowed-origin': ORIGIN.toUpperCase() }],
    ['any origin', { 'WebHook-Allowed-Origin': '*' }],
    ['any origin and rate', { 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '*' }],
  ])('is a header that permits %s', async (_what, headers) => {
    await using world = await setup(allow(headers));
    const { status, verificationState } = await world.dispatcher.endpoints.get(world.id);
    expect(status).toBe('enabled');
    expect(verificationState).not.toHaveProperty('allowedRate');
  });

  it.each<[string, FixedReply, string, string]>([
    ['a status alone', 200, 'no_consent', 'no WebHook-Allowed-Origin header'],
    ['Allow alone', allow({ Allow: 'POST' }), 'no_consent', 'no WebHook-Allowed-Origin header'],
    ['CORS', allow({ 'Access-Control-Allow-Origin': '*' }), 'no_consent', 'no WebHook-Allowed-Origin'],
    ['an empty header', allow({ 'WebHook-Allowed-Origin': '' }), 'no_consent', 'neither'],
    [
      'another origin',
      allow({ 'WebHook-Allowed-Origin': `x.${ORIGIN}` }),
      'no_consent',
      `neither "${ORIGIN}" nor "*"`,
    ],
    ['two origins', allow({ 'WebHook-Allowed-Origin': ['a.example', ORIGIN] }), 'no_consent', 'neither'],
    [
      'no rate',
      allow({ 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '0' }),
      'no_consent',
      'Allowed-Rate is',
    ],
    [
      'no number',
      allow({ 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '1e3' }),
      'no_consent',
      'Allowed-Rate',
    ],
    [
      '405 with the header',
      { status: 405, headers: { 'WebHook-Allowed-Origin': '*' } },
      'http_status',
      'HTTP 405',
    ],
    [
      'a redirect with the header',
      { status: 307, headers: { 'WebHook-Allowed-Origin': '*', location: '/elsewhere' } },
      'redirect',
      'HTTP 307',
    ],
  ])('is not %s', async (_what, reply, reason, detail) => {
    await using world = await setup(reply);
    const { status, disabledReason, verificationState } = await world.dispatcher.endpoints.get(world.id);
    expect([status, disabledReason]).toEqual(['disabled', 'unverified']);
    expect(verificationState!.failure).toMatchObject({ reason });
    expect(verificationState!.failure!.detail).toContain(detail);
    await world.dispatcher.emit('job.done', {});
    await world.advance(24 * 60 * MINUTE);
    expect(world.receiver.requests.map(({ method, path }) => method + path)).toEqual(['OPTIONS/']);
  });

  it('is found among many headers', async () => {
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`x-${index}`, 'x'.repeat(50)]));
    await using world = await setup(allow({ ...many, 'WebHook-Allowed-Origin': ORIGIN }));
    expect(await world.dispatcher.endpoints.get(world.id)).toMatchObject({ status: 'enabled' });
  });
});

describe('the rate of a handshake', () => {
  it('is that of rateLimit, in requests per minute, and must be answered', async () => {
    await using world = await setup(allow({ 'WebHook-Allowed-Origin': '*' }), {
      rateLimit: { limit: 2, intervalMs: 1_000 },
    });
    expect(world.receiver.requests[0]!.headers['webhook-request-rate']).toBe('120');
    expect((await world.dispatcher.endpoints.get(world.id)).verificationState!.failure).toMatchObject({
      reason: 'no_consent',
      detail: 'its answer has no WebHook-Allowed-Rate header, and 120 requests per minute were asked for',
    });
  });

  it.each<[string, Input]>([
    ['alone', {}],
    ['with a rateLimit that is wider', { rateLimit: { limit: 100, intervalMs: 1_000 } }],
  ])('that is allowed bounds the endpoint, %s', async (_how, input) => {
    await using world = await setup(
      allow({ 'WebHook-Allowed-Origin': ORIGIN, 'WebHook-Allowed-Rate': '3' }),
      input,
    );
    expect((await world.dispatcher.endpoints.get(world.id)).verificationState).toMatchObject({
      allowedRate: 3,
    });
    await emitMany(world, 8);
    const posts = (): number => world.receiver.requests.filter(({ method }) => method === 'POST').length;
    expect(posts()).toBe(3);
    await world.advance(MINUTE - 1_000);
    expect(posts()).toBe(3);
    await world.advance(1_000);
    expect(posts()).toBe(6);
    await world.advance(MINUTE);
    expect(posts()).toBe(8);
  });

  it('that is allowed leaves a rateLimit that is stricter', async () => {
    await using world = await setup(
      allow({ 'WebHook-Allowed-Origin': ORIGIN, 'WebHook-Allowed-Rate': '600' }),
      { rateLimit: { limit: 2, intervalMs: MINUTE } },
    );
    await emitMany(world, 5);
    expect(world.receiver.received).toBe(1 + 2);
    const { items } = await world.dispatcher.explain('job.done', {}, { endpointId: world.id });
    expect(items[0]!.reason).toBe(
      'It matches and is sent as soon as its limits let it: at most 2 in 60000 ms (rateLimit), at most 600 in 60000 ms (WebHook-Allowed-Rate of its handshake).',
    );
  });

  it('ends with the URL that allowed it', async () => {
    await using world = await setup(allow({ 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '1' }));
    const { dispatcher, receiver, id } = world;
    receiver.on('/new').always({ status: 200, headers: { 'WebHook-Allowed-Origin': '*' } });
    await dispatcher.endpoints.update(id, { url: receiver.urlOf('/new') });
    await world.advance(0);
    await emitMany(world, 5);
    expect(receiver.requests.filter(({ path, method }) => path === '/new' && method === 'POST')).toHaveLength(
      5,
    );
  });
});

async function emitMany(world: Harness, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await world.dispatcher.emit('job.done', n);
  await world.advance(0);
}

describe('the option handshakeOrigin', () => {
  it('is needed for a handshake', async () => {
    await using harness = await createHarness();
    const error = await errorOf(harness.createEndpoint({ verification: 'handshake' }));
    expect(error.message).toBe(
      'endpoint.verification: a handshake tells the receiver who asks. Give the dispatcher the option handshakeOrigin, a DNS name such as "hooks.example.com".',
    );
    expect(() => new WebhookDispatcher({ verification: 'handshake' })).toThrow(/^verification: a handshake/);
    expect(harness.receiver.received).toBe(0);
  });

  it.each([
    '',
    'https://example.com',
    'example.com:443',
    'exa mple.com',
    'a..b',
    '-a.com',
    '10.0.0.1',
    '*',
    7,
    null,
  ])('refuses %j', (handshakeOrigin) => {
    expect(() => new WebhookDispatcher({ handshakeOrigin: handshakeOrigin as never })).toThrow(
      /^handshakeOrigin: expected a DNS name/,
    );
  });

  it('names a header that nothing else of the endpoint may write', async () => {
    await using harness = await createHarness({ dispatcher: { handshakeOrigin: ORIGIN } });
    const signatures = [{ scheme: 'hex' as const, header: 'WebHook-Request-Origin' }];
    const error = await errorOf(
      harness.createEndpoint({ verification: 'handshake', signatures, secret: 'x'.repeat(32) }),
    );
    expect(error.message).toBe(
      'endpoint.signatures[0]: the header webhook-request-origin cannot be set here: verification writes it; choose another header.',
    );
  });
});
