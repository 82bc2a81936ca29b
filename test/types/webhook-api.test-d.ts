import { describe, expectTypeOf, it } from 'vitest';
import {
  createWebhookApi,
  createWebhookClient,
  type WebhookClient,
  type WebhookInput,
} from '../../src/http/index.ts';
import { WebhookDispatcher } from '../../src/index.ts';

declare const client: WebhookClient;
const authorize = (): { id: string; scopes: ['read'] } => ({ id: 'a', scopes: ['read'] });

describe('createWebhookApi', () => {
  it('takes a dispatcher of any events, and needs authorize', () => {
    createWebhookApi(new WebhookDispatcher<{ 'job.done': { id: string } }>(), { authorize });
    // @ts-expect-error: everybody could do everything
    createWebhookApi(new WebhookDispatcher(), {});
    // @ts-expect-error: no such scope
    createWebhookApi(new WebhookDispatcher(), { authorize: () => ({ id: 'a', scopes: ['admin'] }) });
  });

  it('tells present what each kind of answer has', () => {
    createWebhookApi(new WebhookDispatcher(), {
      authorize,
      present: (resource, kind) => {
        if (kind === 'stats') expectTypeOf(resource.total_deliveries).toBeNumber();
        if (kind === 'created_webhook') expectTypeOf(resource.secret).toEqualTypeOf<string | undefined>();
        // @ts-expect-error: only the answer that creates a webhook has its secret
        if (kind === 'webhook') void resource.secret;
        return resource;
      },
    });
  });
});

describe('createWebhookClient', () => {
  it('has the types of the schemas', () => {
    expectTypeOf(createWebhookClient).returns.toEqualTypeOf<WebhookClient>();
    expectTypeOf(client.webhooks.create).parameter(0).toEqualTypeOf<WebhookInput>();
    expectTypeOf(client.webhooks.get).returns.resolves.toHaveProperty('retry_config');
    void client.deliveries.list({ state: ['exhausted'], since: '2026-01-01T00:00:00Z', limit: 10 });
    // @ts-expect-error: no such state
    void client.deliveries.list({ state: ['lost'] });
    // @ts-expect-error: a webhook needs a URL
    void client.webhooks.create({ events: ['job.*'] });
    // @ts-expect-error: names are those of the API
    void client.webhooks.create({ url: 'https://a.example', timeoutMs: 1 });
  });
});
