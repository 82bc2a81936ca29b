import { describe, expect, it } from 'vitest';
import { fitHeaders, type HeaderSettings, writtenHeaders } from '../../src/core/delivery-headers.ts';
import { OptionsError } from '../../src/errors.ts';

function settings(changes: Partial<HeaderSettings> = {}): HeaderSettings {
  return { envelope: 'standard', signatures: ['standard'], headers: {}, computedHeaders: {}, ...changes };
}

describe('fitHeaders', () => {
  it('gives static and computed headers, without a content type that repeats the envelope', () => {
    const fitted = fitHeaders(
      settings({
        headers: {
          Authorization: 'Bearer your-api-token',
          'X-API-Key': 'k',
          'Content-Type': 'application/json',
        },
        computedHeaders: { 'X-Webhook-Event': 'message.type' },
      }),
      'endpoint',
    );
    expect(fitted).toEqual({
      headers: { Authorization: 'Bearer your-api-token', 'X-API-Key': 'k' },
      computedHeaders: { 'X-Webhook-Event': 'message.type' },
    });
  });

  it('expects JSON of an envelope function', () => {
    const json = settings({ envelope: 'acme', headers: { 'Content-Type': 'application/json' } });
    expect(fitHeaders(json, '').headers).toEqual({});
    const xml = settings({ envelope: 'acme', headers: { 'Content-Type': 'text/xml' } });
    expect(() => fitHeaders(xml, '')).toThrow(OptionsError);
  });

  it.each([
    [
      { envelope: 'cloudevents-binary', signatures: ['github', { scheme: 'hex', header: 'CE-Id' }] },
      'endpoint.signatures[1]',
      'the envelope "cloudevents-binary" writes it; choose another header',
    ],
    [
      { signatures: ['shopify'], headers: { 'X-Shopify-Webhook-Id': 'x' } },
      'endpoint.headers["X-Shopify-Webhook-Id"]',
      'the signature scheme "shopify" writes it',
    ],
    [
      { signatures: ['github'], headers: { 'X-HUB-Signature-256': 'x' } },
      'endpoint.headers["X-HUB-Signature-256"]',
      'the signature scheme "github" writes it',
    ],
    [
      { signatures: [{ scheme: 'hex', header: 'X-Acme' }], computedHeaders: { 'x-acme': 'message.id' } },
      'endpoint.computedHeaders["x-acme"]',
      'the signature scheme "hex" writes it',
    ],
    [
      { headers: { 'x-event': 'a' }, computedHeaders: { 'X-Event': 'message.type' } },
      'endpoint.headers["x-event"]',
      'computedHeaders writes it',
    ],
    [{ headers: { 'Webhook-Id': 'a' } }, 'endpoint.headers["Webhook-Id"]', 'the signature scheme standard'],
  ] as const)('refuses %j, which would write a header twice', (changes, path, text) => {
    const refused = (): unknown => fitHeaders(settings(changes), 'endpoint');
    expect(refused).toThrow(expect.objectContaining({ path }));
    expect(refused).toThrow(text);
  });

  it('names settings of the dispatcher without a prefix', () => {
    const refused = (): unknown => fitHeaders(settings({ headers: { host: 'x' } }), '');
    expect(refused).toThrow(expect.objectContaining({ path: 'headers["host"]' }));
  });
});

describe('writtenHeaders', () => {
  it('lists the headers of all schemes', () => {
    const written = writtenHeaders({ envelope: 'raw', signatures: ['standard', 'timestamped-hex', 'acme'] });
    expect([...written.keys()]).toEqual([
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
      'x-webhook-timestamp',
      'x-webhook-signature',
    ]);
  });
});
