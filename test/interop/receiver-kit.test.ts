/** What the published libraries sign, verified by the receiver kit: the other half of `libraries.test.ts`. */
import { sign as signGithub } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { describe, expect, it } from 'vitest';
import { verifyWebhook, type VerifyWebhookOptions } from '../../src/receiver/index.ts';

const NOW = Date.UTC(2026, 0, 1);
const SECONDS = NOW / 1000;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = '{"id":"evt_1","object":"event","text":"€ 😀"}';
const { webhooks } = new Stripe('sk_test_nothing');

const standardHeaders = (Webhook: typeof StandardWebhook | typeof SvixWebhook) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(SECONDS),
  'webhook-signature': new Webhook(SECRET).sign('msg_1', new Date(NOW), BODY),
});

describe.each<[string, () => Promise<Record<string, string>>, VerifyWebhookOptions]>([
  ['standardwebhooks', async () => standardHeaders(StandardWebhook), { secret: SECRET }],
  ['svix', async () => standardHeaders(SvixWebhook), { secret: SECRET }],
  [
    '@octokit/webhooks-methods',
    async () => ({ 'X-Hub-Signature-256': await signGithub(SECRET, BODY) }),
    { secret: SECRET, scheme: 'github' },
  ],
  [
    'stripe',
    async () => ({
      'stripe-signature': webhooks.generateTestHeaderString({
        payload: BODY,
        secret: SECRET,
        timestamp: SECONDS,
      }),
    }),
    { secret: SECRET, scheme: 'stripe' },
  ],
])('what %s signs', (_, sign, options) => {
  it('is accepted, and refused with another body or secret', async () => {
    const headers = await sign();
    const raw: VerifyWebhookOptions = { envelope: 'raw', now: () => NOW, ...options };
    expect(await verifyWebhook(BODY, headers, raw)).toMatchObject({
      ok: true,
      message: { data: JSON.parse(BODY) },
    });
    expect(await verifyWebhook(BODY.replace('1', '2'), headers, raw)).toMatchObject({
      reason: 'signature_mismatch',
    });
    const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
    expect(await verifyWebhook(BODY, headers, { ...raw, secret })).toMatchObject({
      reason: 'signature_mismatch',
    });
  });
});
