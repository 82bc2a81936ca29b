/** Challenges of a real dispatcher, in envelopes whose bodies look otherwise. */
import { describe, expect, it } from 'vitest';
import type { EndpointInput } from '../../src/index.ts';
import { memorySeenStore, verifyWebhook, type WebhookMessage } from '../../src/receiver/index.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { KEY } from './signed.ts';
import { SERVERS } from './servers.ts';

const startNode = SERVERS['node:http']!;

describe('the challenge of a sender', () => {
  it.each(['standard', 'raw', 'cloudevents', 'cloudevents-binary', 'form', 'bytes'] as const)(
    'is answered in the envelope %s, where messages have an id and a type of their own',
    async (envelope) => {
      await using harness = await createHarness({ dispatcher: { verification: 'challenge' } });
      const messages: WebhookMessage[] = [];
      const errors: unknown[] = [];
      const scheme = { scheme: 'hex', header: 'X-Acme-Signature' } as const;
      await using server = await startNode({
        secret: KEY,
        scheme,
        envelope,
        typeHeader: 'X-Event',
        idHeader: 'X-Id',
        deduplicate: { store: memorySeenStore() },
        handle: (message) => void messages.push(message),
        onError: (error) => void errors.push(error),
      });
      const { id } = await harness.createEndpoint({
        url: server.url,
        secret: KEY,
        signatures: [scheme],
        envelope: envelope as EndpointInput['envelope'],
      });
      expect(await harness.dispatcher.endpoints.verify(id)).toMatchObject({ verified: true });
      expect([messages, errors]).toEqual([[], []]);
    },
  );

  it('needs no id where repetitions are refused', async () => {
    await using harness = await createHarness();
    const scheme = { scheme: 'hex', header: 'X-Acme-Signature' } as const;
    await harness.createEndpoint({ secret: KEY, signatures: [scheme], verification: 'challenge' });
    await harness.advance(0);
    const [{ body, headers } = expect.unreachable()] = harness.receiver.requests;
    const options = { secret: KEY, scheme, envelope: 'cloudevents', seen: () => true } as const;
    expect(await verifyWebhook(body, headers, options)).toMatchObject({
      ok: true,
      message: { type: 'posthorn.endpoint.challenge', data: { challenge: headers['webhook-challenge'] } },
    });
  });

  it('is not taken for one where data of an application looks like it', async () => {
    await using harness = await createHarness();
    const messages: WebhookMessage[] = [];
    const errors: unknown[] = [];
    await using server = await startNode({
      secret: KEY,
      envelope: 'raw',
      now: () => harness.clock.now(),
      handle: (message) => void messages.push(message),
      onError: (error) => void errors.push(error),
    });
    await harness.createEndpoint({ url: server.url, secret: KEY, envelope: 'raw' });
    const data = {
      type: 'posthorn.endpoint.challenge',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { endpointId: 'ep_1', challenge: 'token' },
    };
    await harness.dispatcher.emit('job.done', data);
    await harness.dispatcher.drain();
    expect(messages).toMatchObject([{ data }]);
    expect(errors).toEqual([]);
  });

  it.each(['headers', 'computedHeaders'])(
    'has a header that %s of an endpoint cannot write',
    async (option) => {
      await using harness = await createHarness();
      const value = { [option]: { 'Webhook-Challenge': 'message.id' } };
      await expect(harness.createEndpoint(value)).rejects.toMatchObject({
        code: 'invalid_option',
        path: `endpoint.${option}["Webhook-Challenge"]`,
      });
    },
  );
});
