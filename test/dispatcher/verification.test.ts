import { describe, expect, it } from 'vitest';
import type { Endpoint, OptionsError } from '../../src/index.ts';
import { createHarness, type Harness, type Receiver, type RecordedRequest } from '../../src/testing/index.ts';
import type { FixedReply } from '../../src/listener/reply-script.ts';
import { recordEvents, until } from '../support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Challenge {
  readonly type: string;
  readonly data: { readonly endpointId: string; readonly challenge: string };
}

const challengeIn = (request: RecordedRequest): string => (request.json() as Challenge).data.challenge;
const isChallenge = (request: RecordedRequest): boolean =>
  request.method === 'POST' && (request.json() as Challenge).type === 'posthorn.endpoint.challenge';
/** Answers as an owner who has read the docs. */
const echo = (request: RecordedRequest): FixedReply =>
  isChallenge(request) ? { status: 200, body: challengeIn(request) } : 204;

const disabled = (endpoint: Endpoint): unknown => [endpoint.status, endpoint.disabledReason];

async function errorOf(promise: Promise<unknown>): Promise<OptionsError> {
  return promise.then(
    () => expect.unreachable(),
    (error: unknown) => error as OptionsError,
  );
}

/** An endpoint whose check has ended. */
async function setup(
  reply: Parameters<Receiver['always']>[0],
  input: Parameters<Harness['createEndpoint']>[0] = {},
): Promise<Harness & { readonly id: string; read(): Promise<Endpoint> }> {
  const harness = await createHarness();
  harness.receiver.always(reply);
  const { id } = await harness.createEndpoint({ verification: 'challenge', ...input });
  await harness.advance(0);
  return Object.assign(harness, { id, read: () => harness.dispatcher.endpoints.get(id) });
}

describe('an endpoint with verification: challenge', () => {
  it('is disabled until it answers with the token, and gets what is emitted afterwards', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    const events = recordEvents(
      dispatcher,
      'endpoint.created',
      'endpoint.updated',
      'endpoint.disabled',
      'endpoint.verified',
      'endpoint.verification_failed',
    );
    receiver.hold();
    receiver.always(echo);
    const created = await harness.createEndpoint({ verification: 'challenge' });
    expect(disabled(created)).toEqual(['disabled', 'unverified']);
    await receiver.waitFor(1);
    const missed = await dispatcher.emit('job.done', 1);
    receiver.release();
    await harness.advance(0);
    expect(await dispatcher.endpoints.get(created.id)).toMatchObject({
      status: 'enabled',
      verificationState: { kind: 'challenge', url: receiver.url, checks: 1, verifiedAt: harness.clock.now() },
    });
    expect((await dispatcher.endpoints.get(created.id)).disabledReason).toBeUndefined();
    expect(events.map(({ name }) => name)).toEqual(['endpoint.created', 'endpoint.verified']);
    expect(events[1]!.event).toMatchObject({ tenant: 'default', verification: 'challenge' });
    await dispatcher.emit('job.done', 2);
    await harness.advance(0);
    expect(receiver.received).toBe(2);
    expect(await harness.deliveriesTo(created.id)).toMatchObject([
      { messageId: missed.id, state: 'discarded', reason: 'endpoint_disabled' },
      { state: 'succeeded' },
    ]);
    await dispatcher.replay({ endpointId: created.id, states: ['discarded'] });
    await harness.advance(0);
    expect(receiver.requests.at(-1)!.headers['webhook-id']).toBe(missed.id);
  });

  it('is asked by a signed request like a delivery, of which nothing is recorded', async () => {
    await using harness = await createHarness({
      receiver: { verify: { secret: SECRET, toleranceMs: Infinity } },
    });
    harness.receiver.always(echo);
    await harness.createEndpoint({
      secret: SECRET,
      verification: 'challenge',
      envelope: 'bytes',
      headers: { 'X-Shop': 'acme' },
      computedHeaders: { 'X-Event': 'message.type' },
      auth: { type: 'basic', username: 'u', password: 'p' },
    });
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request).toMatchObject({
      method: 'POST',
      verification: { ok: true },
      headers: {
        'content-type': 'application/json',
        'x-shop': 'acme',
        'x-event': 'posthorn.endpoint.challenge',
        authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
      },
    });
    expect(challengeIn(request!)).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect((await harness.dispatcher.messages.list()).items).toEqual([]);
    expect((await harness.dispatcher.deliveries.list()).items).toEqual([]);
  });

  it.each<[string, (token: string) => FixedReply]>([
    ['as text', (token) => ({ status: 200, body: token })],
    ['as text that ends with a line break', (token) => ({ status: 201, body: `${token}\r\n` })],
    ['as a JSON string', (token) => ({ status: 202, body: JSON.stringify(token) })],
    ['as JSON', (token) => ({ status: 200, body: JSON.stringify({ challenge: token, more: [1] }) })],
  ])('accepts the token %s', async (_how, answer) => {
    await using world = await setup((request) => answer(challengeIn(request)));
    expect((await world.read()).status).toBe('enabled');
  });

  it.each<[string, (token: string) => FixedReply, string, string]>([
    ['nothing', () => 200, 'wrong_answer', 'is not the token'],
    ['another token', (token) => ({ status: 200, body: `${token}x` }), 'wrong_answer', 'is not the token'],
    ['the token of another case', (token) => ({ status: 200, body: flip(token) }), 'wrong_answer', 'not the'],
    [
      'the request',
      (token) => ({ status: 200, body: `{"data":{"challenge":"${token}"}}` }),
      'wrong_answer',
      '',
    ],
    ['no text', () => ({ status: 200, body: Buffer.from([0xff, 0xfe]) }), 'wrong_answer', 'is not text'],
    ['JSON of another form', () => ({ status: 200, body: '{"challenge":["x"]}' }), 'wrong_answer', ''],
    ['too much', (token) => ({ status: 200, body: token.padEnd(5000) }), 'wrong_answer', 'longer than 4096'],
    ['a redirect', (token) => ({ status: 302, headers: { location: '/' }, body: token }), 'redirect', '302'],
    ['404', (token) => ({ status: 404, body: token }), 'http_status', 'HTTP 404'],
    ['410', (token) => ({ status: 410, body: token }), 'http_status', 'HTTP 410'],
  ])('stays disabled after %s, and is not asked again', async (_what, answer, reason, detail) => {
    await using world = await setup((request) => answer(challengeIn(request)));
    const endpoint = await world.read();
    expect(disabled(endpoint)).toEqual(['disabled', 'unverified']);
    expect(endpoint.verificationState).toMatchObject({ checks: 1, failure: { reason } });
    expect(endpoint.verificationState!.failure!.detail).toContain(detail);
    expect(endpoint.verificationState).not.toHaveProperty('nextCheckAt');
    await world.advance(48 * HOUR);
    expect(world.receiver.received).toBe(1);
  });

  it('is asked again while it does not answer, five times, and says when', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver, clock } = harness;
    const startAt = clock.now();
    const events = recordEvents(dispatcher, 'endpoint.verification_failed');
    receiver.always(503);
    const { id } = await harness.createEndpoint({ verification: 'challenge' });
    await harness.advance(0);
    expect((await dispatcher.endpoints.get(id)).verificationState).toMatchObject({
      checks: 1,
      nextCheckAt: startAt + 10_000,
      failure: { at: startAt, reason: 'http_status', status: 503 },
    });
    await harness.advance(48 * HOUR);
    expect(receiver.received).toBe(5);
    const seen = events.map(({ event }) => [(event['at'] as number) - startAt, event['final']]);
    expect(seen).toEqual([
      [0, false],
      [10_000, false],
      [70_000, false],
      [670_000, false],
      [4_270_000, true],
    ]);
    expect(new Set(receiver.requests.map(challengeIn)).size).toBe(5);
    receiver.always(echo);
    expect(await dispatcher.endpoints.verify(id)).toMatchObject({
      verified: true,
      reason: undefined,
      status: 200,
      endpoint: { status: 'enabled' },
    });
  });

  it('whose receiver has no secret yet is asked again, and told so', async () => {
    await using world = await setup(401);
    expect((await world.read()).verificationState).toMatchObject({
      nextCheckAt: world.clock.now() + 10_000,
      failure: { status: 401, detail: 'HTTP 401 (its receiver may not have the secret yet)' },
    });
    world.receiver.always(echo);
    await world.advance(10_000);
    expect(await world.read()).toMatchObject({ status: 'enabled', verificationState: { checks: 2 } });
  });

  it('ends a check that takes longer than timeoutMs', async () => {
    await using world = await setup({ status: 200, hold: true }, { timeoutMs: 2_000 });
    await world.advance(2_100);
    expect((await world.read()).verificationState).toMatchObject({
      failure: { reason: 'timeout', detail: 'no response within 2000 ms' },
    });
    world.receiver.always(echo);
    await world.advance(10_000);
    expect((await world.read()).status).toBe('enabled');
  });

  it('opens no connection to an address that is refused, by its URL or by what its name resolves to', async () => {
    await using target = await createHarness();
    await using harness = await createHarness({
      dispatcher: {
        network: { lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
      },
    });
    const { dispatcher } = harness;
    const { port } = new URL(target.receiver.url);
    const refused = await errorOf(
      harness.createEndpoint({ url: target.receiver.url, verification: 'challenge' }),
    );
    expect(refused.path).toBe('endpoint.url');
    const { id } = await harness.createEndpoint({
      url: `http://hooks.example.com:${port}/`,
      verification: 'challenge',
    });
    await harness.advance(0);
    expect(await dispatcher.endpoints.verify(id)).toMatchObject({ verified: false, reason: 'blocked' });
    await harness.advance(48 * HOUR);
    expect((await dispatcher.endpoints.get(id)).verificationState).toMatchObject({ checks: 5 });
    expect(target.receiver.connections).toBe(0);
  });
});

describe('receivers that let their checks wait', () => {
  it('hold up no checks of other tenants', async () => {
    await using harness = await createHarness();
    const { receiver, dispatcher } = harness;
    receiver.on('/slow').always({ status: 200, hold: true });
    receiver.on('/quick').always(echo);
    const url = receiver.urlOf('/slow');
    for (let n = 0; n < 12; n += 1)
      await harness.createEndpoint({ tenant: 'slow', url, verification: 'challenge' });
    await receiver.waitFor(10);
    const { id } = await harness.createEndpoint({ url: receiver.urlOf('/quick'), verification: 'challenge' });
    await until(async () => (await dispatcher.endpoints.get(id)).status === 'enabled', 'it is verified');
    expect(receiver.requests.filter(({ path }) => path === '/slow')).toHaveLength(10);
    // The other two have their turn when the first have ended.
    await harness.advance(15_100);
    expect(receiver.requests.filter(({ path }) => path === '/slow').length).toBeGreaterThanOrEqual(12);
  });
});

describe('what an endpoint that is not verified gets', () => {
  it('is nothing, by whatever way it is sent, and explain says why', async () => {
    await using world = await setup(404);
    const { dispatcher, id, receiver } = world;
    await dispatcher.emit('job.done', {}, { to: [id] });
    await dispatcher.endpoints.resume(id);
    await dispatcher.replay({ endpointId: id });
    await world.advance(HOUR);
    expect(receiver.received).toBe(1);
    const { items } = await dispatcher.explain('job.done', {});
    expect(items).toMatchObject([{ receives: false, verdict: 'disabled' }]);
    expect(items[0]!.reason).toBe(
      'It matches, but the endpoint is disabled: the delivery would be discarded. The reason is that it is not verified: HTTP 404. Call endpoints.verify to check it now.',
    );
  });

  it('names the time of the next check', async () => {
    await using world = await setup(503);
    const next = `It is checked again at ${new Date(world.clock.now() + 10_000).toISOString()}; endpoints.verify checks it now.`;
    const { items } = await world.dispatcher.explain('job.done', {});
    expect(items[0]!.reason).toContain(next);
    const refused = await errorOf(world.dispatcher.endpoints.update(world.id, { status: 'enabled' }));
    expect(refused.message).toContain(next);
  });

  it('says of a first check that is under way that it is, after a change of the URL too', async () => {
    await using world = await setup(echo);
    const { dispatcher, id, receiver } = world;
    receiver.hold();
    await dispatcher.endpoints.update(id, { url: receiver.urlOf('/new') });
    await receiver.waitFor(2);
    const reason = async (): Promise<string> => (await dispatcher.explain('job.done', {})).items[0]!.reason;
    const { verificationState } = await world.read();
    const next = new Date(verificationState!.nextCheckAt!).toISOString();
    expect(await reason()).toContain(
      `it is not verified: a check has begun, and not ended yet. It is checked once more, if nothing comes of it, at ${next};`,
    );
    receiver.release();
    await world.advance(0);
    expect(await reason()).toBe('It matches and is sent now.');
  });

  it('cannot be changed by enabling it', async () => {
    await using world = await setup(404);
    const { endpoints } = world.dispatcher;
    const error = await errorOf(endpoints.update(world.id, { status: 'enabled' }));
    expect(error).toMatchObject({ code: 'invalid_option', path: 'endpoint.status' });
    expect(error.message).toContain('it is not verified: HTTP 404. Call endpoints.verify');
    // Somebody who disables it means that it stays so when it is verified.
    await endpoints.update(world.id, { status: 'disabled' });
    expect(disabled(await world.read())).toEqual(['disabled', 'manual']);
    await errorOf(endpoints.update(world.id, { status: 'enabled' }));
    world.receiver.always(echo);
    expect(await endpoints.verify(world.id)).toMatchObject({
      verified: true,
      endpoint: { status: 'disabled' },
    });
    expect((await endpoints.update(world.id, { status: 'enabled' })).status).toBe('enabled');
  });
});

describe('a change of an endpoint that is verified', () => {
  it('of its url needs a verification of the new one, also back to an old one', async () => {
    await using world = await setup(echo);
    const { dispatcher, id, receiver } = world;
    const { endpoints } = dispatcher;
    const events = recordEvents(dispatcher, 'endpoint.disabled', 'endpoint.verified', 'endpoint.updated');
    receiver.hold();
    const moved = await endpoints.update(id, { url: receiver.urlOf('/new'), status: 'enabled' });
    expect(disabled(moved)).toEqual(['disabled', 'unverified']);
    expect(moved).not.toHaveProperty('verificationState');
    await receiver.waitFor(2);
    expect(disabled(await endpoints.update(id, { url: receiver.url }))).toEqual(['disabled', 'unverified']);
    // What the other address answers by now no longer counts, and is reported.
    receiver.on('/').always(404);
    receiver.release();
    await world.advance(0);
    expect(await world.read()).toMatchObject({
      status: 'disabled',
      verificationState: { url: receiver.url, checks: 1, failure: { status: 404 } },
    });
    await endpoints.update(id, { url: receiver.urlOf('/other') });
    await world.advance(0);
    expect(await world.read()).toMatchObject({
      status: 'enabled',
      verificationState: { url: receiver.urlOf('/other'), checks: 1 },
    });
    expect(events[1]!.event).toMatchObject({ reason: 'unverified', detail: 'It has to be verified first.' });
    expect(events.map(({ name }) => name)).toEqual([
      'endpoint.updated',
      'endpoint.disabled',
      'endpoint.updated',
      'endpoint.updated',
      'endpoint.verified',
    ]);
    await dispatcher.emit('job.done', {});
    await world.advance(0);
    expect(receiver.requests.at(-1)!.path).toBe('/other');
  });

  it('of its url keeps what waits where onDisable says so', async () => {
    await using world = await setup(echo, { onDisable: 'hold', retry: 'short' });
    const { dispatcher, id, receiver } = world;
    receiver.always(500);
    await dispatcher.emit('job.done', {});
    await world.advance(0);
    receiver.on('/new').always(echo);
    await dispatcher.endpoints.update(id, { url: receiver.urlOf('/new') });
    await world.advance(HOUR);
    expect(await world.deliveriesTo(id)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/', '/', '/new', '/new']);
  });

  it('of its verification needs the other one, and to none enables what only waited for it', async () => {
    await using world = await setup(404);
    const { endpoints } = world.dispatcher;
    expect((await endpoints.update(world.id, { verification: false })).status).toBe('enabled');
    const again = await endpoints.update(world.id, { verification: 'challenge' });
    expect(disabled(again)).toEqual(['disabled', 'unverified']);
    expect((await endpoints.update(world.id, { verification: null })).status).toBe('enabled');
  });

  it('of anything else needs nothing', async () => {
    await using world = await setup(echo);
    const changed = await world.dispatcher.endpoints.update(world.id, { name: 'a', timeoutMs: 1_000 });
    expect(changed.status).toBe('enabled');
    await world.advance(HOUR);
    expect(world.receiver.received).toBe(1);
  });
});

describe('endpoints.verify', () => {
  it('joins the check that is under way, unless the endpoint was changed since', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.hold();
    receiver.always(echo);
    const { id } = await harness.createEndpoint({ verification: 'challenge' });
    const joined = [dispatcher.endpoints.verify(id), dispatcher.endpoints.verify(id)];
    await receiver.waitFor(1);
    joined.push(dispatcher.endpoints.verify(id));
    await until(async () => (await dispatcher.health()).inFlight === 1, 'one is asked');
    receiver.release();
    expect(await Promise.all(joined)).toMatchObject(Array(3).fill({ verified: true }));
    await harness.advance(0);
    expect(receiver.received).toBe(1);

    receiver.hold();
    const before = dispatcher.endpoints.verify(id);
    await receiver.waitFor(2);
    await dispatcher.endpoints.rotateSecret(id);
    const after = dispatcher.endpoints.verify(id);
    await receiver.waitFor(3);
    receiver.release();
    expect(await Promise.all([before, after])).toMatchObject(Array(2).fill({ verified: true }));
  });

  it('says what came of it, and takes nothing away from an endpoint that is verified', async () => {
    await using world = await setup(echo);
    world.receiver.always(500);
    const result = await world.dispatcher.endpoints.verify(world.id);
    expect(result).toMatchObject({
      verified: false,
      reason: 'http_status',
      detail: 'HTTP 500',
      status: 500,
      endpoint: { status: 'enabled' },
    });
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
  });

  it('refuses an endpoint that has nothing to prove, and one that is not there', async () => {
    await using harness = await createHarness();
    const { endpoints } = harness.dispatcher;
    const { id } = await harness.createEndpoint();
    expect((await errorOf(endpoints.verify(id))).message).toBe(
      `endpoint.verification: endpoint ${id} has nothing to prove. Update it with verification: 'challenge' or 'handshake'.`,
    );
    expect((await errorOf(endpoints.verify('ep_unknown'))).code).toBe('not_found');
    expect(harness.receiver.received).toBe(0);
  });

  it('counts nothing for an endpoint that was moved meanwhile', async () => {
    await using world = await setup(404);
    world.receiver.always(echo);
    world.receiver.hold();
    const verified = errorOf(world.dispatcher.endpoints.verify(world.id));
    await world.receiver.waitFor(2);
    await world.dispatcher.endpoints.update(world.id, { url: world.receiver.urlOf('/moved') });
    world.receiver.on('/moved').always(404);
    world.receiver.release();
    expect(await verified).toMatchObject({ code: 'conflict' });
    await world.advance(0);
    expect(disabled(await world.read())).toEqual(['disabled', 'unverified']);
  });

  it('ends with a stop', async () => {
    await using world = await setup(404);
    world.receiver.hold();
    const verified = errorOf(world.dispatcher.endpoints.verify(world.id));
    await world.receiver.waitFor(2);
    await world.dispatcher.stop({ timeoutMs: 0 });
    expect(await verified).toMatchObject({ code: 'stopped' });
  });
});

describe('the option verification', () => {
  it('holds for endpoints that are created from then on, and not for destinations of a message', async () => {
    await using harness = await createHarness({ dispatcher: { verification: 'challenge' } });
    const { dispatcher, receiver } = harness;
    receiver.always(404);
    expect(await harness.createEndpoint()).toMatchObject({ verification: 'challenge', status: 'disabled' });
    expect(await harness.createEndpoint({ verification: false })).toMatchObject({ status: 'enabled' });
    await harness.advance(0);
    receiver.clear();
    await dispatcher.emit('job.done', {}, { to: { url: receiver.urlOf('/callback') } });
    await harness.advance(0);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/callback']);
    const to = { url: receiver.url, verification: 'challenge' };
    expect((await errorOf(dispatcher.emit('job.done', {}, { to: to as never }))).message).toBe(
      'to.verification: a destination has none, because it gets the message that it came with, at once. Leave it out, or register an endpoint.',
    );
  });

  it.each([true, 'echo', null, 1])('refuses %j', async (verification) => {
    await using harness = await createHarness();
    const error = await errorOf(harness.createEndpoint({ verification: verification as never }));
    expect(error.path).toBe('endpoint.verification');
  });

  it('makes at most ten checks at a time, and all in the end', async () => {
    await using harness = await createHarness();
    const { receiver, dispatcher } = harness;
    receiver.hold();
    receiver.always(echo);
    const created = await Promise.all(
      Array.from({ length: 25 }, () => harness.createEndpoint({ verification: 'challenge' })),
    );
    await receiver.waitFor(10);
    await until(async () => (await dispatcher.health()).inFlight === 10, 'ten are asked');
    expect(receiver.received).toBe(10);
    receiver.release();
    await harness.advance(0);
    expect(receiver.received).toBe(25);
    for (const { id } of created)
      expect(await dispatcher.endpoints.get(id)).toMatchObject({ status: 'enabled' });
  });
});

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function flip(token: string): string {
  return [...token]
    .map((character) =>
      character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase(),
    )
    .join('');
}
