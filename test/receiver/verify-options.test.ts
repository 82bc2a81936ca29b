import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import type { VerifyWebhookOptions } from '../../src/receiver/verify-options.ts';
import { createWebhookVerifier } from '../../src/receiver/verify-webhook.ts';
import { publicKeyOf } from '../support/expected-signatures.ts';
import { KEY, SEED } from './signed.ts';

const PUBLIC = publicKeyOf(SEED);

function errorOf(options: unknown): OptionsError {
  try {
    createWebhookVerifier(options as VerifyWebhookOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return error as OptionsError;
  }
  throw new Error(`accepted ${inspect(options)}`);
}

describe('createWebhookVerifier', () => {
  it.each<[unknown, string, RegExp]>([
    [undefined, 'options', /expected an object with a secret or a public key, got undefined/],
    [{}, 'secret', /^secret: expected exactly one of .* got none\. Is an environment variable missing\?$/],
    [{ secret: undefined }, 'secret', /got none/],
    [{ secret: KEY, publicKey: PUBLIC }, 'secret', /got secret and publicKey/],
    [{ secret: KEY, secrets: [KEY] }, 'secret', /got secret and secrets/],
    [{ secret: '' }, 'secret', /base64 of 24 to 64 bytes/],
    [{ secret: 'whsec_' }, 'secret', /base64 of 24 to 64 bytes/],
    [{ secret: '%%%%' }, 'secret', /something else than standard base64/],
    [{ secret: `whsec_${Buffer.alloc(23).toString('base64')}` }, 'secret', /got base64 of 23 bytes/],
    [{ secret: null }, 'secret', /a string, got null/],
    [{ secret: '', scheme: 'github' }, 'secret', /at least one byte/],
    [{ secrets: [] }, 'secrets', /an array of 1 to 10 secrets/],
    [{ secrets: [KEY, 'x'] }, 'secrets[1]', /secrets\[1\]: expected a secret/],
    [{ secrets: Array.from({ length: 11 }, () => KEY) }, 'secrets', /1 to 10/],
    [{ publicKey: 'whpk_AAAA' }, 'publicKey', /an ed25519 public key, .* got base64 of 3 bytes/],
    [{ publicKey: `whsk_${Buffer.alloc(64).toString('base64')}` }, 'publicKey', /only the sender may have/],
    [{ publicKey: PUBLIC, scheme: 'github' }, 'publicKey', /github is verified with a secret/],
    [{ secret: KEY, scheme: 'standard-ed25519' }, 'secret', /give it as publicKey/],
    [{ secret: PUBLIC }, 'secret', /base64 of 24 to 64 bytes/],
    [{ secret: KEY, scheme: 'none' }, 'scheme', /that signs, got "none"/],
    [{ secret: KEY, scheme: 'gihub' }, 'scheme', /Did you mean "github"\?/],
    [
      { secret: KEY, scheme: { scheme: 'github', header: 'x' } },
      'scheme.header',
      /Unknown key "scheme.header"/,
    ],
    [{ secret: KEY, scheme: { scheme: 'hex', header: 'no spaces' } }, 'scheme.header', /a header name/],
    [{ secret: KEY, envelope: 'cloudevent' }, 'envelope', /Did you mean "cloudevents"\?/],
    [{ secret: KEY, envelope: 'constructor' }, 'envelope', /the name of an envelope/],
    [{ secret: KEY, toleranceSeconds: -1 }, 'toleranceSeconds', /a number of seconds from 0, or Infinity/],
    [{ secret: KEY, toleranceSeconds: NaN }, 'toleranceSeconds', /got NaN/],
    [{ secret: KEY, toleranceSeconds: '300' }, 'toleranceSeconds', /got "300" \(string\)/],
    [{ secret: KEY, toleranceMs: 1 }, 'toleranceMs', /Unknown key "toleranceMs"/],
    [{ secret: KEY, seen: new Set() }, 'seen', /expected a function/],
    [{ secret: KEY, identify: 'data.id' }, 'identify', /expected a function/],
    [{ secret: KEY, now: 0 }, 'now', /expected a function/],
    [{ secret: KEY, idHeader: 'a b' }, 'idHeader', /a header name/],
    [{ secret: KEY, typeHeader: 1 }, 'typeHeader', /a header name/],
  ])('refuses %j at once', (options, path, message) => {
    const error = errorOf(options);
    expect(error).toMatchObject({ code: 'invalid_option', path });
    expect(error.message).toMatch(message);
  });

  it('shows no secret in an error', () => {
    for (const options of [
      { secret: `${KEY}!` },
      { secret: KEY, publicKey: PUBLIC },
      { secrets: [`x${KEY}`] },
      { publicKey: KEY },
      { secret: { secret: KEY } },
    ])
      expect(inspect(errorOf(options))).not.toContain(KEY.slice(6, 20));
  });

  it.each<VerifyWebhookOptions>([
    { secret: KEY },
    { secret: KEY.slice('whsec_'.length) },
    { secrets: [KEY, KEY] },
    { publicKey: PUBLIC },
    { publicKey: PUBLIC.slice('whpk_'.length), scheme: 'standard-ed25519' },
    { publicKeys: [PUBLIC] },
    { secret: 'x', scheme: 'stripe' },
    { secret: 'x', scheme: { scheme: 'stripe', header: 'Acme-Signature' } },
    { secret: KEY, toleranceSeconds: 0 },
    { secret: KEY, toleranceSeconds: Infinity },
  ])('takes %j', (options) => {
    expect(createWebhookVerifier(options)).toBeTypeOf('function');
  });

  it('refuses headers that are none, which is no fault of the sender', async () => {
    const verify = createWebhookVerifier({ secret: KEY });
    for (const headers of [undefined, null, 'webhook-id: x', []])
      await expect(verify('', headers as never)).rejects.toThrow(
        /headers: expected the headers of the request/,
      );
  });
});
