/** What is read from a genuine body. Signed as bytes by `github`, so that only the envelope is in question. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VerifyWebhookOptions } from '../../src/receiver/verify-options.ts';
import { verifyWebhook, type WebhookVerification } from '../../src/receiver/verify-webhook.ts';
import { BODY, ID, SECONDS, signedCases } from './signed.ts';

type Options = Omit<VerifyWebhookOptions, 'secret'>;

async function read(
  body: string | Uint8Array,
  options: Options,
  headers: Record<string, string> = {},
): Promise<WebhookVerification> {
  const signed = signedCases(body)['github']!;
  return verifyWebhook(body, { ...signed.headers, ...headers }, { ...signed.options, ...options });
}

const EVENT = {
  specversion: '1.0',
  id: 'evt.1',
  source: '/orders',
  type: 'order.paid',
  time: '2026-05-17T08:30:15.5Z',
};

describe('standard', () => {
  it('gives type, instant, data and the id in the body', async () => {
    const members = { type: 'job.done', timestamp: '2026-05-17T08:30:15.250Z', data: { n: 1 } };
    expect(await read(JSON.stringify(members), {})).toEqual({
      ok: true,
      message: {
        id: undefined,
        type: 'job.done',
        timestamp: Date.UTC(2026, 4, 17, 8, 30, 15, 250),
        data: { n: 1 },
        sentAt: undefined,
        attributes: {},
      },
    });
    expect(await read(JSON.stringify({ ...members, id: ID }), {})).toMatchObject({ message: { id: ID } });
  });

  it('gives id and time of the signature where the scheme signs them, whatever the body says', async () => {
    const body = JSON.stringify({ id: 'msg_body', type: 'a', timestamp: '2026-01-01T00:00:00Z', data: null });
    const { headers, options } = signedCases(body)['standard']!;
    const named = { ...options, idHeader: 'x-id', typeHeader: 'x-type' };
    expect(
      await verifyWebhook(body, { ...headers, 'x-id': 'forged', 'x-type': 'forged' }, named),
    ).toMatchObject({
      message: { id: ID, type: 'a', data: null, sentAt: SECONDS * 1000 },
    });
  });

  it.each([
    '',
    'null',
    '[]',
    '"text"',
    '{',
    '{"type":"a","data":1}',
    '{"type":"a","timestamp":"no time","data":1}',
    '{"type":"a","timestamp":1,"data":1}',
    '{"type":1,"timestamp":"2026-01-01T00:00:00Z","data":1}',
    '{"type":"a","timestamp":"2026-01-01T00:00:00Z"}',
    '\ufeff{"type":"a","timestamp":"2026-01-01T00:00:00Z","data":1}',
    Uint8Array.of(0xff),
  ])('refuses %j', async (body) => {
    expect(await read(body, {})).toMatchObject({ ok: false, reason: 'malformed_body' });
  });
});

describe('raw', () => {
  it.each(['null', '0', '"x"', '[1]', '{"__proto__":{"a":1}}'])('gives %s as data', async (body) => {
    expect(await read(body, { envelope: 'raw' })).toMatchObject({
      message: { type: '', timestamp: undefined, data: JSON.parse(body) },
    });
  });

  it('takes type and id from the headers that are named, and from no other', async () => {
    const named: Options = { envelope: 'raw', idHeader: 'X-GitHub-Delivery', typeHeader: 'X-GitHub-Event' };
    const headers = { 'x-github-delivery': '72d3162e, cc78', 'x-github-event': 'issues' };
    const bare = { 'x-github-delivery': '72d3162e-cc78.1', 'x-github-event': 'issues' };
    expect(await read('{}', named, bare)).toMatchObject({
      message: { id: '72d3162e-cc78.1', type: 'issues' },
    });
    expect(await read('{}', named, headers)).toMatchObject({ reason: 'malformed_header' });
    expect(await read('{}', { envelope: 'raw' }, bare)).toMatchObject({
      message: { id: undefined, type: '' },
    });
    expect(await read('{}', named)).toMatchObject({ reason: 'missing_header' });
  });

  const identify: Options['identify'] = (data) => {
    const { id, event } = data as { readonly id?: string; readonly event?: string };
    return { id, type: event };
  };

  it('takes type and id from the data where the receiver says how, before those of headers', async () => {
    const named: Options = { envelope: 'raw', identify, idHeader: 'X-Id', typeHeader: 'X-Type' };
    const headers = { 'x-id': 'of the header', 'x-type': 'of.the.header' };
    expect(await read('{"id":"evt 1","event":"job.done"}', named, headers)).toMatchObject({
      message: { id: 'evt 1', type: 'job.done' },
    });
    expect(await read('{}', { ...named, idHeader: 'X-Type' }, headers)).toMatchObject({
      message: { id: 'of.the.header', type: 'of.the.header' },
    });
    expect(await read('{}', { envelope: 'raw', identify })).toMatchObject({
      message: { id: undefined, type: '' },
    });
  });

  it.each(['null', '{"id":1}', '{"id":""}', '{"id":null}', '{"id":"1","event":[]}'])(
    'refuses %j, which says no id and type',
    async (body) => {
      expect(await read(body, { envelope: 'raw', identify })).toMatchObject({ reason: 'malformed_body' });
    },
  );

  it.each([
    ['undefined', () => undefined],
    ['a promise', () => Promise.reject(new Error('unheard'))],
  ])('calls it a mistake of the receiver when it says %s', async (_, mistake) => {
    const options = { envelope: 'raw', identify: mistake } as unknown as Options;
    await expect(read('{}', options)).rejects.toThrow('identify: expected a function that returns');
  });

  it.each(['', '{', 'undefined', Uint8Array.of(0x22, 0xff, 0x22)])('refuses %j', async (body) => {
    expect(await read(body, { envelope: 'raw' })).toMatchObject({ reason: 'malformed_body' });
  });
});

describe('identify', () => {
  it('does not change what the envelope says', async () => {
    const body = JSON.stringify({ id: 'msg_body', type: 'a', timestamp: '2026-01-01T00:00:00Z', data: {} });
    const identify = (): object => ({ id: 'other', type: 'other' });
    expect(await read(body, { identify })).toMatchObject({ message: { id: 'msg_body', type: 'a' } });
  });
});

describe('cloudevents', () => {
  const structured = (event: object) => read(JSON.stringify(event), { envelope: 'cloudevents' });

  it('gives the event with its attributes, extensions included', async () => {
    const event = { ...EVENT, subject: 'ü', region: 'eu', shard: 3, hot: true, odd: { a: 1 }, data: [1] };
    expect(await structured(event)).toMatchObject({
      message: {
        id: 'evt.1',
        type: 'order.paid',
        timestamp: Date.UTC(2026, 4, 17, 8, 30, 15, 500),
        data: [1],
        attributes: { source: '/orders', subject: 'ü', region: 'eu', shard: 3, hot: true },
      },
    });
  });

  it('gives bytes for data_base64, and nothing where there is no data', async () => {
    expect(await structured({ ...EVENT, data_base64: '/wA=' })).toMatchObject({
      message: { data: Uint8Array.of(0xff, 0) },
    });
    const { time: _, ...timeless } = EVENT;
    expect(await structured(timeless)).toMatchObject({ message: { data: undefined, timestamp: undefined } });
  });

  it.each([
    { ...EVENT, specversion: '0.3' },
    { ...EVENT, id: '' },
    { ...EVENT, id: 1 },
    { ...EVENT, source: undefined },
    { ...EVENT, type: null },
    { ...EVENT, time: 'yesterday' },
    { ...EVENT, time: 5 },
    { ...EVENT, data_base64: '/wA' },
    { ...EVENT, data_base64: '/wA=', data: 1 },
    [EVENT],
    {},
  ])('refuses %j', async (event) => {
    expect(await structured(event)).toMatchObject({ ok: false, reason: 'malformed_body' });
  });
});

describe('cloudevents-binary', () => {
  const headers = Object.fromEntries(Object.entries(EVENT).map(([name, value]) => [`ce-${name}`, value]));
  const binary = (body: string | Uint8Array, more: Record<string, string> = {}) =>
    read(body, { envelope: 'cloudevents-binary' }, { ...headers, ...more });

  it('gives the attributes of the headers, decoded, and the data by its content type', async () => {
    const more = {
      'content-type': 'application/json; charset=utf-8',
      'CE-Subject': 'Euro%20%E2%82%AC%20%25',
    };
    expect(await binary('{"n":1}', more)).toMatchObject({
      message: { id: 'evt.1', type: 'order.paid', data: { n: 1 }, attributes: { subject: 'Euro € %' } },
    });
    expect(await binary('[1]', { 'content-type': 'application/vnd.acme+json' })).toMatchObject({
      message: { data: [1] },
    });
    expect(await binary(Uint8Array.of(1, 2), { 'content-type': 'image/png' })).toMatchObject({
      message: { data: Uint8Array.of(1, 2) },
    });
    expect(await binary('')).toMatchObject({ message: { data: undefined } });
  });

  it('refuses what is no event, is not encoded, or is not the JSON that it says', async () => {
    expect(await read('1', { envelope: 'cloudevents-binary' })).toMatchObject({ reason: 'missing_header' });
    expect(await binary('1', { 'ce-specversion': '2' })).toMatchObject({ reason: 'malformed_header' });
    expect(await binary('1', { 'ce-subject': '%E2%82' })).toMatchObject({ reason: 'malformed_header' });
    expect(await binary('1', { 'ce-subject': 'a', 'CE-SUBJECT': 'b' })).toMatchObject({
      reason: 'duplicate_header',
    });
    expect(await binary('{', { 'content-type': 'application/json' })).toMatchObject({
      reason: 'malformed_body',
    });
  });
});

describe('form and bytes', () => {
  it('gives the fields of a form, a list for those that repeat', async () => {
    const fields = await read('a=1&b=x+y&a=%C3%BC&__proto__=z&empty=', { envelope: 'form' });
    if (!fields.ok) throw new Error(fields.why);
    expect(Object.entries(fields.message.data as object)).toEqual([
      ['a', ['1', 'ü']],
      ['b', 'x y'],
      ['__proto__', 'z'],
      ['empty', ''],
    ]);
    expect(await read(Uint8Array.of(0xff), { envelope: 'form' })).toMatchObject({ reason: 'malformed_body' });
  });

  it('reads a form of one field a hundred thousand times in no time', { timeout: 5000 }, async () => {
    const result = await read('a&'.repeat(100_000), { envelope: 'form' });
    expect(result).toMatchObject({ message: { data: { a: expect.objectContaining({ length: 100_000 }) } } });
  });

  it('gives the bytes as they are', async () => {
    expect(await read(Uint8Array.of(0, 255), { envelope: 'bytes' })).toMatchObject({
      message: { data: Uint8Array.of(0, 255), type: '' },
    });
  });
});

it('never throws, whatever was signed', async () => {
  const envelopes = ['standard', 'raw', 'cloudevents', 'cloudevents-binary', 'form'] as const;
  const bodies = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.json(), fc.constant(BODY));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...envelopes), bodies, fc.string(), async (envelope, body, value) => {
      const result = await read(body, { envelope }, { 'ce-id': value, 'ce-x': value, 'content-type': value });
      expect(result.ok).toBeTypeOf('boolean');
    }),
    { numRuns: 300 },
  );
});
