/** Receivers written for Stripe: `stripe.webhooks.constructEvent` on the raw body and the header that really arrive. */
import Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecordedRequest } from '../../src/listener/recorded-request.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { deliverTwice, HOUR, START } from '../support/deliver-twice.ts';

const { webhooks } = new Stripe('sk_test_nothing');
const SECRET = 'whsec_test_secret_taken_as_it_is';
const EVENT = { id: 'evt_1', object: 'event', type: 'job.done', data: { object: { text: '€ 😀' } } };
const ENDPOINT = { envelope: 'raw', signatures: ['stripe'], secret: SECRET };

function construct(request: RecordedRequest, secret = SECRET, body: Buffer = request.body): unknown {
  return webhooks.constructEvent(body, request.headers['stripe-signature']!, secret);
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: START }));
afterEach(() => void vi.useRealTimers());

describe('stripe.webhooks.constructEvent', () => {
  it('accepts the first attempt and a retry, each with the time it was made', async () => {
    const [first, retry] = await deliverTwice(ENDPOINT, EVENT);
    expect(construct(first)).toEqual(EVENT);
    vi.setSystemTime(START + 10 * HOUR);
    expect(construct(retry)).toEqual(EVENT);
    expect(() => construct(first)).toThrow(/tolerance zone/);
  });

  it('refuses a changed body and another secret', async () => {
    const [first] = await deliverTwice(ENDPOINT, EVENT);
    const tampered = Buffer.from(first.text.replace('evt_1', 'evt_2'));
    expect(() => construct(first, SECRET, tampered)).toThrow(/No signatures found/);
    expect(() => construct(first, SECRET.replace('whsec_', ''))).toThrow(/No signatures found/);
  });

  it('accepts either secret during a rotation, and only the new one afterwards', async () => {
    await using harness = await createHarness({ startAt: START });
    const endpoint = await harness.createEndpoint(ENDPOINT);
    const rotated = await harness.dispatcher.endpoints.rotateSecret(endpoint.id, { graceMs: HOUR });
    expect(rotated.signsWith).toEqual([{ scheme: 'stripe', with: 'all' }]);
    await harness.dispatcher.emit('job.done', EVENT);
    await harness.advance(HOUR);
    await harness.dispatcher.emit('job.done', EVENT);
    await harness.advance(0);
    const [during, after] = harness.receiver.requests;
    for (const secret of [SECRET, rotated.secret]) expect(construct(during!, secret)).toEqual(EVENT);
    vi.setSystemTime(START + HOUR);
    expect(construct(after!, rotated.secret)).toEqual(EVENT);
    expect(() => construct(after!)).toThrow(/No signatures found/);
  });
});
