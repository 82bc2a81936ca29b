import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import { createHarness } from '../../src/testing/harness.ts';

const BYTES = Buffer.from([0, 255, 254, 10, 13, 0x25, 0x50, 0x44, 0x46]);
const PLAIN = { signatures: ['hex'], secret: 'a secret of some length' };

describe('emit with bytes', () => {
  it('stores their base64 text, which other envelopes send', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({ envelope: 'raw' });
    const views = [BYTES, new Uint8Array(BYTES), new Uint8Array([9, ...BYTES, 9]).subarray(1, -1)];
    for (const data of views) {
      const { id } = await harness.dispatcher.emit('file.ready', data);
      expect((await harness.dispatcher.messages.get(id)).data).toBe(BYTES.toString('base64'));
    }
    await harness.advance(0);
    expect(harness.receiver.requests.map(({ text }) => text)).toEqual(
      Array(3).fill(JSON.stringify(BYTES.toString('base64'))),
    );
  });

  it('takes none at all', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({ envelope: 'bytes' });
    const { id } = await harness.dispatcher.emit('file.ready', new Uint8Array());
    expect((await harness.dispatcher.messages.get(id)).data).toBe('');
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.body).toHaveLength(0);
  });

  it('takes them as they were at the call', async () => {
    await using harness = await createHarness();
    const data = new Uint8Array([1]);
    const receipt = harness.dispatcher.emit('file.ready', data);
    data[0] = 2;
    expect((await harness.dispatcher.messages.get((await receipt).id)).data).toBe('AQ==');
  });

  it('counts the base64 against maxPayloadBytes', async () => {
    await using harness = await createHarness({ dispatcher: { maxPayloadBytes: 10 } });
    await harness.dispatcher.emit('file.ready', new Uint8Array(6));
    await expect(harness.dispatcher.emit('file.ready', new Uint8Array(7))).rejects.toThrow(
      /at most 10 bytes of JSON/,
    );
  });
});

describe('the envelope bytes', () => {
  it('sends the bytes, the same and signed as they are on every attempt', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500);
    const envelope = { name: 'bytes', contentType: 'application/pdf' };
    await harness.createEndpoint({ ...PLAIN, envelope, retry: 'short' });
    await harness.dispatcher.emit('file.ready', BYTES);
    await harness.advance(1_000);
    const digest = createHmac('sha256', PLAIN.secret).update(BYTES).digest('hex');
    const seen = harness.receiver.requests.map(({ body, headers }) => [
      body,
      headers['content-type'],
      headers['x-webhook-signature'],
    ]);
    expect(seen).toEqual([
      [BYTES, 'application/pdf', digest],
      [BYTES, 'application/pdf', digest],
    ]);
  });

  it('takes data that is no base64 for a fault of the dispatcher, and says what to do', async () => {
    await using harness = await createHarness();
    const endpoint = await harness.createEndpoint({ envelope: 'bytes' });
    await harness.dispatcher.emit('file.ready', { pin: 'hunter2' });
    await harness.advance(0);
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({
      state: 'scheduled',
      reason: 'bad_request',
      attemptLog: [
        { outcome: 'dispatcher_failed', detail: expect.stringContaining('Emit a Uint8Array or its base64') },
      ],
    });
    expect(JSON.stringify(delivery!.attemptLog)).not.toContain('hunter2');
    expect(harness.receiver.received).toBe(0);
  });

  it('can be tried out', async () => {
    await using harness = await createHarness();
    const { id } = await harness.createEndpoint({ envelope: 'bytes' });
    expect(await harness.dispatcher.endpoints.test(id)).toMatchObject({ delivered: true });
    expect(harness.receiver.requests[0]!.json()).toEqual({ test: true, endpointId: id });
  });
});

describe('the envelope form', () => {
  it('sends what receivers of forms read', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({ ...PLAIN, envelope: 'form' });
    await harness.dispatcher.emit('job.done', { id: 42, tags: ['a', 'ü'], none: null });
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(request!.text).toBe('id=42&tags=a&tags=%C3%BC&none=');
    expect(request!.headers['x-webhook-signature']).toBe(
      createHmac('sha256', PLAIN.secret).update(request!.body).digest('hex'),
    );
  });
});

describe('headers of an envelope', () => {
  it.each([
    [{ headers: { 'CE-Type': 'x' } }, 'endpoint.headers["CE-Type"]'],
    [{ computedHeaders: { 'ce-id': 'message.id' } }, 'endpoint.computedHeaders["ce-id"]'],
    [{ signatures: [{ scheme: 'hex', header: 'ce-source' }], secret: 'x' }, 'endpoint.signatures[0]'],
    [
      { envelope: { name: 'cloudevents-binary', subject: 's' }, headers: { 'ce-subject': 'x' } },
      'endpoint.headers["ce-subject"]',
    ],
    [{ headers: { 'Content-Type': 'application/cloudevents+json' } }, 'endpoint.headers["Content-Type"]'],
  ])('are nobody else’s: refuses %j', async (input, path) => {
    await using harness = await createHarness();
    const refused = harness.createEndpoint({ envelope: 'cloudevents-binary', ...input });
    await expect(refused).rejects.toThrow(OptionsError);
    await expect(refused).rejects.toMatchObject({ path });
  });

  it('leave room for attributes that the envelope does not write', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({
      envelope: 'cloudevents-binary',
      computedHeaders: { 'ce-subject': 'endpoint.id' },
      headers: { 'ce-partitionkey': '7', 'content-type': 'application/json' },
    });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers).toMatchObject({
      'ce-partitionkey': '7',
      'ce-subject': expect.stringMatching(/^ep_/),
      'content-type': 'application/json',
    });
  });

  it('of a named function may not be those of CloudEvents', async () => {
    await using harness = await createHarness({
      dispatcher: { functions: { signature: { acme: () => ({ 'Ce-Time': 'now' }) } } },
    });
    const endpoint = await harness.createEndpoint({ envelope: 'cloudevents-binary', signatures: ['acme'] });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ reason: 'bad_request' }]);
  });
});
