/** What each signature scheme writes, header by header, over the bytes that arrived. */
import { describe, expect, it } from 'vitest';
import { createHarness, type RecordedRequest } from 'posthorn/testing';
import type { EndpointInput } from 'posthorn';
import {
  hexOf,
  publicKeyOf,
  shopifyOf,
  standardV1,
  standardV1a,
  stripeHeader,
  timestampedHexOf,
} from '../support/expected-signatures.ts';

const START = Date.UTC(2026, 4, 17, 8, 30, 15, 999);
const SECONDS = Math.floor(START / 1000);
const KEY = `whsec_${Buffer.from('a key of exactly 24 byte').toString('base64')}`;
const OTHER_KEY = `whsec_${Buffer.alloc(64, 9).toString('base64')}`;
const TEXT = 'пароль 😀 of some length';
const DATA = { text: 'ü "quoted" \u2028 € 😀', n: -0.5e-7, list: [null, true, {}] };

/** The request of one message to one endpoint, and the id of the message. */
async function sendOnce(
  endpoint: Partial<EndpointInput>,
  data: unknown = DATA,
): Promise<{ request: RecordedRequest; id: string }> {
  await using harness = await createHarness({ startAt: START, dispatcher: { secretPolicy: 'optional' } });
  await harness.createEndpoint(endpoint);
  const { id } = await harness.dispatcher.emit('job.done', data);
  await harness.advance(0);
  return { request: harness.receiver.requests[0]!, id };
}

const signatureHeaders = (request: RecordedRequest): string[] =>
  Object.keys(request.headers).filter((name) => /signature|hmac|timestamp/.test(name));

describe('standard', () => {
  it.each([
    ['with whsec_', KEY],
    ['without whsec_', KEY.slice('whsec_'.length)],
  ])('signs id, second and bytes with what the base64 %s stands for', async (_, secret) => {
    const { request, id } = await sendOnce({ secret });
    expect(request.headers).toMatchObject({
      'webhook-id': id,
      'webhook-timestamp': String(SECONDS),
      'webhook-signature': standardV1(KEY, id, SECONDS, request.body),
    });
  });

  it('writes one signature for each secret given, in their order', async () => {
    const { request, id } = await sendOnce({ secrets: [OTHER_KEY, KEY] });
    expect(request.headers['webhook-signature']).toBe(
      [OTHER_KEY, KEY].map((secret) => standardV1(secret, id, SECONDS, request.body)).join(' '),
    );
  });

  it('signs bytes that are no text', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
    const { request, id } = await sendOnce({ envelope: 'bytes', secret: KEY }, bytes);
    expect(request.body).toEqual(Buffer.from(bytes));
    expect(request.headers['webhook-signature']).toBe(standardV1(KEY, id, SECONDS, bytes));
  });
});

describe('standard-ed25519', () => {
  const seed = Buffer.alloc(32, 77);

  it.each([
    ['a seed', seed.toString('base64')],
    ['a seed with whsk_', `whsk_${seed.toString('base64')}`],
  ])('signs with %s, and tells its public key', async (_, secret) => {
    await using harness = await createHarness({ startAt: START });
    const endpoint = await harness.createEndpoint({ signatures: ['standard-ed25519'], secret });
    expect(endpoint.publicKey).toBe(publicKeyOf(seed));
    const { id } = await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.headers['webhook-signature']).toBe(standardV1a(seed, id, SECONDS, request!.body));
  });

  it('writes one signature for each secret given, in their order', async () => {
    const seeds = [Buffer.alloc(32, 1), seed, Buffer.alloc(32, 200)];
    const { request, id } = await sendOnce({
      signatures: ['standard-ed25519'],
      secrets: seeds.map((each) => each.toString('base64')),
    });
    expect(request.headers['webhook-signature']).toBe(
      seeds.map((each) => standardV1a(each, id, SECONDS, request.body)).join(' '),
    );
  });

  it('generates keys that differ, 64 bytes that end with the public key', async () => {
    await using harness = await createHarness();
    const made = [
      await harness.createEndpoint({ signatures: ['standard-ed25519'] }),
      await harness.createEndpoint({ signatures: ['standard-ed25519'] }),
    ];
    for (const { secret, publicKey } of made) {
      const bytes = Buffer.from(secret!.replace('whsk_', ''), 'base64');
      expect(bytes).toHaveLength(64);
      expect(publicKey).toBe(`whpk_${bytes.subarray(32).toString('base64')}`);
      expect(publicKey).toBe(publicKeyOf(bytes.subarray(0, 32)));
    }
    expect(made[0]!.secret).not.toBe(made[1]!.secret);
  });

  it('refuses a public key of another seed, and what is no key, without showing it', async () => {
    await using harness = await createHarness();
    const foreign = Buffer.concat([seed, Buffer.alloc(32, 1)]).toString('base64');
    for (const secret of [`whsk_${foreign}`, KEY, 'no base64 at all', Buffer.alloc(31).toString('base64')]) {
      const refused = harness.createEndpoint({ signatures: ['standard-ed25519'], secret });
      await expect(refused).rejects.toMatchObject({ code: 'invalid_option' });
      await expect(refused).rejects.not.toThrow(secret);
    }
  });

  it('moves an endpoint from v1 to v1a with a secret given along, not without', async () => {
    await using harness = await createHarness({ startAt: START });
    const { endpoints } = harness.dispatcher;
    const { id } = await harness.createEndpoint({ secret: KEY });
    const signatures = ['standard-ed25519'];
    await expect(endpoints.update(id, { signatures })).rejects.toMatchObject({ code: 'invalid_option' });
    const updated = await endpoints.update(id, { signatures, secret: seed.toString('base64') });
    expect(updated.secrets).toMatchObject([{ publicKey: publicKeyOf(seed) }]);
    const receipt = await harness.dispatcher.emit('job.done', 1);
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.headers['webhook-signature']).toBe(standardV1a(seed, receipt.id, SECONDS, request!.body));
  });
});

describe('schemes that take the secret literally', () => {
  it.each([TEXT, KEY, ' spaces around '])('github signs the body with %j', async (secret) => {
    const { request } = await sendOnce({ signatures: ['github'], secret });
    expect(request.headers['x-hub-signature-256']).toBe(`sha256=${hexOf(secret, request.body)}`);
  });

  it.each([TEXT, KEY])('stripe signs second and body with %j', async (secret) => {
    const { request } = await sendOnce({ signatures: ['stripe'], secret });
    expect(request.headers['stripe-signature']).toBe(stripeHeader([secret], SECONDS, request.body));
  });

  it('stripe writes one v1 for each secret given, in their order, in a header of choice', async () => {
    const secrets = [KEY, TEXT, OTHER_KEY];
    const { request } = await sendOnce({ signatures: [{ scheme: 'stripe', header: 'Acme-Sig' }], secrets });
    expect(request.headers['acme-sig']).toBe(stripeHeader(secrets, SECONDS, request.body));
    expect(request.headers).not.toHaveProperty('stripe-signature');
  });

  it('shopify sends the id of the message and the base64 of the body', async () => {
    const { request, id } = await sendOnce({ signatures: ['shopify'], secret: TEXT });
    expect(request.headers).toMatchObject({
      'x-shopify-webhook-id': id,
      'x-shopify-hmac-sha256': shopifyOf(TEXT, request.body),
    });
  });

  it.each(['github', 'shopify', 'hex', 'timestamped-hex'])(
    '%s signs with the first of several secrets',
    async (scheme) => {
      const [several, one] = [
        await sendOnce({ signatures: [scheme], secrets: [TEXT, KEY], envelope: 'raw' }),
        await sendOnce({ signatures: [scheme], secrets: [TEXT], envelope: 'raw' }),
      ];
      const header = { github: 'x-hub-signature-256', shopify: 'x-shopify-hmac-sha256' }[scheme];
      const name = header ?? 'x-webhook-signature';
      expect(several.request.headers[name]).toBe(one.request.headers[name]);
      expect(one.request.headers[name]).toBeTypeOf('string');
    },
  );

  it('hex and timestamped-hex write the headers and prefixes they are told to, side by side', async () => {
    const { request } = await sendOnce({
      secret: TEXT,
      signatures: [
        { scheme: 'hex', header: 'X-Acme-Plain', prefix: 'sha256=' },
        { scheme: 'timestamped-hex', header: 'X-Acme-Timed', prefix: 'v0:', timestampHeader: 'X-Acme-Time' },
      ],
    });
    expect(request.headers).toMatchObject({
      'x-acme-plain': `sha256=${hexOf(TEXT, request.body)}`,
      'x-acme-timed': `v0:${timestampedHexOf(TEXT, SECONDS, request.body)}`,
      'x-acme-time': String(SECONDS),
    });
    expect(request.headers).not.toHaveProperty('x-webhook-signature');
    expect(request.headers).not.toHaveProperty('x-webhook-timestamp');
  });

  it('refuses two schemes that write one header, whatever its case', async () => {
    await using harness = await createHarness();
    for (const signatures of [
      ['standard', 'standard-ed25519'],
      ['hex', 'timestamped-hex'],
      ['stripe', { scheme: 'hex', header: 'STRIPE-Signature' }],
    ])
      await expect(harness.createEndpoint({ signatures, secret: KEY })).rejects.toMatchObject({
        code: 'invalid_option',
      });
  });
});

it('all schemes of one request sign one and the same second, at the attempt', async () => {
  await using harness = await createHarness({ startAt: START });
  harness.receiver.reply(500);
  await harness.createEndpoint({
    secret: KEY,
    signatures: ['standard', 'stripe', 'timestamped-hex', 'github', 'shopify'],
    retry: { kind: 'schedule', delaysMs: [1], jitter: 0 },
  });
  const { id } = await harness.dispatcher.emit('job.done', DATA, { timestamp: 0 });
  await harness.advance(1);
  const [first, retry] = harness.receiver.requests;
  for (const [request, seconds] of [
    [first!, SECONDS],
    [retry!, SECONDS + 1],
  ] as const)
    expect(request.headers).toMatchObject({
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': standardV1(KEY, id, seconds, request.body),
      'stripe-signature': stripeHeader([KEY], seconds, request.body),
      'x-webhook-timestamp': String(seconds),
      'x-webhook-signature': timestampedHexOf(KEY, seconds, request.body),
      'x-hub-signature-256': `sha256=${hexOf(KEY, request.body)}`,
      'x-shopify-webhook-id': id,
      'x-shopify-hmac-sha256': shopifyOf(KEY, request.body),
    });
  expect(retry!.body).toEqual(first!.body);
});

it.each([
  ['none, though it has a secret', { signatures: ['none'], secret: KEY }],
  ['an endpoint without a secret', { signatures: ['standard', 'github'] }],
])('%s sends no signature at all', async (_, endpoint) => {
  const { request } = await sendOnce(endpoint);
  expect(signatureHeaders(request).filter((name) => name !== 'webhook-timestamp')).toEqual([]);
});
