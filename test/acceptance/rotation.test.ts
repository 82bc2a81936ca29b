/** Rotation, header by header: what is written at each instant is computed here with node:crypto. */
import { describe, expect, it } from 'vitest';
import { createHarness, type Harness, type RecordedRequest } from 'posthorn/testing';
import {
  hexOf,
  publicKeyOf,
  shopifyOf,
  standardV1,
  standardV1a,
  stripeHeader,
  timestampedHexOf,
} from '../support/expected-signatures.ts';
import { createWorld } from '../support/world.ts';

const HOUR = 3_600_000;
const base64Secret = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const [FIRST, SECOND, THIRD] = [base64Secret(1), base64Secret(2), base64Secret(3)];
const [OLD, NEW, LAST] = ['the first text of this endpoint', 'the second one', 'the third text of it'];

/** Sends a message now; its request, and the second in which it was sent. */
async function send(harness: Harness): Promise<{ request: RecordedRequest; seconds: number; id: string }> {
  const seconds = Math.floor(harness.clock.now() / 1000);
  const { id } = await harness.dispatcher.emit('job.done', { text: 'ü € 😀' });
  await harness.advance(0);
  return { request: harness.receiver.requests.at(-1)!, seconds, id };
}

describe('standard during a rotation', () => {
  it('writes the new signature first, the old one until the last millisecond, then the new one alone', async () => {
    await using harness = await createHarness();
    const { id: endpointId } = await harness.createEndpoint({ secret: FIRST });
    await harness.dispatcher.endpoints.rotateSecret(endpointId, { secret: SECOND, graceMs: HOUR });
    await harness.advance(HOUR - 1);
    const last = await send(harness);
    expect(last.request.headers['webhook-signature']).toBe(
      [SECOND, FIRST].map((secret) => standardV1(secret, last.id, last.seconds, last.request.body)).join(' '),
    );
    await harness.advance(1);
    const after = await send(harness);
    expect(after.request.headers['webhook-signature']).toBe(
      standardV1(SECOND, after.id, after.seconds, after.request.body),
    );
  });

  it('writes three signatures while three secrets are live, the newest first', async () => {
    await using harness = await createHarness();
    const { id: endpointId } = await harness.createEndpoint({ secret: FIRST });
    await harness.dispatcher.endpoints.rotateSecret(endpointId, { secret: SECOND });
    await harness.advance(1_000);
    await harness.dispatcher.endpoints.rotateSecret(endpointId, { secret: THIRD });
    const { request, seconds, id } = await send(harness);
    expect(request.headers['webhook-signature']).toBe(
      [THIRD, SECOND, FIRST].map((secret) => standardV1(secret, id, seconds, request.body)).join(' '),
    );
  });

  it('never lengthens the grace of a secret that is ending, and graceMs: 0 ends them all', async () => {
    await using harness = await createHarness();
    const { endpoints } = harness.dispatcher;
    const { id: endpointId } = await harness.createEndpoint({ secret: FIRST });
    await endpoints.rotateSecret(endpointId, { secret: SECOND, graceMs: HOUR });
    await endpoints.rotateSecret(endpointId, { secret: THIRD, graceMs: 10 * HOUR });
    await harness.advance(HOUR);
    const later = await send(harness);
    expect(later.request.headers['webhook-signature']).toBe(
      [THIRD, SECOND]
        .map((secret) => standardV1(secret, later.id, later.seconds, later.request.body))
        .join(' '),
    );
    const leaked = await endpoints.rotateSecret(endpointId, { graceMs: 0 });
    expect(leaked.endpoint.secrets).toHaveLength(1);
    const { request, seconds, id } = await send(harness);
    expect(request.headers['webhook-signature']).toBe(standardV1(leaked.secret, id, seconds, request.body));
  });

  it('writes an undone rotation with the first secret in front again', async () => {
    await using harness = await createHarness();
    const { id: endpointId } = await harness.createEndpoint({ secret: FIRST });
    await harness.dispatcher.endpoints.rotateSecret(endpointId, { secret: SECOND, graceMs: 2 * HOUR });
    await harness.advance(HOUR);
    await harness.dispatcher.endpoints.rotateSecret(endpointId, { secret: FIRST, graceMs: HOUR });
    const during = await send(harness);
    expect(during.request.headers['webhook-signature']).toBe(
      [FIRST, SECOND]
        .map((secret) => standardV1(secret, during.id, during.seconds, during.request.body))
        .join(' '),
    );
    await harness.advance(10 * HOUR);
    const { request, seconds, id } = await send(harness);
    expect(request.headers['webhook-signature']).toBe(standardV1(FIRST, id, seconds, request.body));
  });

  it('signs the test message like any other', async () => {
    await using harness = await createHarness();
    const { id: endpointId } = await harness.createEndpoint({ secret: FIRST });
    await harness.dispatcher.endpoints.rotateSecret(endpointId, { secret: SECOND });
    const { messageId } = await harness.dispatcher.endpoints.test(endpointId);
    const [request] = harness.receiver.requests;
    const seconds = Math.floor(harness.clock.now() / 1000);
    expect(request!.headers['webhook-signature']).toBe(
      [SECOND, FIRST].map((secret) => standardV1(secret, messageId, seconds, request!.body)).join(' '),
    );
  });
});

it('standard-ed25519 writes both signatures, the new one first, then the new one alone', async () => {
  const [oldSeed, newSeed] = [Buffer.alloc(32, 5), Buffer.alloc(32, 6)];
  await using harness = await createHarness();
  const { id: endpointId } = await harness.createEndpoint({
    signatures: ['standard-ed25519'],
    secret: `whsk_${oldSeed.toString('base64')}`,
  });
  const rotated = await harness.dispatcher.endpoints.rotateSecret(endpointId, {
    secret: newSeed.toString('base64'),
    graceMs: HOUR,
  });
  expect(rotated.publicKey).toBe(publicKeyOf(newSeed));
  expect(rotated.endpoint.secrets.map(({ publicKey }) => publicKey)).toEqual([
    publicKeyOf(newSeed),
    publicKeyOf(oldSeed),
  ]);
  const during = await send(harness);
  expect(during.request.headers['webhook-signature']).toBe(
    [newSeed, oldSeed]
      .map((seed) => standardV1a(seed, during.id, during.seconds, during.request.body))
      .join(' '),
  );
  await harness.advance(HOUR);
  const after = await send(harness);
  expect(after.request.headers['webhook-signature']).toBe(
    standardV1a(newSeed, after.id, after.seconds, after.request.body),
  );
});

it('stripe writes t once and a v1 for each live secret, the newest first', async () => {
  await using harness = await createHarness();
  const { id } = await harness.createEndpoint({ signatures: ['stripe'], secret: OLD });
  await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW, graceMs: HOUR });
  await harness.dispatcher.endpoints.rotateSecret(id, { secret: LAST, graceMs: 2 * HOUR });
  const three = await send(harness);
  const headerOf = ({ request }: { request: RecordedRequest }): string =>
    request.headers['stripe-signature']!;
  expect(headerOf(three)).toBe(stripeHeader([LAST, NEW, OLD], three.seconds, three.request.body));
  await harness.advance(HOUR);
  const two = await send(harness);
  expect(headerOf(two)).toBe(stripeHeader([LAST, NEW], two.seconds, two.request.body));
  await harness.advance(HOUR);
  const one = await send(harness);
  expect(headerOf(one)).toBe(stripeHeader([LAST], one.seconds, one.request.body));
});

const single: [
  scheme: string,
  header: string,
  of: (secret: string, seconds: number, body: Buffer) => string,
][] = [
  ['github', 'x-hub-signature-256', (secret, _, body) => `sha256=${hexOf(secret, body)}`],
  ['shopify', 'x-shopify-hmac-sha256', (secret, _, body) => shopifyOf(secret, body)],
  ['hex', 'x-webhook-signature', (secret, _, body) => hexOf(secret, body)],
  ['timestamped-hex', 'x-webhook-signature', timestampedHexOf],
];

describe.each(single)('%s, with room for one signature,', (scheme, header, signatureOf) => {
  it('signs the retry of a delivery that was scheduled before the rotation with the secret of its instant', async () => {
    await using harness = await createHarness();
    harness.receiver.always(500);
    const { id } = await harness.createEndpoint({
      signatures: [scheme],
      secret: OLD,
      retry: { kind: 'schedule', delaysMs: [HOUR - 1, 1, HOUR], jitter: 0 },
    });
    const startedAt = harness.clock.now();
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW, graceMs: HOUR });
    await harness.advance(3 * HOUR);
    const sentAt = [0, HOUR - 1, HOUR, 2 * HOUR].map((ms) => Math.floor((startedAt + ms) / 1000));
    const secrets = [OLD, OLD, NEW, NEW];
    expect(harness.receiver.requests.map(({ headers }) => headers[header])).toEqual(
      harness.receiver.requests.map(({ body }, n) => signatureOf(secrets[n]!, sentAt[n]!, body)),
    );
  });

  it('signs such a retry with the new secret at once when told switchAt: now', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500);
    const { id } = await harness.createEndpoint({
      signatures: [scheme],
      secret: OLD,
      retry: { kind: 'schedule', delaysMs: [60_000], jitter: 0 },
    });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW, switchAt: 'now' });
    await harness.advance(60_000);
    const retry = harness.receiver.requests[1]!;
    expect(retry.headers[header]).toBe(signatureOf(NEW, Math.floor(harness.clock.now() / 1000), retry.body));
  });

  it('stays with the old one after graceMs: Infinity, until update replaces it', async () => {
    await using harness = await createHarness();
    const { id } = await harness.createEndpoint({ signatures: [scheme], secret: OLD });
    await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW, graceMs: Infinity });
    await harness.advance(30 * 24 * HOUR);
    const stays = await send(harness);
    expect(stays.request.headers[header]).toBe(signatureOf(OLD, stays.seconds, stays.request.body));
    await harness.dispatcher.endpoints.update(id, { secret: NEW });
    const replaced = await send(harness);
    expect(replaced.request.headers[header]).toBe(signatureOf(NEW, replaced.seconds, replaced.request.body));
  });

  it('goes on with the first secret when a rotation is undone before the receiver changed over', async () => {
    await using harness = await createHarness();
    const { id } = await harness.createEndpoint({ signatures: [scheme], secret: OLD });
    await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW, graceMs: HOUR });
    await harness.dispatcher.endpoints.rotateSecret(id, { secret: OLD, graceMs: HOUR });
    const during = await send(harness);
    expect(during.request.headers[header]).toBe(signatureOf(OLD, during.seconds, during.request.body));
    await harness.advance(HOUR);
    const after = await send(harness);
    expect(after.request.headers[header]).toBe(signatureOf(OLD, after.seconds, after.request.body));
  });

  it('signs with the secret that signed until then when it is rotated again', async () => {
    await using harness = await createHarness();
    const { endpoints } = harness.dispatcher;
    const { id } = await harness.createEndpoint({ signatures: [scheme], secret: OLD });
    await endpoints.rotateSecret(id, { secret: NEW, switchAt: 'now' });
    await endpoints.rotateSecret(id, { secret: LAST, graceMs: HOUR });
    const during = await send(harness);
    expect(during.request.headers[header]).toBe(signatureOf(NEW, during.seconds, during.request.body));
    await harness.advance(HOUR);
    const after = await send(harness);
    expect(after.request.headers[header]).toBe(signatureOf(LAST, after.seconds, after.request.body));
  });

  it('gives an old secret that was never to end the end of a later rotation', async () => {
    await using harness = await createHarness();
    const { endpoints } = harness.dispatcher;
    const { id } = await harness.createEndpoint({ signatures: [scheme], secret: OLD });
    await endpoints.rotateSecret(id, { secret: NEW, graceMs: Infinity });
    const rotated = await endpoints.rotateSecret(id, { secret: LAST, graceMs: HOUR });
    expect(rotated.previousExpiresAt).toBe(harness.clock.now() + HOUR);
    await harness.advance(HOUR - 1);
    const during = await send(harness);
    expect(during.request.headers[header]).toBe(signatureOf(OLD, during.seconds, during.request.body));
    await harness.advance(1);
    const after = await send(harness);
    expect(after.request.headers[header]).toBe(signatureOf(LAST, after.seconds, after.request.body));
  });

  it('signs with the first secret of an endpoint at once, because there is none before it', async () => {
    await using harness = await createHarness({ dispatcher: { secretPolicy: 'optional' } });
    const { id } = await harness.createEndpoint({ signatures: [scheme] });
    expect((await send(harness)).request.headers).not.toHaveProperty([header]);
    const rotated = await harness.dispatcher.endpoints.rotateSecret(id, { secret: NEW });
    expect(rotated).toMatchObject({ previousExpiresAt: undefined, signsWith: [{ scheme, with: 'new' }] });
    const { request, seconds } = await send(harness);
    expect(request.headers[header]).toBe(signatureOf(NEW, seconds, request.body));
  });
});

it('each scheme of one endpoint has its own rule, with one secret in two readings', async () => {
  await using harness = await createHarness();
  const { id: endpointId } = await harness.createEndpoint({
    secret: FIRST,
    signatures: ['standard', 'github', { scheme: 'stripe', header: 'X-Acme-Stripe' }],
  });
  const rotated = await harness.dispatcher.endpoints.rotateSecret(endpointId, {
    secret: SECOND,
    graceMs: HOUR,
  });
  expect(rotated.signsWith).toEqual([
    { scheme: 'standard', with: 'all' },
    { scheme: 'github', with: 'previous' },
    { scheme: 'stripe', with: 'all' },
  ]);
  const { request, seconds, id } = await send(harness);
  expect(request.headers).toMatchObject({
    'webhook-signature': [SECOND, FIRST]
      .map((secret) => standardV1(secret, id, seconds, request.body))
      .join(' '),
    'x-hub-signature-256': `sha256=${hexOf(FIRST, request.body)}`,
    'x-acme-stripe': stripeHeader([SECOND, FIRST], seconds, request.body),
  });
});

it('a grace period ends on time for a dispatcher that started long after the rotation', async () => {
  await using world = await createWorld();
  const first = world.start();
  const { id: endpointId } = await first.endpoints.create({ url: world.receiver.url, secret: FIRST });
  await first.endpoints.rotateSecret(endpointId, { secret: SECOND, graceMs: HOUR });
  await first.stop();
  await world.clock.advance(HOUR / 2);
  const second = world.start();
  const during = await second.emit('job.done', 1);
  await world.advance(HOUR / 2);
  const after = await second.emit('job.done', 2);
  await world.advance(0);
  const [one, two] = world.receiver.requests;
  const seconds = Math.floor(world.clock.now() / 1000);
  expect(one!.headers['webhook-signature']).toBe(
    [SECOND, FIRST].map((secret) => standardV1(secret, during.id, seconds - 1_800, one!.body)).join(' '),
  );
  expect(two!.headers['webhook-signature']).toBe(standardV1(SECOND, after.id, seconds, two!.body));
});
