import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EndpointInput } from '../../src/core/endpoint-input.ts';
import { NotFoundError, OptionsError } from '../../src/errors.ts';
import { verifyRequest, type VerifyOptions } from '../../src/listener/verify-request.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { createWorld, decorateStore, recordEvents } from '../support/world.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const OLD = 'the first secret of this endpoint';
const NEW = 'the second secret of this endpoint';
const URL_OK = 'https://example.com/hooks';

/** Emits a message; says which of the secrets its request is signed with. */
async function signersOf(
  harness: Harness,
  scheme: NonNullable<VerifyOptions['scheme']>,
  ...secrets: string[]
): Promise<string[]> {
  harness.receiver.clear();
  await harness.dispatcher.emit('job.done', {});
  await harness.advance(0);
  const [request] = harness.receiver.requests;
  return secrets.filter(
    (secret) => verifyRequest(request!, { scheme, secret, now: () => harness.clock.now() }).ok,
  );
}

const schemes = ['github', 'shopify', 'hex', 'timestamped-hex'] as const;

describe('endpoints.rotateSecret', () => {
  it('answers with a generated secret, and says until when the old one signs', async () => {
    await using harness = await createHarness();
    const { dispatcher, clock } = harness;
    const created = await harness.createEndpoint();
    const events = recordEvents(dispatcher, 'endpoint.updated');
    await clock.advance(5);
    const rotated = await dispatcher.endpoints.rotateSecret(created.id);
    expect(rotated).toEqual({
      endpoint: await dispatcher.endpoints.get(created.id),
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      publicKey: undefined,
      previousExpiresAt: clock.now() + DAY,
      signsWith: [{ scheme: 'standard', with: 'all' }],
    });
    expect(rotated.secret).not.toBe(created.secret);
    expect(rotated.endpoint.revision).toBe(2);
    expect(rotated.endpoint.secrets).toEqual([
      { hint: rotated.secret.slice(-4), createdAt: clock.now(), expiresAt: undefined, publicKey: undefined },
      {
        hint: created.secret!.slice(-4),
        createdAt: clock.now() - 5,
        expiresAt: clock.now() + DAY,
        publicKey: undefined,
      },
    ]);
    await harness.advance(0);
    expect(events).toMatchObject([{ event: { endpoint: { id: created.id } } }]);
  });

  it('signs with both where there is room, until the grace ends', async () => {
    await using harness = await createHarness();
    const { id, secret } = await harness.createEndpoint();
    const rotated = await harness.dispatcher.endpoints.rotateSecret(id, { graceMs: HOUR });
    const both = [rotated.secret, secret!];
    expect(await signersOf(harness, 'standard', ...both)).toEqual(both);
    await harness.advance(HOUR - 1);
    expect(await signersOf(harness, 'standard', ...both)).toEqual(both);
    await harness.advance(1);
    expect(await signersOf(harness, 'standard', ...both)).toEqual([rotated.secret]);
  });

  it.each(schemes)('lets %s change over when the grace ends', async (scheme) => {
    await using harness = await createHarness();
    const { id } = await harness.createEndpoint({ signatures: [scheme], secret: OLD });
    const rotated = await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW, graceMs: HOUR });
    expect(rotated).toMatchObject({ secret: NEW, signsWith: [{ scheme, with: 'previous' }] });
    expect(await signersOf(harness, scheme, OLD, NEW)).toEqual([OLD]);
    await harness.advance(HOUR - 1);
    expect(await signersOf(harness, scheme, OLD, NEW)).toEqual([OLD]);
    await harness.advance(1);
    expect(await signersOf(harness, scheme, OLD, NEW)).toEqual([NEW]);
  });

  it.each(schemes)('lets %s change over at once with switchAt: now', async (scheme) => {
    await using harness = await createHarness();
    const { id } = await harness.createEndpoint({ signatures: [scheme], secret: OLD });
    const rotated = await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW, switchAt: 'now' });
    expect(rotated.signsWith).toEqual([{ scheme, with: 'new' }]);
    expect(rotated.previousExpiresAt).toBe(harness.clock.now() + DAY);
    expect(await signersOf(harness, scheme, OLD, NEW)).toEqual([NEW]);
  });

  it('judges which secrets are live when an attempt is made, not when the message was emitted', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500);
    const { id } = await harness.createEndpoint({
      signatures: ['stripe'],
      secret: OLD,
      retry: { kind: 'schedule', delaysMs: [2 * HOUR] },
    });
    await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW, graceMs: HOUR });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(2 * HOUR);
    const [first, retry] = harness.receiver.requests;
    expect(first!.headers['stripe-signature']!.split(',')).toHaveLength(3);
    expect(retry!.headers['stripe-signature']!.split(',')).toHaveLength(2);
    const options = { scheme: 'stripe', toleranceMs: Infinity } as const;
    expect(verifyRequest(retry!, { ...options, secret: OLD }).ok).toBe(false);
    expect(verifyRequest(retry!, { ...options, secret: NEW }).ok).toBe(true);
  });

  it('stops the old one at once with graceMs: 0', async () => {
    await using harness = await createHarness();
    const { id, secret } = await harness.createEndpoint();
    const rotated = await harness.dispatcher.endpoints.rotateSecret(id, { graceMs: 0 });
    expect(rotated.previousExpiresAt).toBe(harness.clock.now());
    expect(rotated.signsWith).toEqual([{ scheme: 'standard', with: 'new' }]);
    expect(rotated.endpoint.secrets).toHaveLength(1);
    expect(await signersOf(harness, 'standard', secret!, rotated.secret)).toEqual([rotated.secret]);
  });

  it('never stops the old one with graceMs: Infinity', async () => {
    await using harness = await createHarness();
    const { id, secret } = await harness.createEndpoint();
    const rotated = await harness.dispatcher.endpoints.rotateSecret(id, { graceMs: Infinity });
    expect(rotated.previousExpiresAt).toBe(Infinity);
    await harness.advance(2 * DAY);
    const both = [secret!, rotated.secret];
    expect(await signersOf(harness, 'standard', ...both)).toEqual(both);
  });

  it('gives named functions the live secrets, the newest first', async () => {
    const given: string[][] = [];
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          signature: {
            acme: ({ secrets, body }) => {
              given.push([...secrets]);
              return { 'X-Acme': createHmac('sha1', secrets[0]!).update(body).digest('hex') };
            },
          },
        },
      },
    });
    const { id } = await harness.createEndpoint({ signatures: ['acme'], secret: OLD });
    const rotated = await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW, graceMs: HOUR });
    expect(rotated.signsWith).toEqual([{ scheme: 'acme', with: 'all' }]);
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(HOUR);
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(given).toEqual([[NEW, OLD], [NEW]]);
  });

  it('says for each scheme what it signs with', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const signatures = ['standard', 'github', { scheme: 'stripe', header: 'X-Acme-Signature' }];
    const { id } = await endpoints.create({ url: URL_OK, signatures });
    expect((await endpoints.rotateSecret(id)).signsWith).toEqual([
      { scheme: 'standard', with: 'all' },
      { scheme: 'github', with: 'previous' },
      { scheme: 'stripe', with: 'all' },
    ]);
  });

  it('works again during a grace period', async () => {
    await using harness = await createHarness();
    const { endpoints } = harness.dispatcher;
    const { id } = await harness.createEndpoint({ signatures: ['hex'], secret: OLD });
    await endpoints.rotateSecret(id, { secret: NEW, graceMs: HOUR });
    await harness.advance(HOUR / 2);
    const last = 'the third secret of this endpoint';
    const rotated = await endpoints.rotateSecret(id, { secret: last, graceMs: HOUR });
    expect(rotated.endpoint.secrets.map(({ expiresAt }) => expiresAt)).toEqual([
      undefined,
      harness.clock.now() + HOUR,
      harness.clock.now() + HOUR / 2,
    ]);
    const signers: string[][] = [];
    for (let half = 0; half < 3; half += 1) {
      signers.push(await signersOf(harness, 'hex', OLD, NEW, last));
      await harness.advance(HOUR / 2);
    }
    expect(signers).toEqual([[OLD], [NEW], [last]]);
  });

  it('refuses an eleventh live secret, until one of them has expired', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id } = await endpoints.create({ url: URL_OK });
    for (let count = 0; count < 9; count += 1) await endpoints.rotateSecret(id);
    await expect(endpoints.rotateSecret(id)).rejects.toThrow(/there can be 10 in all/);
    expect((await endpoints.get(id)).secrets).toHaveLength(10);
    await world.clock.advance(DAY);
    expect((await endpoints.rotateSecret(id)).endpoint.secrets).toHaveLength(2);
  });

  it('gives an endpoint without a secret its first', async () => {
    await using harness = await createHarness({ dispatcher: { secretPolicy: 'optional' } });
    const { id } = await harness.createEndpoint();
    const rotated = await harness.dispatcher.endpoints.rotateSecret(id);
    expect(rotated).toMatchObject({
      previousExpiresAt: undefined,
      signsWith: [{ scheme: 'standard', with: 'new' }],
    });
    expect(await signersOf(harness, 'standard', rotated.secret)).toEqual([rotated.secret]);
  });

  it('completes an ed25519 seed and answers with its public key', async () => {
    await using harness = await createHarness();
    const { id, publicKey } = await harness.createEndpoint({ signatures: ['standard-ed25519'] });
    const seed = `whsk_${Buffer.alloc(32, 9).toString('base64')}`;
    const rotated = await harness.dispatcher.endpoints.rotateSecret(id, { secret: seed });
    expect(rotated.secret).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/);
    expect(rotated.endpoint.secrets.map((secret) => secret.publicKey)).toEqual([
      rotated.publicKey,
      publicKey,
    ]);
    const keys = [publicKey!, rotated.publicKey!];
    expect(await signersOf(harness, 'standard', ...keys)).toEqual(keys);
  });

  it('drops expired secrets from the record with the next change of the endpoint', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id } = await endpoints.create({ url: URL_OK });
    await endpoints.rotateSecret(id, { graceMs: HOUR });
    await world.clock.advance(HOUR);
    expect((await endpoints.get(id)).secrets).toHaveLength(2);
    expect((await endpoints.update(id, { name: 'crm' })).secrets).toHaveLength(1);
    expect((await world.store.endpoints.get({ id }))!.record.secrets).toHaveLength(1);
  });

  it('lets the scheme change as soon as the secrets that do not fit it have expired', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id } = await endpoints.create({ url: URL_OK, signatures: ['hex'], secret: OLD });
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    await endpoints.rotateSecret(id, { secret, graceMs: HOUR });
    const change = { signatures: ['standard'] };
    await expect(endpoints.update(id, change)).rejects.toMatchObject({ path: 'endpoint.secrets[1]' });
    await world.clock.advance(HOUR);
    expect((await endpoints.update(id, change)).secrets).toHaveLength(1);
  });

  it('replaces all of them with update, grace period or not', async () => {
    await using harness = await createHarness();
    const { endpoints } = harness.dispatcher;
    const { id } = await harness.createEndpoint({ signatures: ['stripe'], secret: OLD });
    await endpoints.rotateSecret(id, { secret: NEW });
    const last = 'the third secret of this endpoint';
    expect((await endpoints.update(id, { secret: last })).secrets).toHaveLength(1);
    expect(await signersOf(harness, 'stripe', OLD, NEW, last)).toEqual([last]);
  });

  it('loses neither of two rotations at the same time', async () => {
    await using world = await createWorld();
    const [first, second] = [world.start(), world.start()];
    const { id, secret } = await first.endpoints.create({ url: URL_OK });
    const rotated = await Promise.all([first, second].map(({ endpoints }) => endpoints.rotateSecret(id)));
    const stored = (await world.store.endpoints.get({ id }))!.record.secrets.map(({ value }) => value);
    expect(new Set(stored)).toEqual(new Set([secret, ...rotated.map((each) => each.secret)]));
    expect(stored.at(-1)).toBe(secret);
  });

  it('is heard by other dispatchers on the store', async () => {
    await using world = await createWorld();
    const [admin, worker] = [world.start({ deliver: false }), world.start()];
    const { id } = await admin.endpoints.create({ url: world.receiver.url });
    await worker.start();
    const { secret } = await admin.endpoints.rotateSecret(id, { graceMs: 0 });
    await admin.emit('job.done', {});
    const [request] = await world.receiver.waitFor(1);
    expect(verifyRequest(request!, { secret, now: () => world.clock.now() })).toEqual({ ok: true });
  });

  it('does not send unsigned when a record has only secrets that have expired', async () => {
    const store = memoryStore();
    await using world = await createWorld({ store });
    const dispatcher = world.start();
    const { id } = await dispatcher.endpoints.create({ url: world.receiver.url });
    const { record } = (await store.endpoints.get({ id }))!;
    const secrets = record.secrets.map((secret) => ({ ...secret, expiresAt: world.clock.now() }));
    await store.endpoints.put({ record: { ...record, secrets }, expectedRevision: record.revision });
    await world.advance(0);
    await dispatcher.emit('job.done', {});
    await world.advance(0);
    expect(world.receiver.received).toBe(0);
    const [delivery] = (await dispatcher.deliveries.list()).items;
    expect(delivery).toMatchObject({ state: 'scheduled', reason: 'bad_secret' });
    await dispatcher.endpoints.rotateSecret(id);
    await world.advance(HOUR);
    expect(world.receiver.received).toBe(1);
  });
});

describe('endpoints.rotateSecret refuses', () => {
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  /** Short enough to pass for a word that somebody mistyped. */
  const SHORT = 'hunter2hunter2';

  it.each<[unknown, string, string, Partial<EndpointInput>?]>([
    [SECRET, 'options', 'expected an object { secret, graceMs, switchAt }, got a string'],
    [[SECRET], 'options', 'got an array'],
    [null, 'options', 'got null'],
    [{ secret: 'no base64!' }, 'secret', 'as the signature scheme standard needs'],
    [{ secret: '' }, 'secret', 'a text of 1 to 1024 characters'],
    [{ secret: 7 }, 'secret', 'got a number'],
    [{ secret: SECRET.repeat(40) }, 'secret', 'got 1520 characters'],
    [{ secrte: SECRET }, 'secrte', 'Did you mean "secret"?'],
    [{ graceMs: -1 }, 'graceMs', 'at least 0'],
    [{ graceMs: NaN }, 'graceMs', 'got NaN'],
    [{ graceMs: 366 * DAY }, 'graceMs', 'at most 31536000000'],
    [{ graceMs: SHORT }, 'graceMs', 'got a string'],
    [{ switchAt: SHORT }, 'switchAt', 'got a string'],
    [{ switchAt: 'later' }, 'switchAt', 'one of "graceEnd", "now"'],
    [{}, 'signatures', "it signs nothing (signatures: ['none'])", { signatures: ['none'] }],
  ])('%j', async (options, path, text, input = {}) => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { secret: _secret, publicKey: _key, ...before } = await endpoints.create({ url: URL_OK, ...input });
    const error: unknown = await endpoints.rotateSecret(before.id, options as never).then(
      () => 'rotated',
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(OptionsError);
    expect(error).toMatchObject({ path, message: expect.stringContaining(text) });
    expect(inspect(error, { depth: Infinity })).not.toMatch(new RegExp(`${SECRET.slice(6)}|${SHORT}`));
    expect(await endpoints.get(before.id)).toEqual(before);
  });

  it('the secret that the endpoint has, without showing it', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id } = await endpoints.create({ url: URL_OK, secret: SECRET });
    const again = endpoints.rotateSecret(id, { secret: SECRET });
    await expect(again).rejects.toThrow(/newest already/);
    await expect(again).rejects.not.toThrow(SECRET);
  });

  it('endpoints that are not there', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    await expect(endpoints.rotateSecret('nobody')).rejects.toThrow(NotFoundError);
    await expect(endpoints.rotateSecret({ secret: SECRET } as never)).rejects.not.toThrow(SECRET);
  });

  it('when the store fails, and changes nothing', async () => {
    const real = memoryStore();
    let isBroken = false;
    const store = decorateStore(real, {
      endpoints: {
        ...real.endpoints,
        get: (params) => real.endpoints.get(params),
        list: (params) => real.endpoints.list(params),
        remove: (params) => real.endpoints.remove(params),
        put: (params) => (isBroken ? Promise.reject(new Error('disk full')) : real.endpoints.put(params)),
      },
    });
    await using world = await createWorld({ store });
    const { endpoints } = world.start();
    const { id } = await endpoints.create({ url: URL_OK });
    const before = await endpoints.get(id);
    isBroken = true;
    await expect(endpoints.rotateSecret(id)).rejects.toThrow('disk full');
    expect(await endpoints.get(id)).toEqual(before);
  });
});
