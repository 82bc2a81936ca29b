/** Published signatures, as requests that really arrive. */
import { createHmac } from 'node:crypto';
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

  it('Standard Webhooks v1a', async () => {
    await using harness = await createHarness({
      startAt: 1_614_265_330_000,
      dispatcher: {
        functions: {
          envelope: { vector: () => ({ body: '{"test": 2432232314}', contentType: 'application/json' }) },
        },
      },
    });
    const { publicKey } = await harness.createEndpoint({
      envelope: 'vector',
      signatures: ['standard-ed25519'],
      secret: '6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
    });
    expect(publicKey).toBe('whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=');
    await harness.dispatcher.emit('job.done', {}, { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek' });
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers).toMatchObject({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature':
        'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
    });
  });

  it('Stripe', async () => {
    await using harness = await createHarness({ startAt: 1_614_265_330_000 });
    await harness.createEndpoint({ envelope: 'raw', signatures: ['stripe'], secret: 'whsec_test_secret' });
    await harness.dispatcher.emit('job.done', { id: 'evt_test_webhook', object: 'event' });
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.text).toBe('{"id":"evt_test_webhook","object":"event"}');
    expect(request!.headers['stripe-signature']).toBe(
      't=1614265330,v1=3c5817089d739023dd6190f70a3757e04f7a2fd8b5dab12c2e000f51970dccff',
    );
  });

  it('Convoy, advanced, as a function of the host', async () => {
    await using harness = await createHarness({
      startAt: 1_700_000_000_000,
      dispatcher: {
        functions: {
          signature: {
            convoy: ({ body, timestamp, secrets }) => {
              const sign = (secret: string): string =>
                `v1=${createHmac('sha256', secret).update(`${timestamp},`).update(body).digest('hex')}`;
              return { 'X-Convoy-Signature': [`t=${timestamp}`, ...secrets.map(sign)].join(',') };
            },
          },
        },
      },
    });
    await harness.createEndpoint({
      envelope: 'raw',
      signatures: ['convoy'],
      secret: 'convoy-webhook-secret',
    });
    await harness.dispatcher.emit('charge.success', {
      event: 'charge.success',
      amount: 1000,
      currency: 'NGN',
    });
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers['x-convoy-signature']).toBe(
      't=1700000000,v1=77b8b9269f25a199846a55a2bd25b3fba151c70fdae60bb1dcd87fbbc943c55c',
    );
  });

  it('Hook0 v1, which signs headers too, as a function of the host', async () => {
    await using harness = await createHarness({
      startAt: 1_636_936_200_000,
      dispatcher: {
        functions: {
          envelope: { vector: () => ({ body: 'hello !', contentType: 'text/plain' }) },
          signature: {
            hook0: ({ body, timestamp, message, secrets }) => {
              const headers = { 'x-event-id': message.id, 'x-event-type': message.type };
              const names = Object.keys(headers).join(' ');
              const v1 = createHmac('sha256', secrets[0]!)
                .update(`${timestamp}.${names}.${Object.values(headers).join('.')}.`)
                .update(body)
                .digest('hex');
              return { ...headers, 'X-Hook0-Signature': `t=${timestamp},h=${names},v1=${v1}` };
            },
          },
        },
      },
    });
    await harness.createEndpoint({ envelope: 'vector', signatures: ['hook0'], secret: 'secret' });
    await harness.dispatcher.emit(
      'service.resource.verb',
      {},
      { id: '1a01cb48-5142-4d9b-8f90-d20cca61f0ee' },
    );
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers['x-hook0-signature']).toBe(
      't=1636936200,h=x-event-id x-event-type,v1=bc521546ba5de381b12f135782d2008b028c3065c191760b12b76850a8fc8f51',
    );
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
