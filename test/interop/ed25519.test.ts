/**
 * Standard Webhooks with public keys. The published libraries do not verify `v1a` yet, so this is the specification's
 * procedure with Web Crypto, which shares no code with the signer.
 */
import { webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RecordedRequest } from '../../src/listener/recorded-request.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { DATA } from '../support/deliver-twice.ts';

const HOUR = 3_600_000;
const SIGNATURES = ['standard-ed25519'];

async function isSignedBy(
  publicKey: string,
  request: RecordedRequest,
  body: Buffer = request.body,
): Promise<boolean> {
  expect(publicKey).toMatch(/^whpk_/);
  const bytes = Buffer.from(publicKey.slice('whpk_'.length), 'base64');
  const key = await webcrypto.subtle.importKey('raw', bytes, { name: 'Ed25519' }, false, ['verify']);
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': header } = request.headers;
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const checks = header!.split(' ').map((entry) => {
    const [version, signature] = entry.split(',');
    expect(version).toBe('v1a');
    return webcrypto.subtle.verify('Ed25519', key, Buffer.from(signature!, 'base64'), content);
  });
  return (await Promise.all(checks)).includes(true);
}

describe('Web Crypto', () => {
  it('accepts attempt and retry with the public key of a generated secret', async () => {
    await using harness = await createHarness();
    harness.receiver.reply(500);
    const endpoint = await harness.createEndpoint({ signatures: SIGNATURES, retry: 'short' });
    expect(endpoint.secret).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/);
    const { secrets } = await harness.dispatcher.endpoints.get(endpoint.id);
    expect(secrets[0]!.publicKey).toBe(endpoint.publicKey);
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(1_000);
    const { requests } = harness.receiver;
    expect(requests).toHaveLength(2);
    for (const request of requests) {
      expect(await isSignedBy(endpoint.publicKey!, request)).toBe(true);
      const tampered = Buffer.from(request.text.replace('1.5', '1.6'));
      expect(await isSignedBy(endpoint.publicKey!, request, tampered)).toBe(false);
    }
    expect(requests[0]!.headers['webhook-signature']).not.toBe(requests[1]!.headers['webhook-signature']);
  });

  it('accepts either key during a rotation, and only the new one afterwards', async () => {
    await using harness = await createHarness();
    const endpoint = await harness.createEndpoint({ signatures: SIGNATURES });
    const rotated = await harness.dispatcher.endpoints.rotateSecret(endpoint.id, { graceMs: HOUR });
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(HOUR);
    await harness.dispatcher.emit('job.done', DATA);
    await harness.advance(0);
    const [during, after] = harness.receiver.requests;
    const keys = [endpoint.publicKey!, rotated.publicKey!];
    expect(await Promise.all(keys.map((key) => isSignedBy(key, during!)))).toEqual([true, true]);
    expect(await Promise.all(keys.map((key) => isSignedBy(key, after!)))).toEqual([false, true]);
  });
});
