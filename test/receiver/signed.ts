/** Genuine requests of each scheme, signed by the specifications alone. */
import type { VerifyWebhookOptions } from '../../src/receiver/verify-options.ts';
import {
  hexOf,
  publicKeyOf,
  shopifyOf,
  standardV1,
  standardV1a,
  stripeHeader,
  timestampedHexOf,
} from '../support/expected-signatures.ts';

export const SECONDS = 1_779_006_615;
export const NOW: number = SECONDS * 1000 + 999;
export const ID = 'msg_9VuJqz56dLb2bXyWoBEHRe';
export const KEY: string = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
export const TEXT_SECRET = 'пароль 😀 of some length';
export const BODY = '{"type":"job.done","timestamp":"2026-05-17T08:30:15.000Z","data":{"note":"ü 😀"}}';
export const SEED: Uint8Array = Buffer.alloc(32, 77);

export interface SignedCase {
  readonly options: VerifyWebhookOptions;
  readonly headers: Readonly<Record<string, string>>;
}

const now = (): number => NOW;

/** One for each scheme. */
export function signedCases(body: string | Uint8Array = BODY): Readonly<Record<string, SignedCase>> {
  const ids = { 'webhook-id': ID, 'webhook-timestamp': String(SECONDS) };
  return {
    standard: {
      options: { secret: KEY, now },
      headers: { ...ids, 'webhook-signature': standardV1(KEY, ID, SECONDS, body) },
    },
    'standard-ed25519': {
      options: { publicKey: publicKeyOf(SEED), now },
      headers: { ...ids, 'webhook-signature': standardV1a(SEED, ID, SECONDS, body) },
    },
    github: {
      options: { secret: TEXT_SECRET, scheme: 'github', now },
      headers: { 'x-hub-signature-256': `sha256=${hexOf(TEXT_SECRET, body)}` },
    },
    stripe: {
      options: { secret: KEY, scheme: 'stripe', now },
      headers: { 'stripe-signature': stripeHeader([KEY], SECONDS, body) },
    },
    shopify: {
      options: { secret: TEXT_SECRET, scheme: 'shopify', now },
      headers: { 'x-shopify-webhook-id': ID, 'x-shopify-hmac-sha256': shopifyOf(TEXT_SECRET, body) },
    },
    hex: {
      options: { secret: TEXT_SECRET, scheme: { scheme: 'hex', header: 'X-Acme', prefix: 'sha256=' }, now },
      headers: { 'x-acme': `sha256=${hexOf(TEXT_SECRET, body)}` },
    },
    'timestamped-hex': {
      options: {
        secret: TEXT_SECRET,
        scheme: { scheme: 'timestamped-hex', header: 'X-Acme', timestampHeader: 'X-At', prefix: 'v0:' },
        now,
      },
      headers: { 'x-at': String(SECONDS), 'x-acme': `v0:${timestampedHexOf(TEXT_SECRET, SECONDS, body)}` },
    },
  };
}

/** Cases of it.each. */
export const CASES: readonly (readonly [scheme: string, signed: SignedCase])[] =
  Object.entries(signedCases());
