import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  type DispatcherOptions,
  type EndpointInput,
  kyTransport,
  type Logger,
  type OptionsError,
  undiciTransport,
} from '../../src/index.ts';
import { createHarness, createReceiver, type Harness, type Receiver } from '../../src/testing/index.ts';
import { ConnectProxy } from '../support/connect-proxy.ts';
import { LOOPBACK, recordEvents } from '../support/world.ts';

const MINUTE = 60_000;
const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;

/** What the receiver was sent as authorization, request by request. */
const authorizations = (receiver: Receiver): (string | undefined)[] =>
  receiver.requests.map(({ headers }) => headers['authorization']);

async function emit(harness: Harness): Promise<void> {
  await harness.dispatcher.emit('job.done', {});
  await harness.advance(0);
}

async function errorOf(promise: Promise<unknown>): Promise<OptionsError> {
  return promise.then(
    () => expect.unreachable(),
    (error: unknown) => error as OptionsError,
  );
}

describe('auth: basic', () => {
  it('is sent with every attempt, in UTF-8', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500, 204);
    await harness.createEndpoint({ auth: { type: 'basic', username: 'röbot', password: 'pass: word' } });
    await emit(harness);
    await harness.advance(MINUTE);
    expect(authorizations(harness.receiver)).toEqual(Array(2).fill(basic('röbot:pass: word')));
  });

  it('can be the default of a dispatcher, replaced or switched off by an endpoint', async () => {
    await using harness = await createHarness({
      dispatcher: { auth: { type: 'basic', username: 'all', password: 'x' } },
    });
    await harness.createEndpoint({ url: harness.receiver.urlOf('/default') });
    await harness.createEndpoint({ url: harness.receiver.urlOf('/off'), auth: false });
    const own = await harness.createEndpoint({
      url: harness.receiver.urlOf('/own'),
      auth: { type: 'basic', username: 'own', password: '' },
    });
    await emit(harness);
    const sent = (): Record<string, unknown> =>
      Object.fromEntries(
        harness.receiver.requests.map(({ path, headers }) => [path, headers['authorization']]),
      );
    expect(sent()).toEqual({ '/default': basic('all:x'), '/off': undefined, '/own': basic('own:') });
    await harness.dispatcher.endpoints.update(own.id, { auth: null });
    harness.receiver.clear();
    await emit(harness);
    expect(sent()['/own']).toBe(basic('all:x'));
  });

  it('works for a destination that comes with a message', async () => {
    await using harness = await createHarness();
    const auth = { type: 'basic', username: 'u', password: 'p' } as const;
    await harness.dispatcher.emit('job.done', {}, { to: { url: harness.receiver.url, auth } });
    await harness.advance(0);
    expect(authorizations(harness.receiver)).toEqual([basic('u:p')]);
  });
});

describe('auth beside other writers of the header', () => {
  const auth = { type: 'basic', username: 'u', password: 'hunter2' } as const;

  it.each<[string, Partial<EndpointInput>, string]>([
    ['a static header', { headers: { Authorization: 'x' } }, 'endpoint.headers["Authorization"]'],
    [
      'a computed header',
      { computedHeaders: { authorization: 'message.id' } },
      'endpoint.computedHeaders["authorization"]',
    ],
    ['a signature scheme', { signatures: [{ scheme: 'hex', header: 'authorization' }] }, 'endpoint.auth'],
  ])('refuses %s', async (_what, settings, path) => {
    await using harness = await createHarness();
    const error = await errorOf(harness.createEndpoint({ auth, ...settings }));
    expect(error.path).toBe(path);
    expect(error.message).toMatch(/writes it/);
    expect(error.message).not.toContain('hunter2');
  });

  it('refuses a header of the dispatcher, until the endpoint has no auth', async () => {
    await using harness = await createHarness({ dispatcher: { headers: { authorization: 'x' } } });
    expect((await errorOf(harness.createEndpoint({ auth }))).path).toBe('endpoint.headers["authorization"]');
    const { id } = await harness.createEndpoint({ auth: false });
    expect((await errorOf(harness.dispatcher.endpoints.update(id, { auth }))).path).toContain(
      'authorization',
    );
  });

  it('does not let a named function write it', async () => {
    await using harness = await createHarness({
      dispatcher: { functions: { signature: { own: () => ({ Authorization: 'x' }) } } },
    });
    const endpoint = await harness.createEndpoint({ auth, signatures: ['own'] });
    await emit(harness);
    expect(harness.receiver.received).toBe(0);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery!.attemptLog[0]).toMatchObject({ outcome: 'dispatcher_failed', reason: 'bad_request' });
  });
});

describe('auth: bearer', () => {
  const auth = { type: 'bearer', token: 'vault' } as const;

  it('asks the named function at each attempt', async () => {
    const asked: unknown[] = [];
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          token: {
            vault: async ({ message, endpoint, attempt }) => {
              asked.push([message.type, endpoint.tenant, attempt]);
              return `token-${attempt}`;
            },
          },
        },
      },
    });
    harness.receiver.reply(401, 204);
    await harness.createEndpoint({ auth });
    await emit(harness);
    await harness.advance(MINUTE);
    expect(authorizations(harness.receiver)).toEqual(['Bearer token-1', 'Bearer token-2']);
    expect(asked).toEqual([
      ['job.done', 'default', 1],
      ['job.done', 'default', 2],
    ]);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => expect.unreachable('vault is sealed'),
      /^the token function "vault" threw: .*vault is sealed/,
    ],
    ['gives no token', () => undefined, /must return a bearer token/],
    ['gives what would split the request', () => 'a\r\nx: hunter2', /must return a bearer token/],
    ['gives the whole header', () => 'Bearer hunter2', /must return a bearer token/],
  ])('sends nothing when the function %s, and does not charge the endpoint', async (_what, vault, detail) => {
    await using harness = await createHarness({
      dispatcher: { functions: { token: { vault: vault as () => string } } },
    });
    const endpoint = await harness.createEndpoint({ auth });
    await emit(harness);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({ state: 'scheduled', reason: 'function_failed', attempts: 0 });
    expect(delivery!.attemptLog[0]!.detail).toMatch(detail);
    expect(delivery!.attemptLog[0]!.detail).not.toContain('hunter2');
    expect(harness.receiver.received).toBe(0);
  });

  it('ends at the deadline of the attempt when the function takes too long', async () => {
    let resolve!: (token: string) => void;
    await using harness = await createHarness({
      dispatcher: {
        functions: { token: { vault: () => new Promise<string>((settle) => (resolve = settle)) } },
      },
    });
    const endpoint = await harness.createEndpoint({ auth, timeoutMs: 1_000 });
    await harness.dispatcher.emit('job.done', {});
    await harness.clock.advance(1_100);
    await harness.dispatcher.deliveries.list();
    resolve('late');
    await harness.advance(0);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({ reason: 'function_failed', attempts: 0 });
    expect(harness.receiver.received).toBe(0);
  });

  it('refuses a name that is not registered', async () => {
    await using harness = await createHarness();
    expect((await errorOf(harness.createEndpoint({ auth }))).path).toBe('endpoint.auth.token');
  });
});

interface OAuthWorld extends AsyncDisposable {
  readonly harness: Harness;
  readonly tokens: Receiver;
  readonly auth: Extract<NonNullable<EndpointInput['auth']>, { type: 'oauth2' }>;
}

/** A dispatcher, a receiver, and a token server that gives t1, t2, … unless told otherwise. */
async function oauthWorld(dispatcher: DispatcherOptions = {}): Promise<OAuthWorld> {
  const harness = await createHarness({ dispatcher });
  const tokens = await createReceiver();
  let given = 0;
  tokens.always(() => ({
    status: 200,
    body: JSON.stringify({ access_token: `t${(given += 1)}`, token_type: 'Bearer', expires_in: 600 }),
  }));
  return {
    harness,
    tokens,
    auth: { type: 'oauth2', tokenUrl: tokens.urlOf('/token'), clientId: 'posthorn', clientSecret: 'hunter2' },
    async [Symbol.asyncDispose]() {
      await harness.close();
      await tokens.close();
    },
  };
}

describe('auth: oauth2', () => {
  it.each([
    ['undici', undiciTransport],
    ['ky', kyTransport],
  ])('asks for a token by %s, and uses it until shortly before it expires', async (_name, create) => {
    await using world = await oauthWorld({ transport: create() });
    const { harness, tokens, auth } = world;
    await harness.createEndpoint({ auth: { ...auth, scope: 'hooks', audience: 'api' } });
    for (let round = 0; round < 3; round += 1) {
      await emit(harness);
      await harness.advance(4 * MINUTE);
    }
    // 600 seconds less one minute: the third, after 8 minutes, still has it.
    await harness.advance(MINUTE);
    await emit(harness);
    expect(authorizations(harness.receiver)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t1', 'Bearer t2']);
    expect(tokens.received).toBe(2);
    const { method, path, headers, body } = tokens.requests[0]!;
    expect([method, path, headers['authorization']]).toEqual(['POST', '/token', basic('posthorn:hunter2')]);
    expect(Object.fromEntries(new URLSearchParams(Buffer.from(body).toString()))).toEqual({
      grant_type: 'client_credentials',
      scope: 'hooks',
      audience: 'api',
    });
  });

  it('asks once for attempts that need it at the same time, and once for endpoints of the same settings', async () => {
    await using world = await oauthWorld();
    const { harness, tokens, auth } = world;
    await harness.createEndpoint({ auth });
    await harness.createEndpoint({ auth });
    await harness.createEndpoint({ auth: { ...auth, scope: 'other' } });
    await Promise.all(Array.from({ length: 10 }, () => harness.dispatcher.emit('job.done', {})));
    await harness.advance(0);
    expect(harness.receiver.received).toBe(30);
    expect(tokens.received).toBe(2);
  });

  it('gets another token for the next attempt after a 401', async () => {
    await using world = await oauthWorld();
    const { harness, auth } = world;
    harness.receiver.reply(401, 403, 204);
    const endpoint = await harness.createEndpoint({
      auth,
      retry: { kind: 'schedule', delaysMs: [1_000, 1_000] },
    });
    await emit(harness);
    await harness.advance(MINUTE);
    // A 403 says that the token was understood.
    expect(authorizations(harness.receiver)).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t2']);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 3 }]);
  });

  it('keeps the new token when several attempts find the old one refused', async () => {
    await using world = await oauthWorld();
    const { harness, tokens, auth } = world;
    harness.receiver.always(({ headers }) => (headers['authorization'] === 'Bearer t1' ? 401 : 204));
    await harness.createEndpoint({ auth, retry: { kind: 'schedule', delaysMs: [1_000] } });
    await Promise.all(Array.from({ length: 5 }, () => harness.dispatcher.emit('job.done', {})));
    await harness.advance(MINUTE);
    expect([harness.receiver.received, tokens.received]).toEqual([10, 2]);
  });

  it.each<[string, Parameters<Receiver['always']>[0], string]>([
    ['refuses', { status: 401, body: '{"error":"invalid_client"}' }, 'it answered HTTP 401 (invalid_client)'],
    ['redirects', { status: 302, headers: { location: 'http://169.254.169.254/' } }, 'it answered HTTP 302'],
    ['answers nonsense', { status: 200, body: '<html>' }, 'its answer is not a JSON object'],
    ['answers too much', { status: 200, body: ' '.repeat(70_000) }, 'its answer is too long, or broke off'],
  ])('sends nothing and charges the endpoint when the token server %s', async (_what, reply, why) => {
    await using world = await oauthWorld();
    const { harness, tokens, auth } = world;
    tokens.always(reply);
    const endpoint = await harness.createEndpoint({ auth, retry: { kind: 'schedule', delaysMs: [1_000] } });
    await emit(harness);
    await harness.advance(MINUTE);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({ state: 'exhausted', reason: 'token_failed', attempts: 2 });
    expect(delivery!.attemptLog[0]).toMatchObject({
      outcome: 'endpoint_failed',
      detail: `no token from the token server: ${why}`,
    });
    expect([harness.receiver.received, tokens.received]).toEqual([0, 2]);
  });

  it('ends at the deadline when the token server says nothing, and recovers', async () => {
    await using world = await oauthWorld();
    const { harness, tokens, auth } = world;
    tokens.hold();
    const endpoint = await harness.createEndpoint({
      auth,
      timeoutMs: 2_000,
      retry: { kind: 'schedule', delaysMs: [1_000] },
    });
    await harness.dispatcher.emit('job.done', {});
    await tokens.waitFor(1);
    await harness.clock.advance(2_100);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({ state: 'scheduled', reason: 'token_failed', attempts: 1 });
    expect(delivery!.attemptLog[0]).toMatchObject({ outcome: 'endpoint_failed' });
    tokens.release();
    await harness.advance(MINUTE);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
  });

  it('is called off by a stop, without using up the attempt', async () => {
    await using world = await oauthWorld();
    const { harness, tokens, auth } = world;
    tokens.hold();
    await harness.createEndpoint({ auth });
    await harness.dispatcher.emit('job.done', {});
    await tokens.waitFor(1);
    await harness.dispatcher.stop({ timeoutMs: 0 });
    expect(harness.receiver.received).toBe(0);
    expect(harness.clock.nextTimerAt).toBeUndefined();
  });

  it('judges the address of the token server like that of an endpoint', async () => {
    const private_ = ['http://127.0.0.1/', 'http://user:pass@id.example/', 'http://id.example:25/'];
    await using harness = await createHarness({ dispatcher: { network: {} } });
    const auth = { type: 'oauth2', clientId: 'a', clientSecret: 'b' } as const;
    for (const tokenUrl of private_) {
      const created = harness.dispatcher.endpoints.create({
        url: 'https://a.example/',
        auth: { ...auth, tokenUrl },
      });
      expect((await errorOf(created)).path).toBe('endpoint.auth.tokenUrl');
    }
  });

  it('refuses a token server whose name leads into a private network', async () => {
    await using world = await oauthWorld({
      network: {
        ...LOOPBACK,
        lookup: (_name, _options, answer) => answer(null, [{ address: '10.0.0.1', family: 4 }]),
      },
    });
    const { harness, auth } = world;
    const endpoint = await harness.createEndpoint({ auth: { ...auth, tokenUrl: 'http://id.example/' } });
    await emit(harness);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery!.attemptLog[0]).toMatchObject({
      reason: 'token_failed',
      detail:
        "no token from the token server: blocked: id.example resolves to 10.0.0.1: 10.0.0.1 is a private network; private addresses are refused unless the dispatcher has network: { allowHosts: ['id.example'] } or { allowPrivate: ['10.0.0.1/32'] }",
    });
    expect(harness.receiver.received).toBe(0);
  });

  it('asks through the proxy, whose faults are not charged to the endpoint', async () => {
    await using proxy = await ConnectProxy.start();
    await using world = await oauthWorld({ network: { ...LOOPBACK, proxy: proxy.url() } });
    const { harness, tokens, auth } = world;
    proxy.conduct = { status: 503 };
    const endpoint = await harness.createEndpoint({ auth });
    await emit(harness);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ reason: 'proxy_failed', attempts: 0 }]);
    proxy.conduct = 'tunnel';
    await harness.advance(MINUTE);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
    expect([tokens.received, proxy.tunnels]).toEqual([1, 2]);
  });

  it('works for endpoints.test', async () => {
    await using world = await oauthWorld();
    const { harness, auth } = world;
    const { id } = await harness.createEndpoint({ auth });
    expect(await harness.dispatcher.endpoints.test(id)).toMatchObject({ delivered: true });
    expect(authorizations(harness.receiver)).toEqual(['Bearer t1']);
  });
});

describe('credentials', () => {
  it('are in no reply, log line, event, record, health or inspection', async () => {
    const lines: unknown[] = [];
    const log = (...line: unknown[]): void => void lines.push(line);
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const seenByFunctions: unknown[] = [];
    await using world = await oauthWorld({
      logger,
      functions: { header: { spy: ({ endpoint }) => void seenByFunctions.push(endpoint) } },
    });
    const { harness, auth, tokens } = world;
    const { dispatcher } = harness;
    const events = recordEvents(
      dispatcher,
      'delivery.retrying',
      'delivery.succeeded',
      'endpoint.updated',
      'error',
    );
    const created = await harness.createEndpoint({ auth, computedHeaders: { 'X-Spy': 'spy' } });
    tokens.reply({ status: 401, body: '{"error":"invalid_client"}' });
    await emit(harness);
    await harness.advance(MINUTE);
    const updated = await dispatcher.endpoints.update(created.id, { name: 'x' });
    const { id } = created;
    const replies = [created, updated, await dispatcher.endpoints.get(id), await dispatcher.endpoints.list()];
    const record = [
      await harness.deliveriesTo(id),
      await dispatcher.explain('job.done', {}),
      await dispatcher.health(),
    ];
    const seen = [replies, record, lines, events, seenByFunctions, dispatcher];
    expect(harness.receiver.received).toBe(1);
    expect(seenByFunctions.length).toBe(1);
    const text = inspect(seen, { depth: 30, showHidden: true, maxArrayLength: null }) + JSON.stringify(seen);
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(basic('posthorn:hunter2').slice('Basic '.length));
    expect(text).not.toContain('Bearer t1');
    expect(created).toMatchObject({ auth: { type: 'oauth2', clientId: 'posthorn' } });
  });
});
