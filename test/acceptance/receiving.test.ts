/** What the dispatcher really sends, verified and unwrapped by the receiver kit: every scheme, every envelope. */
import type { EndpointInput } from 'posthorn';
import { type ReceivedScheme, verifyWebhook, type VerifyWebhookOptions } from 'posthorn/receiver';
import { createHarness, type RecordedRequest } from 'posthorn/testing';
import { describe, expect, it } from 'vitest';
import { DATA, deliverTwice, HOUR, START } from '../support/deliver-twice.ts';
import { publicKeyOf } from '../support/expected-signatures.ts';

const KEY = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const SEED = Buffer.alloc(32, 77);

const at = (instant: number) => ({ now: () => instant });

async function verify({ body, headers }: RecordedRequest, options: VerifyWebhookOptions) {
  return verifyWebhook(body, headers, options);
}

interface SchemeCase {
  readonly endpoint: Partial<EndpointInput>;
  readonly options: VerifyWebhookOptions;
  readonly signsTime: boolean;
}

const hex = { scheme: 'hex', header: 'X-Acme-Signature', prefix: 'sha256=' } as const;
const timed = {
  scheme: 'timestamped-hex',
  header: 'X-Acme',
  timestampHeader: 'X-Acme-Time',
  prefix: 'v0:',
} as const;

const SCHEMES: Readonly<Record<ReceivedScheme, SchemeCase>> = {
  standard: { endpoint: { secret: KEY }, options: { secret: KEY }, signsTime: true },
  'standard-ed25519': {
    endpoint: { signatures: ['standard-ed25519'], secret: SEED.toString('base64') },
    options: { publicKey: publicKeyOf(SEED) },
    signsTime: true,
  },
  github: {
    endpoint: { signatures: ['github'], secret: KEY },
    options: { scheme: 'github', secret: KEY },
    signsTime: false,
  },
  stripe: {
    endpoint: { signatures: ['stripe'], secret: KEY },
    options: { scheme: 'stripe', secret: KEY },
    signsTime: true,
  },
  shopify: {
    endpoint: { signatures: ['shopify'], secret: KEY },
    options: { scheme: 'shopify', secret: KEY },
    signsTime: false,
  },
  hex: {
    endpoint: { signatures: [hex], secret: KEY },
    options: { scheme: hex, secret: KEY },
    signsTime: false,
  },
  'timestamped-hex': {
    endpoint: { signatures: [timed], secret: KEY },
    options: { scheme: timed, secret: KEY },
    signsTime: true,
  },
};

describe.each(Object.entries(SCHEMES))('%s', (_, { endpoint, options, signsTime }) => {
  it('is verified on the first attempt and on a retry ten hours later', async () => {
    const [first, retry] = await deliverTwice(endpoint);
    for (const [request, instant] of [
      [first, START],
      [retry, START + 10 * HOUR],
    ] as const) {
      const result = await verify(request, { ...options, ...at(instant) });
      expect(result).toMatchObject({ ok: true, message: { type: 'job.done', data: DATA, timestamp: START } });
      if (result.ok) expect(result.message.sentAt).toBe(signsTime ? instant : undefined);
    }
    const late = await verify(first, { ...options, ...at(START + 10 * HOUR) });
    expect(late).toMatchObject(signsTime ? { ok: false, reason: 'timestamp_too_old' } : { ok: true });
  });

  it('goes on through a rotation for a receiver that has both secrets', async () => {
    await using harness = await createHarness({ startAt: START });
    const created = await harness.createEndpoint(endpoint);
    const { secret, publicKey } = await harness.dispatcher.endpoints.rotateSecret(created.id, {
      graceMs: HOUR,
    });
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(HOUR);
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(0);
    const { secret: old, publicKey: oldKey, ...rest } = options;
    const both = publicKey === undefined ? { secrets: [secret, old!] } : { publicKeys: [publicKey, oldKey!] };
    const [during, after] = harness.receiver.requests;
    for (const [request, instant] of [
      [during!, START],
      [after!, START + HOUR],
    ] as const)
      expect(await verify(request, { ...rest, ...both, ...at(instant) })).toMatchObject({ ok: true });
    expect(await verify(after!, { ...options, ...at(START + HOUR) })).toMatchObject({
      reason: 'signature_mismatch',
    });
  });
});

describe('envelopes', () => {
  /** One request in this envelope, with the id of its message. */
  async function send(endpoint: Partial<EndpointInput>, data: unknown) {
    await using harness = await createHarness({ startAt: START });
    await harness.createEndpoint({ signatures: ['github'], secret: KEY, ...endpoint });
    const { id } = await harness.dispatcher.emit('job.done', data, { timestamp: START - 1 });
    await harness.advance(0);
    return { id, request: harness.receiver.requests[0]! };
  }
  const options = { scheme: 'github', secret: KEY } as const;

  it('standard, with and without the id in the body', async () => {
    const bare = await send({}, DATA);
    expect(await verify(bare.request, options)).toMatchObject({
      message: { id: undefined, type: 'job.done', timestamp: START - 1, data: DATA },
    });
    const { id, request } = await send({ envelope: { name: 'standard', idInBody: true } }, null);
    expect(await verify(request, options)).toMatchObject({ message: { id, data: null } });
  });

  it.each(['cloudevents', 'cloudevents-binary'] as const)('%s, with its source and subject', async (name) => {
    const settings = { source: 'https://shop.example/orders', subject: 'Ünïcode % "quoted"' };
    const { id, request } = await send({ envelope: { name, ...settings } }, DATA);
    expect(await verify(request, { ...options, envelope: name })).toMatchObject({
      message: { id, type: 'job.done', timestamp: START - 1, data: DATA, attributes: settings },
    });
  });

  it('raw, with type and id in headers', async () => {
    const { id, request } = await send(
      { envelope: 'raw', computedHeaders: { 'X-Event': 'message.type', 'X-Id': 'message.id' } },
      DATA,
    );
    const named = { ...options, envelope: 'raw', typeHeader: 'X-Event', idHeader: 'X-Id' } as const;
    expect(await verify(request, named)).toMatchObject({ message: { id, type: 'job.done', data: DATA } });
  });

  it('form and bytes', async () => {
    const form = await send({ envelope: 'form' }, { a: ['x', 'y'], b: 'ü' });
    expect(await verify(form.request, { ...options, envelope: 'form' })).toMatchObject({
      message: { data: { a: ['x', 'y'], b: 'ü' } },
    });
    const bytes = await send({ envelope: 'bytes' }, Uint8Array.of(0, 255));
    expect(await verify(bytes.request, { ...options, envelope: 'bytes' })).toMatchObject({
      message: { data: Uint8Array.of(0, 255) },
    });
  });

  it('none passes for another', async () => {
    const { request } = await send({ envelope: 'raw' }, DATA);
    for (const envelope of ['standard', 'cloudevents', 'cloudevents-binary'] as const)
      expect(await verify(request, { ...options, envelope })).toMatchObject({ ok: false });
  });
});
