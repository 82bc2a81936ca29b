import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SIGNATURE_NAMES } from '../../src/core/signature.ts';
import { OptionsError } from '../../src/errors.ts';
import type { RawBody } from '../../src/receiver/body-bytes.ts';
import type { RefusalReason } from '../../src/receiver/refusal.ts';
import type { WebhookHeaders } from '../../src/receiver/request-headers.ts';
import type { VerifyWebhookOptions } from '../../src/receiver/verify-options.ts';
import { verifyWebhook } from '../../src/receiver/verify-webhook.ts';
import { publicKeyOf, standardV1, standardV1a, stripeHeader } from '../support/expected-signatures.ts';
import { BODY, CASES, ID, KEY, NOW, SECONDS, SEED, signedCases, TEXT_SECRET } from './signed.ts';

const standard = signedCases()['standard']!;
const OTHER_KEY = `whsec_${Buffer.alloc(64, 9).toString('base64')}`;

/** `accepted`, or the reason of the refusal. */
async function judge(
  headers: WebhookHeaders,
  options: VerifyWebhookOptions = standard.options,
  body: RawBody = BODY,
): Promise<RefusalReason | 'accepted'> {
  const result = await verifyWebhook(body, headers, options);
  return result.ok ? 'accepted' : result.reason;
}

const withHeaders = (changed: Record<string, string | string[] | undefined>): WebhookHeaders => ({
  ...standard.headers,
  ...changed,
});

describe('published vectors', () => {
  const vector = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
  };
  const body = '{"test": 2432232314}';
  const now = (): number => 1_614_265_330_000;

  it.each<[string, Record<string, string>, string, VerifyWebhookOptions]>([
    [
      'Standard Webhooks v1',
      { ...vector, 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' },
      body,
      { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    ],
    [
      'Standard Webhooks v1a',
      {
        ...vector,
        'webhook-signature':
          'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
      },
      body,
      { publicKey: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=' },
    ],
    [
      'GitHub',
      { 'X-Hub-Signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
      'Hello, World!',
      { scheme: 'github', secret: "It's a Secret to Everybody", envelope: 'bytes' },
    ],
    [
      'Convoy, plain',
      { 'X-Convoy': '244449b7f48cbc2709060c9dcdc2b3aa47a78f540430579015c579fb12defbb4' },
      '{"event":"charge.success","amount":1000,"currency":"NGN"}',
      { scheme: { scheme: 'hex', header: 'X-Convoy' }, secret: 'convoy-webhook-secret' },
    ],
    [
      'Hook0 v0',
      { 'X-T': '1636936200', 'X-S': 'v0=1b3d69df55f1e52f05224ba94a5162abeb17ef52cd7f4948c390f810d6a87e98' },
      'hello !',
      {
        scheme: { scheme: 'timestamped-hex', header: 'X-S', timestampHeader: 'X-T', prefix: 'v0=' },
        secret: 'secret',
        toleranceSeconds: Infinity,
        envelope: 'bytes',
      },
    ],
  ])('%s is accepted, and with one byte more refused', async (_, headers, text, options) => {
    const raw: VerifyWebhookOptions = { envelope: 'raw', now, ...options };
    expect(await judge(headers, raw, text)).toBe('accepted');
    expect(await judge(headers, raw, `${text} `)).toBe('signature_mismatch');
  });
});

describe.each(CASES)('%s', (_, { headers, options }) => {
  it('accepts what its specification signs, from each kind of headers and body', async () => {
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    const lists = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    const bytes = Buffer.from(BODY);
    const kinds = [headers, upper, lists, new Headers(headers), new Map(Object.entries(headers))];
    for (const kind of kinds) expect(await judge(kind, options)).toBe('accepted');
    const padded = Buffer.concat([Buffer.from('xx'), bytes]);
    const bodies = [bytes, new Uint8Array(bytes), new Uint8Array(bytes).buffer, padded.subarray(2)];
    for (const body of bodies) expect(await judge(headers, options, body)).toBe('accepted');
  });

  it('refuses any other byte in the body', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(Buffer.from(BODY).length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, xor) => {
          const body = Buffer.from(BODY);
          body[at]! ^= xor;
          expect(await judge(headers, options, body)).toBe('signature_mismatch');
        },
      ),
      { numRuns: 30 },
    );
  });

  it('accepts bytes that are no text, and tells them from the text that they decode to', async () => {
    const bytes = Uint8Array.of(0xff, 0, 0xfe);
    const [, signed] = Object.entries(signedCases(bytes)).find(([name]) => name === _)!;
    const raw: VerifyWebhookOptions = { ...signed.options, envelope: 'bytes' };
    expect(await judge(signed.headers, raw, bytes)).toBe('accepted');
    expect(await judge(signed.headers, raw, Buffer.from(bytes).toString())).toBe('signature_mismatch');
  });

  it('refuses another secret, and accepts the right one among several', async () => {
    const { secret, publicKey, ...rest } = options;
    const wrong =
      publicKey === undefined ? { secrets: [OTHER_KEY] } : { publicKeys: [publicKeyOf(Buffer.alloc(32, 1))] };
    const both =
      publicKey === undefined
        ? { secrets: [OTHER_KEY, secret!] }
        : { publicKeys: [publicKeyOf(Buffer.alloc(32, 1)), publicKey] };
    expect(await judge(headers, { ...rest, ...wrong })).toBe('signature_mismatch');
    expect(await judge(headers, { ...rest, ...both })).toBe('accepted');
  });

  it('says which header is missing, duplicated or malformed', async () => {
    const required = Object.keys(headers).filter((name) => name !== 'x-shopify-webhook-id');
    for (const name of required) {
      const rest = Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name));
      const missing = await verifyWebhook(BODY, rest, options);
      expect(missing).toMatchObject({ ok: false, reason: 'missing_header' });
      expect(missing).toMatchObject({ why: expect.stringMatching(new RegExp(name, 'i')) });
      const value = headers[name]!;
      expect(await judge({ ...headers, [name]: [value, value] }, options)).toBe('duplicate_header');
      expect(await judge({ ...headers, [name.toUpperCase()]: value }, options)).toBe('duplicate_header');
      // What node:http and Headers make of two headers of one name.
      expect(await judge({ ...headers, [name]: `${value}, ${value}` }, options)).toBe('malformed_header');
      for (const wrong of ['', ' ', value.slice(0, -1), `${value}=`, `${value} `, 'é', '\u0000'])
        expect(await judge({ ...headers, [name]: wrong }, options)).not.toBe('accepted');
    }
  });

  it('never throws, whatever is in the headers and the body', async () => {
    const known = Object.entries(headers);
    await fc.assert(
      fc.asyncProperty(
        fc.record(
          Object.fromEntries(
            known.map(([name]) => [name, fc.oneof(fc.string(), fc.constant(headers[name]!))]),
          ),
        ),
        fc.uint8Array({ maxLength: 40 }),
        async (changed, body) => {
          const result = await verifyWebhook(body, changed, options);
          expect(result).toMatchObject({ ok: false, reason: expect.any(String), why: expect.any(String) });
        },
      ),
      { numRuns: 100 },
    );
  });
});

it('knows every scheme that the sender signs with', () => {
  expect(CASES.map(([name]) => name).sort()).toEqual(
    SIGNATURE_NAMES.filter((name) => name !== 'none').sort(),
  );
});

describe('the pitfalls of verifiers', () => {
  it('refuses a signature of another length, rather than throwing', async () => {
    for (const signature of ['v1,AAAA', 'v1,', 'v1', `v1,${Buffer.alloc(33).toString('base64')}`])
      expect(await judge(withHeaders({ 'webhook-signature': signature }))).toBe('malformed_header');
  });

  it.each([
    '1779006615abc',
    ' 1779006615',
    '1779006615.9',
    '+1779006615',
    '01779006615',
    '-1',
    '0',
    '',
    'NaN',
    'Infinity',
    '1e9',
    '0x6a098617',
    '１７７９００６６１５',
  ])('takes %j for no timestamp, even if it is what was signed', async (timestamp) => {
    const signature = `v1,${standardV1(KEY, ID, timestamp as unknown as number, BODY).slice(3)}`;
    const headers = withHeaders({ 'webhook-timestamp': timestamp, 'webhook-signature': signature });
    expect(await judge(headers, { ...standard.options, toleranceSeconds: Infinity })).toBe(
      'malformed_header',
    );
  });

  it('allows the tolerance in both directions, and not one second more', async () => {
    const at = (seconds: number, toleranceSeconds?: number) =>
      judge(standard.headers, {
        secret: KEY,
        now: () => seconds * 1000,
        ...(toleranceSeconds === undefined ? {} : { toleranceSeconds }),
      });
    expect(await at(SECONDS + 300)).toBe('accepted');
    expect(await at(SECONDS - 300)).toBe('accepted');
    expect(await at(SECONDS + 301)).toBe('timestamp_too_old');
    expect(await at(SECONDS - 301)).toBe('timestamp_too_new');
    expect(await at(SECONDS, 0)).toBe('accepted');
    expect(await at(SECONDS + 1, 0)).toBe('timestamp_too_old');
    expect(await at(1, Infinity)).toBe('accepted');
  });

  it.each([NaN, undefined, '2026', new Date(0), Promise.resolve(0)])(
    'is not switched off by a clock that gives no time: %s',
    async (time) => {
      const now = (() => time) as () => number;
      await expect(verifyWebhook(BODY, standard.headers, { secret: KEY, now })).rejects.toThrow(
        /^now: expected a function that gives epoch ms, got /,
      );
    },
  );

  it('signs time and id as they stand: neither can be changed', async () => {
    expect(await judge(withHeaders({ 'webhook-id': 'msg_other' }))).toBe('signature_mismatch');
    expect(await judge(withHeaders({ 'webhook-timestamp': String(SECONDS + 1) }))).toBe('signature_mismatch');
  });

  it('refuses an id with a dot, which could move the border between id, time and body', async () => {
    const signature = standardV1(KEY, 'a', SECONDS, `${SECONDS}.${BODY}`);
    expect(signature).toBe(standardV1(KEY, `a.${SECONDS}`, SECONDS, BODY));
    const headers = withHeaders({ 'webhook-id': `a.${SECONDS}`, 'webhook-signature': signature });
    expect(await judge(headers)).toBe('malformed_header');
  });

  it('refuses two headers of one name, as lists and as HTTP stacks join them', async () => {
    const good = standard.headers['webhook-signature']!;
    const bad = 'v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
    expect(await judge(withHeaders({ 'webhook-signature': [bad, good] }))).toBe('duplicate_header');
    expect(await judge(withHeaders({ 'webhook-signature': `${bad}, ${good}` }))).toBe('malformed_header');
    expect(await judge(withHeaders({ 'webhook-id': `${ID}, ${ID}` }))).toBe('malformed_header');
    expect(await judge(withHeaders({ 'webhook-id': [ID, ID] }))).toBe('duplicate_header');
    const joined = new Headers(standard.headers);
    joined.append('webhook-signature', good);
    expect(await judge(joined)).toBe('malformed_header');
  });

  it('accepts one way only to write a signature', async () => {
    const good = standard.headers['webhook-signature']!;
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const last = good.at(-2)!;
    const strayBits = `${good.slice(0, -2)}${digits[digits.indexOf(last) + 1]}=`;
    expect(Buffer.from(strayBits.slice(3), 'base64')).toEqual(Buffer.from(good.slice(3), 'base64'));
    for (const other of [
      strayBits,
      good.replace('=', ''),
      good.replaceAll('+', '-').replaceAll('/', '_').replace('=', ''),
    ])
      expect(await judge(withHeaders({ 'webhook-signature': other }))).not.toBe('accepted');
    const github = signedCases()['github']!;
    const upper = github.headers['x-hub-signature-256']!.toUpperCase().replace('SHA', 'sha');
    expect(await judge({ 'x-hub-signature-256': upper }, github.options)).toBe('malformed_header');
  });

  it('never checks v1 against a public key, nor v1a against a secret', async () => {
    const publicKey = publicKeyOf(SEED);
    // What an attacker can make who knows the public key, and hopes that it is used as a secret.
    const forged = standardV1(publicKey.replace('whpk_', ''), ID, SECONDS, BODY);
    const forgedOfText = standardV1(Buffer.from(publicKey).toString('base64'), ID, SECONDS, BODY);
    for (const signature of [forged, forgedOfText])
      expect(
        await judge(withHeaders({ 'webhook-signature': signature }), { publicKey, now: () => NOW }),
      ).toBe('malformed_header');
    await expect(judge(standard.headers, { secret: publicKey })).rejects.toThrow(OptionsError);
    const v1a = standardV1a(SEED, ID, SECONDS, BODY);
    expect(await judge(withHeaders({ 'webhook-signature': v1a }))).toBe('malformed_header');
  });

  it('passes over versions that it does not know, and signatures of other secrets', async () => {
    const good = standard.headers['webhook-signature']!;
    const list = `v2,x v1,AAAA ${standardV1(OTHER_KEY, ID, SECONDS, BODY)} ${good} v1a,BBBB`;
    expect(await judge(withHeaders({ 'webhook-signature': list }))).toBe('accepted');
    expect(await judge(withHeaders({ 'webhook-signature': good.replace('v1', 'v2') }))).toBe(
      'malformed_header',
    );
    const { options } = signedCases()['stripe']!;
    const two = stripeHeader([OTHER_KEY, KEY], SECONDS, BODY);
    const [t, ...signatures] = two.split(',');
    expect(await judge({ 'stripe-signature': two }, options)).toBe('accepted');
    expect(await judge({ 'stripe-signature': [...signatures, 'v0=1', t].join(',') }, options)).toBe(
      'accepted',
    );
    expect(await judge({ 'stripe-signature': signatures.join(',') }, options)).toBe('malformed_header');
    expect(await judge({ 'stripe-signature': `${t},${two}` }, options)).toBe('malformed_header');
  });

  it('refuses a list of ten thousand signatures, even with a good one in it', async () => {
    const { options } = signedCases()['stripe']!;
    const good = standard.headers['webhook-signature']!;
    const many = Array.from({ length: 10_000 }, (_, n) => standardV1(OTHER_KEY, `m${n}`, SECONDS, ''));
    expect(await judge(withHeaders({ 'webhook-signature': [...many, good].join(' ') }))).toBe(
      'malformed_header',
    );
    const stripe = `${stripeHeader([KEY], SECONDS, BODY)},${'v1=00,'.repeat(10_000)}v1=00`;
    expect(await judge({ 'stripe-signature': stripe }, options)).toBe('malformed_header');
  });

  it('takes own members of headers only, and no member of every object', async () => {
    const inherited = Object.create(standard.headers) as Record<string, string>;
    expect(await judge(inherited)).toBe('missing_header');
    const { options } = signedCases()['hex']!;
    const scheme = { scheme: 'hex', header: 'constructor' } as const;
    expect(await judge({}, { ...options, scheme })).toBe('missing_header');
  });

  it('refuses a body that was parsed, or not read, and says why', async () => {
    const refused = async (body: unknown) =>
      verifyWebhook(body as string, standard.headers, standard.options);
    await expect(refused(JSON.parse(BODY))).rejects.toThrow(/rawBody: .*an object: a body that was parsed/);
    await expect(refused([1])).rejects.toThrow(/an array: a body that was parsed/);
    await expect(refused(undefined)).rejects.toThrow(/got undefined: nothing has read the body/);
    await expect(refused(Promise.resolve(BODY))).rejects.toThrow(/a promise: await it/);
    await expect(refused({})).rejects.toBeInstanceOf(OptionsError);
  });

  it('accepts the empty body that was signed', async () => {
    const { options, headers } = signedCases('')['github']!;
    expect(await judge(headers, { ...options, envelope: 'bytes' }, '')).toBe('accepted');
  });
});

describe('seen', () => {
  const remember = () => {
    const calls: (readonly [string, number])[] = [];
    const ids = new Set<string>();
    const seen = async (id: string, ttlMs: number): Promise<boolean> => {
      calls.push([id, ttlMs]);
      return ids.size === ids.add(id).size;
    };
    return { calls, seen };
  };

  it('refuses the same request a second time, and remembers ids for twice the tolerance', async () => {
    const { calls, seen } = remember();
    const options = { ...standard.options, seen };
    expect(await judge(standard.headers, options)).toBe('accepted');
    expect(await judge(standard.headers, options)).toBe('replayed');
    expect(calls).toEqual([
      [ID, 600_000],
      [ID, 600_000],
    ]);
  });

  it('is not asked about what is not genuine', async () => {
    const { calls, seen } = remember();
    const options = { ...standard.options, seen };
    await judge(withHeaders({ 'webhook-id': 'msg_forged' }), options);
    await judge(standard.headers, options, `${BODY} `);
    await judge(standard.headers, { ...options, now: () => NOW + 301_000 });
    await judge(standard.headers, { ...options, envelope: 'cloudevents' });
    expect(calls).toEqual([]);
  });

  it('is told that nothing bounds a repetition where no time is signed, or any time is allowed', async () => {
    const { calls, seen } = remember();
    const { headers, options } = signedCases()['shopify']!;
    await judge(headers, { ...options, seen });
    await judge(standard.headers, { ...standard.options, seen, toleranceSeconds: Infinity });
    expect(calls.map(([, ttlMs]) => ttlMs)).toEqual([Infinity, Infinity]);
  });

  it('needs an id, and says how to send one', async () => {
    const { seen } = remember();
    const { headers, options } = signedCases()['github']!;
    const result = await verifyWebhook(BODY, headers, { ...options, seen });
    expect(result).toMatchObject({
      ok: false,
      reason: 'missing_id',
      why: expect.stringContaining('idInBody'),
    });
    const named = { ...options, seen, idHeader: 'X-GitHub-Delivery' };
    expect(await judge({ ...headers, 'x-github-delivery': '72d3162e-cc78-11e3-81ab' }, named)).toBe(
      'accepted',
    );
    expect(await judge(headers, named)).toBe('missing_header');
  });

  it('hands on what it throws: that is the trouble of the receiver, not of the sender', async () => {
    const seen = () => Promise.reject(new Error('no store'));
    await expect(judge(standard.headers, { ...standard.options, seen })).rejects.toThrow('no store');
  });
});

it('shows no secret, no signature and nothing of the body in any refusal', async () => {
  const texts: string[] = [];
  for (const [, { headers, options }] of CASES)
    for (const [body, time] of [
      [`${BODY} `, NOW],
      [BODY, 0],
      ['secret body', NOW],
    ] as const) {
      const result = await verifyWebhook(body, headers, { ...options, now: () => time });
      if (!result.ok) texts.push(result.why);
    }
  expect(texts.length).toBeGreaterThan(10);
  for (const text of texts)
    for (const secret of [
      TEXT_SECRET,
      KEY,
      'ü 😀',
      'secret body',
      standard.headers['webhook-signature']!.slice(3),
    ])
      expect(text).not.toContain(secret);
});
