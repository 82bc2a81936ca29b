/** System B: a dashboard that pushes match results, once, with headers set by a person. */
import { describe, expect, it } from 'vitest';
import type { EnvelopeFunction } from '../../src/core/functions.ts';
import { createHarness } from '../../src/testing/harness.ts';

const MATCH = {
  best_model: 'ray_ban_glasses.glb',
  confidence: 0.87,
  source_image: 'ray_ban_glasses.jpg',
  model_url: 'https://jigu.s3.eu-west-1.wasabisys.com/ray_ban_glasses.glb?X-Amz=1&a=b',
  timestamp: '2025-11-30T14:30:45.123Z',
  images_count: 3,
};
const START = Date.parse('2025-11-30T14:30:45.123Z');

const dashboard: EnvelopeFunction = ({ message, dataJson }) => ({
  body: `{"event":"${message.type}","timestamp":"${new Date(message.timestamp).toISOString()}","data":${dataJson}}`,
  contentType: 'application/json',
});

const dispatcher = {
  functions: { envelope: { dashboard } },
  envelope: 'dashboard',
  signatures: ['none'],
  retry: 'once',
  timeoutMs: 10_000,
} as const;

/** The checks of the printed Express receiver, in its order. */
function receive(headers: Readonly<Record<string, string>>, body: unknown): number {
  const secret = headers['x-webhook-secret'];
  if (secret !== 'your-secret-token-here') return 401;
  const { event, data } = body as { event: string; data: typeof MATCH };
  return event === 'match' && (data.confidence * 100).toFixed(1) === '87.0' ? 200 : 400;
}

describe('the glasses dashboard', () => {
  it('sends event, timestamp and data as printed, with the headers of the endpoint', async () => {
    await using harness = await createHarness({ startAt: START, dispatcher });
    const headers = {
      Authorization: 'Bearer your-token-here',
      'X-Custom-Header': 'custom-value',
      'X-Webhook-Secret': 'your-secret-token-here',
    };
    harness.receiver.always((request) => receive(request.headers, request.json()));
    const endpoint = await harness.createEndpoint({ name: 'My App', events: ['match'], headers });
    await harness.dispatcher.emit('match', MATCH);
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.text).toBe(
      JSON.stringify({ event: 'match', timestamp: '2025-11-30T14:30:45.123Z', data: MATCH }),
    );
    expect(request!.headers).toMatchObject({
      authorization: 'Bearer your-token-here',
      'x-custom-header': 'custom-value',
    });
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([
      { state: 'succeeded', attemptLog: [{ response: { status: 200 } }] },
    ]);
  });

  it('sends once by default, and again where retries are configured', async () => {
    await using harness = await createHarness({ dispatcher });
    harness.receiver.always(500);
    await harness.createEndpoint({ url: harness.receiver.urlOf('/once') });
    await harness.createEndpoint({ url: harness.receiver.urlOf('/again'), retry: 'short' });
    await harness.dispatcher.emit('match', MATCH);
    await harness.advance(3_600_000);
    const count = (path: string): number =>
      harness.receiver.requests.filter((request) => request.path === path).length;
    expect([count('/once'), count('/again')]).toEqual([1, 5]);
  });

  it('counts success and failure, and when an endpoint was last triggered', async () => {
    await using harness = await createHarness({ startAt: START, dispatcher });
    harness.receiver.reply(204, 500, 204);
    const { id } = await harness.createEndpoint({ events: ['match', 'upload'] });
    for (const type of ['match', 'upload', 'match', 'rebuild']) {
      await harness.advance(1_000);
      await harness.dispatcher.emit(type, {});
      await harness.advance(0);
    }
    expect(await harness.dispatcher.endpoints.get(id)).toMatchObject({
      succeeded: 2,
      failed: 1,
      lastTriggeredAt: START + 3_000,
    });
  });

  it('sends nothing to an endpoint that is switched off', async () => {
    await using harness = await createHarness({ dispatcher });
    const { id } = await harness.createEndpoint();
    await harness.dispatcher.endpoints.update(id, { status: 'disabled' });
    await harness.dispatcher.emit('match', MATCH);
    await harness.advance(0);
    expect(harness.receiver.received).toBe(0);
  });

  it('tests a URL and tells what came of it', async () => {
    await using harness = await createHarness({ dispatcher });
    harness.receiver.reply(401);
    const { id } = await harness.createEndpoint();
    expect(await harness.dispatcher.endpoints.test(id)).toMatchObject({ delivered: false, status: 401 });
    expect(harness.receiver.requests[0]!.json()).toMatchObject({ event: 'posthorn.test' });
  });
});
