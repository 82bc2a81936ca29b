/** A receiver written for Shopify: `shopify.webhooks.validate` inside a real server, as its documentation shows. */
import '@shopify/shopify-api/adapters/node';
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { EndpointInput } from '../../src/core/endpoint-input.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { DATA } from '../support/deliver-twice.ts';

const SECRET = 'shpss_0123456789abcdef0123456789abcdef';
const ENDPOINT = {
  envelope: 'raw',
  signatures: ['shopify'],
  secret: SECRET,
  headers: { 'X-Shopify-Shop-Domain': 'acme.myshopify.com', 'X-Shopify-API-Version': ApiVersion.January26 },
  computedHeaders: { 'X-Shopify-Topic': 'topic' },
} as const satisfies Partial<EndpointInput>;

interface Validated {
  readonly valid: boolean;
  readonly [key: string]: unknown;
}

/** Validates what arrives with the library; the first answer is 500, to see a retry as well. */
async function setup(tamper: (body: string) => string = (body) => body) {
  const shopify = shopifyApi({
    apiKey: 'key',
    apiSecretKey: SECRET,
    apiVersion: ApiVersion.January26,
    hostName: 'app.example.com',
    isEmbeddedApp: false,
    logger: { level: LogSeverity.Error },
  });
  const results: Validated[] = [];
  const server = createServer((rawRequest, rawResponse) => {
    const chunks: Buffer[] = [];
    rawRequest.on('data', (chunk: Buffer) => chunks.push(chunk));
    rawRequest.on('end', () => {
      const rawBody = tamper(Buffer.concat(chunks).toString());
      void shopify.webhooks.validate({ rawBody, rawRequest, rawResponse }).then((result) => {
        results.push({ ...result });
        rawResponse.writeHead(results.length === 1 ? 500 : 204).end();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const harness = await createHarness({
    dispatcher: {
      functions: { header: { topic: ({ message }) => message.type.replaceAll('.', '/') } },
    },
  });
  return {
    harness,
    results,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    async [Symbol.asyncDispose]() {
      await harness.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('shopify.webhooks.validate', () => {
  it('accepts the first attempt and a retry, which have one webhook id', async () => {
    await using world = await setup();
    const { harness, results, url } = world;
    await harness.createEndpoint({ ...ENDPOINT, url, retry: 'short' });
    const { id } = await harness.dispatcher.emit('orders.create', DATA);
    await harness.advance(10_000);
    const expected = {
      valid: true,
      topic: 'ORDERS_CREATE',
      domain: 'acme.myshopify.com',
      apiVersion: '2026-01',
      webhookId: id,
    };
    expect(results).toMatchObject([expected, expected]);
  });

  it('refuses a changed body', async () => {
    await using world = await setup((body) => body.replace('1.5', '1.6'));
    const { harness, results, url } = world;
    await harness.createEndpoint({ ...ENDPOINT, url, retry: 'once' });
    await harness.dispatcher.emit('orders.create', DATA);
    await harness.advance(0);
    expect(results).toEqual([{ valid: false, reason: 'invalid_hmac' }]);
  });

  it('refuses another secret, and goes on accepting the old one while a new one stands by', async () => {
    await using world = await setup();
    const { harness, results, url } = world;
    const other = await harness.createEndpoint({ ...ENDPOINT, url, secret: `${SECRET}!`, retry: 'once' });
    await harness.dispatcher.emit('orders.create', DATA);
    await harness.advance(0);
    await harness.dispatcher.endpoints.remove(other.id);
    const endpoint = await harness.createEndpoint({ ...ENDPOINT, url });
    const rotated = await harness.dispatcher.endpoints.rotateSecret(endpoint.id, { graceMs: 60_000 });
    expect(rotated.signsWith).toEqual([{ scheme: 'shopify', with: 'previous' }]);
    await harness.dispatcher.emit('orders.create', DATA);
    await harness.advance(60_000);
    await harness.dispatcher.emit('orders.create', DATA);
    await harness.advance(0);
    expect(results.map(({ valid }) => valid)).toEqual([false, true, false]);
  });
});
