/** What receivers run: the published libraries, used as their documentation shows, on what really arrives. */
import { verify as verifyGithub } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EndpointInput } from '../../src/core/endpoint-input.ts';
import type { RecordedRequest } from '../../src/listener/recorded-request.ts';
import { createHarness } from '../../src/testing/harness.ts';

const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const DATA = { text: 'ünï "quoted" \u2028 € 😀', n: 1.5, nested: { list: [1, null, ''] } };
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** The first attempt fails; the second comes ten hours later. */
async function deliverTwice(endpoint: Partial<EndpointInput>): Promise<readonly RecordedRequest[]> {
  await using harness = await createHarness({ startAt: START });
  harness.receiver.reply(500, 204);
  await harness.createEndpoint({ retry: { kind: 'schedule', delaysMs: [10 * HOUR] }, ...endpoint });
  await harness.dispatcher.emit('job.done', DATA);
  await harness.advance(10 * HOUR);
  expect(harness.receiver.received).toBe(2);
  return [...harness.receiver.requests];
}

/** The libraries read the time of the machine; only Date is replaced. */
function atTime(instant: number, check: () => void): void {
  vi.setSystemTime(instant);
  check();
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

describe.each([
  ['standardwebhooks', StandardWebhook],
  ['svix', SvixWebhook],
])('%s', (_name, Webhook) => {
  it('accepts the raw body and headers of the first attempt and of a retry', async () => {
    const [first, retry] = await deliverTwice({ secret: SECRET });
    const webhook = new Webhook(SECRET);
    atTime(START, () => {
      expect(webhook.verify(first!.text, first!.headers)).toMatchObject({ type: 'job.done', data: DATA });
    });
    atTime(START + 10 * HOUR, () => {
      expect(webhook.verify(retry!.text, retry!.headers)).toMatchObject({ type: 'job.done', data: DATA });
      expect(() => webhook.verify(first!.text, first!.headers)).toThrow(/timestamp/i);
    });
  });

  it('accepts either secret while two are live, and the generated one', async () => {
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const [request] = await deliverTwice({ secrets: [SECRET, other] });
    atTime(START, () => {
      for (const secret of [SECRET, other]) new Webhook(secret).verify(request!.text, request!.headers);
    });
    await using harness = await createHarness({ startAt: START });
    const { secret } = await harness.createEndpoint({ envelope: 'raw' });
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(0);
    const [generated] = harness.receiver.requests;
    atTime(START, () => {
      expect(new Webhook(secret!).verify(generated!.text, generated!.headers)).toEqual(DATA);
    });
  });

  it('refuses a changed body, a changed id and another secret', async () => {
    const [request] = await deliverTwice({ secret: SECRET });
    const { text, headers } = request!;
    atTime(START, () => {
      const webhook = new Webhook(SECRET);
      expect(() => webhook.verify(text.replace('1.5', '1.6'), headers)).toThrow(/signature/i);
      expect(() => webhook.verify(text, { ...headers, 'webhook-id': 'msg_other' })).toThrow(/signature/i);
      const other = new Webhook(`whsec_${Buffer.alloc(24, 1).toString('base64')}`);
      expect(() => other.verify(text, headers)).toThrow(/signature/i);
    });
  });
});

describe('@octokit/webhooks-methods', () => {
  const secret = "It's a Secret to Everybody";

  it('accepts the first attempt and a retry signed with the scheme github', async () => {
    for (const { text, headers } of await deliverTwice({ signatures: ['github'], secret })) {
      expect(await verifyGithub(secret, text, headers['x-hub-signature-256']!)).toBe(true);
      expect(await verifyGithub('other', text, headers['x-hub-signature-256']!)).toBe(false);
    }
  });

  it('and a Standard Webhooks receiver both accept a request that is signed with both schemes', async () => {
    const signatures = ['standard', 'github'];
    const [request] = await deliverTwice({ signatures, secret: SECRET });
    const { text, headers } = request!;
    expect(await verifyGithub(SECRET, text, headers['x-hub-signature-256']!)).toBe(true);
    atTime(START, () => void new StandardWebhook(SECRET).verify(text, headers));
  });
});
