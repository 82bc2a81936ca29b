/** What receivers run: the published libraries, used as their documentation shows, on what really arrives. */
import { verify as verifyGithub, verifyWithFallback } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHarness } from '../../src/testing/harness.ts';
import { DATA, deliverTwice, HOUR, START } from '../support/deliver-twice.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

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
      expect(webhook.verify(first.text, first.headers)).toMatchObject({ type: 'job.done', data: DATA });
    });
    atTime(START + 10 * HOUR, () => {
      expect(webhook.verify(retry.text, retry.headers)).toMatchObject({ type: 'job.done', data: DATA });
      expect(() => webhook.verify(first.text, first.headers)).toThrow(/timestamp/i);
    });
  });

  it('accepts either secret while two are live, and the generated one', async () => {
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const [request] = await deliverTwice({ secrets: [SECRET, other] });
    atTime(START, () => {
      for (const secret of [SECRET, other]) new Webhook(secret).verify(request.text, request.headers);
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

  it('accepts either secret during a rotation, and only the new one afterwards', async () => {
    await using harness = await createHarness({ startAt: START });
    const endpoint = await harness.createEndpoint({ secret: SECRET });
    const { secret } = await harness.dispatcher.endpoints.rotateSecret(endpoint.id, { graceMs: HOUR });
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(HOUR);
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(0);
    const [during, after] = harness.receiver.requests;
    atTime(START, () => {
      for (const live of [SECRET, secret]) new Webhook(live).verify(during!.text, during!.headers);
    });
    atTime(START + HOUR, () => {
      new Webhook(secret).verify(after!.text, after!.headers);
      expect(() => new Webhook(SECRET).verify(after!.text, after!.headers)).toThrow(/signature/i);
    });
  });

  it('refuses a changed body, a changed id and another secret', async () => {
    const [request] = await deliverTwice({ secret: SECRET });
    const { text, headers } = request;
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

  it('accepts every request around a rotation when it is given both secrets, as its users do', async () => {
    await using harness = await createHarness({ startAt: START });
    const endpoint = await harness.createEndpoint({ signatures: ['github'], secret });
    const rotated = await harness.dispatcher.endpoints.rotateSecret(endpoint.id, { graceMs: HOUR });
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(HOUR);
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(0);
    expect(harness.receiver.received).toBe(2);
    for (const { text, headers } of harness.receiver.requests) {
      const signature = headers['x-hub-signature-256']!;
      expect(await verifyWithFallback(rotated.secret, text, signature, [secret])).toBe(true);
      expect(await verifyWithFallback('other', text, signature, ['another'])).toBe(false);
    }
  });

  it('and a Standard Webhooks receiver both accept a request that is signed with both schemes', async () => {
    const signatures = ['standard', 'github'];
    const [request] = await deliverTwice({ signatures, secret: SECRET });
    const { text, headers } = request;
    expect(await verifyGithub(SECRET, text, headers['x-hub-signature-256']!)).toBe(true);
    atTime(START, () => void new StandardWebhook(SECRET).verify(text, headers));
  });
});
