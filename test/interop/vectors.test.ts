/** Published signatures, as requests that really arrive. */
import { describe, expect, it } from 'vitest';
import { createHarness } from '../../src/testing/harness.ts';

describe('published vectors over HTTP', () => {
  it('Standard Webhooks v1', async () => {
    await using harness = await createHarness({
      startAt: 1_614_265_330_000,
      dispatcher: {
        functions: {
          envelope: { vector: () => ({ body: '{"test": 2432232314}', contentType: 'application/json' }) },
        },
      },
    });
    await harness.createEndpoint({ envelope: 'vector', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
    await harness.dispatcher.emit('job.done', {}, { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek' });
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers).toMatchObject({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('GitHub', async () => {
    await using harness = await createHarness({
      dispatcher: {
        functions: { envelope: { vector: () => ({ body: 'Hello, World!', contentType: 'text/plain' }) } },
      },
    });
    await harness.createEndpoint({
      envelope: 'vector',
      signatures: ['github'],
      secret: "It's a Secret to Everybody",
    });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers['x-hub-signature-256']).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    );
  });

  it('Convoy, simple hex over the raw body', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({
      envelope: 'raw',
      signatures: [{ scheme: 'hex', header: 'X-Convoy-Signature' }],
      secret: 'convoy-webhook-secret',
    });
    await harness.dispatcher.emit('charge.success', {
      event: 'charge.success',
      amount: 1000,
      currency: 'NGN',
    });
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.text).toBe('{"event":"charge.success","amount":1000,"currency":"NGN"}');
    expect(request!.headers['x-convoy-signature']).toBe(
      '244449b7f48cbc2709060c9dcdc2b3aa47a78f540430579015c579fb12defbb4',
    );
  });

  it('Hook0 v0, hex over time and body', async () => {
    await using harness = await createHarness({
      startAt: 1_636_936_200_000,
      dispatcher: {
        functions: { envelope: { vector: () => ({ body: 'hello !', contentType: 'text/plain' }) } },
      },
    });
    await harness.createEndpoint({ envelope: 'vector', signatures: ['timestamped-hex'], secret: 'secret' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers).toMatchObject({
      'x-webhook-timestamp': '1636936200',
      'x-webhook-signature': '1b3d69df55f1e52f05224ba94a5162abeb17ef52cd7f4948c390f810d6a87e98',
    });
  });
});
