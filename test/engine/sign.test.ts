import { webcrypto } from 'node:crypto';
import { verify as verifyGithub } from '@octokit/webhooks-methods';
import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { describe, expect, it } from 'vitest';
import { resolveSignature, type SignatureSetting } from '../../src/core/signature.ts';
import { derivePublicKey } from '../../src/engine/ed25519.ts';
import { createSigner } from '../../src/engine/sign.ts';
import { OptionsError } from '../../src/errors.ts';
import { verifyRequest } from '../../src/listener/verify-request.ts';

const SPEC_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const KEY_PAIR =
  'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const SPEC_CONTEXT = { messageId: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampSeconds: 1614265330 };

interface Signing {
  readonly signatures: readonly SignatureSetting[];
  readonly secrets: readonly string[];
  readonly leadingIndex?: number;
  readonly body: string | Uint8Array;
  readonly messageId?: string;
  readonly timestampSeconds?: number;
}

function sign({ signatures, secrets, leadingIndex, body, ...context }: Signing): Record<string, string> {
  const signer = createSigner(signatures.map(resolveSignature), secrets, leadingIndex);
  const flat: string[] = [];
  signer.sign(typeof body === 'string' ? Buffer.from(body) : body, { ...SPEC_CONTEXT, ...context }, flat);
  const names = flat.filter((_, index) => index % 2 === 0);
  expect(new Set(names).size).toBe(names.length);
  return Object.fromEntries(names.map((name, index): [string, string] => [name, flat[index * 2 + 1]!]));
}

describe('createSigner', () => {
  describe('matches the published vector', () => {
    it('of Standard Webhooks', () => {
      expect(
        sign({ signatures: ['standard'], secrets: [SPEC_SECRET], body: '{"test": 2432232314}' }),
      ).toEqual({
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      });
    });

    it('of GitHub', () => {
      const secrets = ["It's a Secret to Everybody"];
      expect(sign({ signatures: ['github'], secrets, body: 'Hello, World!' })).toEqual({
        'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
      });
    });

    it('of Convoy, simple', () => {
      const body = '{"event":"charge.success","amount":1000,"currency":"NGN"}';
      const signatures = [{ scheme: 'hex', header: 'X-Convoy-Signature' }];
      expect(sign({ signatures, secrets: ['convoy-webhook-secret'], body })).toEqual({
        'X-Convoy-Signature': '244449b7f48cbc2709060c9dcdc2b3aa47a78f540430579015c579fb12defbb4',
      });
    });

    it('of Hook0, v0', () => {
      const timestampSeconds = 1636936200;
      expect(
        sign({ signatures: ['timestamped-hex'], secrets: ['secret'], body: 'hello !', timestampSeconds }),
      ).toEqual({
        'x-webhook-timestamp': '1636936200',
        'x-webhook-signature': '1b3d69df55f1e52f05224ba94a5162abeb17ef52cd7f4948c390f810d6a87e98',
      });
    });

    it('of Standard Webhooks, asymmetric', () => {
      const headers = sign({
        signatures: ['standard-ed25519'],
        secrets: [KEY_PAIR],
        body: '{"test": 2432232314}',
      });
      expect(headers).toEqual({
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature':
          'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
      });
    });

    it('computed for Stripe, with a secret that is taken as it is', () => {
      const body = '{"id":"evt_test_webhook","object":"event"}';
      expect(sign({ signatures: ['stripe'], secrets: ['whsec_test_secret'], body })).toEqual({
        'stripe-signature':
          't=1614265330,v1=3c5817089d739023dd6190f70a3757e04f7a2fd8b5dab12c2e000f51970dccff',
      });
    });
  });

  it('takes the standard secret with or without its prefix', () => {
    const body = '{}';
    expect(sign({ signatures: ['standard'], secrets: [SPEC_SECRET.slice('whsec_'.length)], body })).toEqual(
      sign({ signatures: ['standard'], secrets: [SPEC_SECRET], body }),
    );
  });

  it('writes configured headers and prefixes', () => {
    const body = '{"a":1}';
    const plain = sign({ signatures: ['hex'], secrets: ['s'], body })['x-webhook-signature']!;
    expect(
      sign({ signatures: [{ scheme: 'hex', header: 'X-Sig', prefix: 'sha256=' }], secrets: ['s'], body }),
    ).toEqual({
      'X-Sig': `sha256=${plain}`,
    });
    const timed = { scheme: 'timestamped-hex', header: 'X-Sig', timestampHeader: 'X-Time', prefix: 'v1=' };
    const headers = sign({ signatures: [timed], secrets: ['s'], body });
    expect(Object.keys(headers)).toEqual(['X-Time', 'X-Sig']);
    expect(headers['X-Sig']).toMatch(/^v1=[0-9a-f]{64}$/);
  });

  it('signs with several schemes at once', () => {
    const headers = sign({ signatures: ['standard', 'github', 'hex'], secrets: [SPEC_SECRET], body: 'x' });
    expect(Object.keys(headers)).toEqual([
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
      'x-hub-signature-256',
      'x-webhook-signature',
    ]);
    expect(headers['x-hub-signature-256']).toBe(`sha256=${headers['x-webhook-signature']}`);
  });

  it('passes over named functions and none', () => {
    expect(sign({ signatures: ['acmeFunction'], secrets: ['s'], body: 'x' })).toEqual({});
    expect(sign({ signatures: ['none'], secrets: ['s'], body: 'x' })).toEqual({});
  });

  it('appends to the headers that are there', () => {
    const headers = ['content-type', 'application/json'];
    createSigner([resolveSignature('github')], ['s']).sign(Buffer.from('x'), SPEC_CONTEXT, headers);
    expect(headers.slice(0, 3)).toEqual(['content-type', 'application/json', 'x-hub-signature-256']);
    expect(headers).toHaveLength(4);
  });

  describe('with several secrets', () => {
    const secrets = [SPEC_SECRET, OTHER_SECRET];
    const one = (signature: SignatureSetting, secret: string): string[] =>
      Object.values(sign({ signatures: [signature], secrets: [secret], body: 'x' }));

    it('lists one signature for each in standard', () => {
      const both = sign({ signatures: ['standard'], secrets, body: 'x' })['webhook-signature'];
      expect(both).toBe(`${one('standard', SPEC_SECRET)[2]} ${one('standard', OTHER_SECRET)[2]}`);
    });

    it('lists one signature for each in stripe', () => {
      const [both] = Object.values(sign({ signatures: ['stripe'], secrets, body: 'x' }));
      const [, second] = one('stripe', OTHER_SECRET)[0]!.split(',');
      expect(both).toBe(`${one('stripe', SPEC_SECRET)[0]},${second}`);
    });

    it('lists one signature for each in standard-ed25519', () => {
      const other = `whsk_${Buffer.alloc(32, 9).toString('base64')}`;
      const signatures = ['standard-ed25519'];
      const both = sign({ signatures, secrets: [KEY_PAIR, other], body: 'x' })['webhook-signature'];
      expect(both).toBe(`${one('standard-ed25519', KEY_PAIR)[2]} ${one('standard-ed25519', other)[2]}`);
    });

    it.each(['github', 'shopify', 'hex', 'timestamped-hex'])('uses the leading one in %s', (scheme) => {
      for (const [leadingIndex, secret] of secrets.entries()) {
        expect(Object.values(sign({ signatures: [scheme], secrets, leadingIndex, body: 'x' }))).toEqual(
          one(scheme, secret),
        );
      }
    });
  });

  it('does not look at secrets that a scheme has no use for', () => {
    expect(() => createSigner([resolveSignature('github')], ['s', ''])).not.toThrow();
    expect(() => createSigner([resolveSignature('none')], [''])).not.toThrow();
  });

  describe('without a secret', () => {
    it('still says id and time in standard', () => {
      expect(sign({ signatures: ['standard'], secrets: [], body: 'x' })).toEqual({
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
      });
    });

    it('still says the id in shopify', () => {
      expect(sign({ signatures: ['shopify'], secrets: [], body: 'x' })).toEqual({
        'x-shopify-webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      });
    });

    it.each(['github', 'stripe', 'hex', 'timestamped-hex'])('writes nothing in %s', (scheme) => {
      expect(sign({ signatures: [scheme], secrets: [], body: 'x' })).toEqual({});
    });
  });

  it('refuses secrets that do not fit, without showing them', () => {
    const create =
      (scheme: string, ...secrets: string[]) =>
      (): unknown =>
        createSigner([resolveSignature(scheme)], secrets);
    expect(create('standard', 'correct horse')).toThrow(OptionsError);
    expect(create('standard', 'correct horse')).not.toThrow(/correct horse/);
    expect(create('standard', SPEC_SECRET, 'bad')).toThrow(expect.objectContaining({ path: 'secrets[1]' }));
    expect(create('github', '')).toThrow(OptionsError);
  });

  describe('is verified as receivers do it', () => {
    const json = fc.jsonValue().map((value) => JSON.stringify(value));
    const now = (): number => Math.floor(Date.now() / 1000);
    const key = fc.uint8Array({ minLength: 24, maxLength: 64 });
    const standardSecret = key.map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);
    const messageId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

    it.each([
      ['standardwebhooks', StandardWebhook],
      ['svix', SvixWebhook],
    ])('by %s', (_, Webhook) => {
      fc.assert(
        fc.property(json, standardSecret, messageId, (body, secret, id) => {
          const given = { signatures: ['standard'], body, messageId: id, timestampSeconds: now() };
          const headers = sign({ ...given, secrets: [secret] });
          expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
          const rotating = sign({ ...given, secrets: [OTHER_SECRET, secret] });
          expect(new Webhook(secret).verify(Buffer.from(body), rotating)).toEqual(JSON.parse(body));
          expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
        }),
      );
    });

    it('by @octokit/webhooks-methods', async () => {
      const secret = fc.string({ unit: 'grapheme', minLength: 1 });
      await fc.assert(
        fc.asyncProperty(json, secret, async (body, text) => {
          const signature = sign({ signatures: ['github'], secrets: [text], body })['x-hub-signature-256']!;
          expect(await verifyGithub(text, body, signature)).toBe(true);
          expect(await verifyGithub(text, `${body} `, signature)).toBe(false);
        }),
      );
    });

    it('by Web Crypto, over any bytes', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array(), standardSecret, messageId, async (body, secret, id) => {
          const signatures = ['standard', 'github', 'timestamped-hex'];
          const headers = sign({ signatures, secrets: [secret], body, messageId: id });
          const standardKey = Buffer.from(secret.slice('whsec_'.length), 'base64');
          const [version, digest] = headers['webhook-signature']!.split(',');
          expect(version).toBe('v1');
          expect(await isHmac(standardKey, `${id}.1614265330.`, body, Buffer.from(digest!, 'base64'))).toBe(
            true,
          );
          const github = headers['x-hub-signature-256']!.slice('sha256='.length);
          expect(await isHmac(Buffer.from(secret), '', body, Buffer.from(github, 'hex'))).toBe(true);
          const timed = headers['x-webhook-signature']!;
          expect(await isHmac(Buffer.from(secret), '1614265330.', body, Buffer.from(timed, 'hex'))).toBe(
            true,
          );
        }),
      );
    });

    it('by the public key of ed25519, over any bytes', () => {
      const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
      fc.assert(
        fc.property(fc.uint8Array(), seed, messageId, (bytes, seedBytes, id) => {
          const body = Buffer.from(bytes);
          const secret = `whsk_${Buffer.from(seedBytes).toString('base64')}`;
          const headers = sign({
            signatures: ['standard-ed25519'],
            secrets: [secret],
            body,
            messageId: id,
            timestampSeconds: now(),
          });
          const publicKey = `whpk_${Buffer.from(derivePublicKey(seedBytes)).toString('base64')}`;
          expect(verifyRequest({ headers, body }, { secret: publicKey })).toEqual({ ok: true });
          const other = Buffer.concat([body, Buffer.from(' ')]);
          expect(verifyRequest({ headers, body: other }, { secret: publicKey }).ok).toBe(false);
        }),
      );
    });
  });
});

async function isHmac(
  secret: Uint8Array,
  start: string,
  body: Uint8Array,
  digest: Uint8Array,
): Promise<boolean> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await webcrypto.subtle.importKey('raw', secret, algorithm, false, ['verify']);
  return webcrypto.subtle.verify('HMAC', key, digest, Buffer.concat([Buffer.from(start), body]));
}
