import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import createOpenApiClient from 'openapi-fetch';
import { describe, expect, it } from 'vitest';
import { OptionsError, WebhookApiError } from '../../src/errors.ts';
import { createWebhookClient, type WebhookClient } from '../../src/http/webhook-client.ts';
import { toNodeHandler } from '../../src/http/node-handler.ts';
import { type ApiWorld, createApiWorld, KEYS } from '../support/api-world.ts';

interface Served extends AsyncDisposable {
  readonly world: ApiWorld;
  readonly client: WebhookClient;
  readonly baseUrl: string;
}

/** Client and API with a real server in between. */
async function setup(): Promise<Served> {
  const world = await createApiWorld();
  const server = createServer(toNodeHandler(world.api));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
  return {
    world,
    baseUrl,
    client: createWebhookClient({ baseUrl, apiKey: KEYS.alice }),
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve).closeAllConnections());
      await world[Symbol.asyncDispose]();
    },
  };
}

describe('the client', () => {
  it('does everything that the API can', async () => {
    await using served = await setup();
    const { client, world } = served;
    const { receiver } = world.harness;
    const created = await client.webhooks.create({ url: receiver.url, retry_config: { preset: 'once' } });
    const { id } = created;
    expect(created.secret).toMatch(/^whsec_/);
    expect((await client.webhooks.list({ limit: 1 })).items.map((webhook) => webhook.id)).toEqual([id]);
    expect(await client.webhooks.update(id, { name: 'patched' })).toMatchObject({ name: 'patched' });
    const { revision } = await client.webhooks.get(id);
    expect(
      await client.webhooks.replace(
        id,
        { url: receiver.url, retry_config: { preset: 'once' } },
        { revision },
      ),
    ).not.toHaveProperty('name');
    expect(await client.webhooks.test(id)).toMatchObject({ delivered: true });
    expect((await client.webhooks.rotateSecret(id, { grace_ms: 0 })).secret).not.toBe(created.secret);
    expect(await client.webhooks.pause(id)).toMatchObject({ paused: true });
    expect(await client.webhooks.resume(id)).toMatchObject({ paused: false });
    receiver.reply(500);
    const input = { event_type: 'job.a', data: { n: 1 } };
    const receipt = await client.messages.create(input, { idempotencyKey: 'once' });
    expect(await client.messages.create(input, { idempotencyKey: 'once' })).toMatchObject({
      id: receipt.id,
      duplicate: true,
    });
    await world.harness.advance(0);
    expect(await client.messages.get(receipt.id)).toMatchObject({ data: { n: 1 } });
    expect((await client.messages.list({ event_type: ['job.a', 'job.b'] })).items).toHaveLength(1);
    const [failed] = (await client.deliveries.list({ state: ['exhausted'], webhook_id: id })).items;
    expect((await client.webhooks.deliveries(id, { state: ['exhausted'] })).items).toEqual([failed]);
    expect(await client.deliveries.get(failed!.id)).toMatchObject({ attempt_log: [{ attempt: 1 }] });
    expect(await client.queue.retryFailed({ dry_run: true })).toMatchObject({ retried: 1 });
    expect(await client.queue.replay({ dry_run: true })).toMatchObject({ retried: 1, created: 0 });
    expect(await client.deliveries.retry(failed!.id)).toMatchObject({ id: failed!.id });
    await world.harness.advance(0);
    expect(await client.deliveries.cancel(failed!.id)).toMatchObject({ state: 'succeeded' });
    expect(await client.webhooks.stats(id)).toMatchObject({ successful_deliveries: 1 });
    expect(await client.queue.stats({ since: 0 })).toMatchObject({ by_state: { succeeded: 1 } });
    expect(await client.eventTypes()).toEqual([]);
    expect((await client.explain(input)).items).toMatchObject([{ webhook_id: id, receives: true }]);
    expect(await client.health()).toMatchObject({ status: 'running' });
    expect(await client.webhooks.remove(id)).toEqual({ id, deleted: true });
  });

  it('rejects with what the API says', async () => {
    await using served = await setup();
    const { client, baseUrl } = served;
    const wrong: unknown = await client.webhooks.create({ url: 'ftp://a' }).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(WebhookApiError);
    expect(wrong).toMatchObject({ code: 'api_failed', status: 422, reason: 'invalid_request', field: 'url' });
    await expect(client.webhooks.get('ep_missing')).rejects.toMatchObject({
      status: 404,
      reason: 'not_found',
    });
    const { id } = await client.webhooks.create({ url: 'https://a.example' });
    await expect(client.webhooks.update(id, { name: 'late' }, { revision: 99 })).rejects.toMatchObject({
      reason: 'revision_mismatch',
    });
    const stranger = createWebhookClient({ baseUrl });
    await expect(stranger.health()).rejects.toMatchObject({ status: 401, reason: 'unauthenticated' });
    const lost = createWebhookClient({ baseUrl: `${baseUrl}/elsewhere`, apiKey: KEYS.alice });
    await expect(lost.health()).rejects.toMatchObject({
      status: 404,
      reason: 'not_found',
      message: `GET ${baseUrl}/elsewhere/webhooks/health was answered with 404: There is nothing at this path. The calls of the API are below /api/webhooks.`,
    });
    const other = createWebhookClient({
      baseUrl: 'http://api.test',
      fetch: async () => new Response('<html>', { status: 404 }),
    });
    await expect(other.health()).rejects.toMatchObject({ status: 404, reason: undefined });
    expect(() => client.webhooks.get('')).toThrow(OptionsError);
  });

  it('rejects when nothing answers, with the call and the reason', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const gone = createWebhookClient({
      baseUrl: `http://user:secret@127.0.0.1:${port}/api`,
      apiKey: KEYS.alice,
    });
    const refused: unknown = await gone.webhooks
      .create({ url: 'https://a.example' })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WebhookApiError);
    expect(refused).toMatchObject({ code: 'api_failed', status: undefined, reason: undefined });
    expect((refused as Error).message).toMatch(
      /^POST http:\/\/127\.0\.0\.1:\d+\/api\/webhooks was not answered \(.+\)\. Is the/,
    );
    const hanging = createWebhookClient({
      baseUrl: 'http://api.test/api',
      timeoutMs: 1,
      fetch: () => new Promise(() => undefined),
    });
    await expect(hanging.queue.retryFailed()).rejects.toMatchObject({
      status: undefined,
      message:
        'POST http://api.test/api/webhooks/queue/retry-failed was not answered within 1 ms (timeoutMs). Is the application running, and is baseUrl right?',
    });
    const failing = createWebhookClient({
      baseUrl: 'http://api.test/api',
      fetch: () => Promise.reject(new TypeError('no route')),
    });
    await expect(failing.queue.retryFailed()).rejects.toMatchObject({
      message: expect.stringContaining('was not answered (no route).'),
      cause: { message: 'no route' },
    });
    const own = createWebhookClient({
      baseUrl: 'http://api.test/api',
      fetch: () => Promise.reject(new RangeError('mine')),
    });
    await expect(own.queue.retryFailed()).rejects.toBeInstanceOf(RangeError);
  });

  it('calls an API in the same process, without a server', async () => {
    await using world = await createApiWorld();
    const client = createWebhookClient({
      baseUrl: 'http://api.test/api',
      apiKey: KEYS.alice,
      fetch: world.api.fetch,
    });
    expect((await client.webhooks.list()).items).toEqual([]);
  });

  it.each([
    [{}, 'baseUrl'],
    [{ baseUrl: '/api' }, 'baseUrl'],
    [{ baseUrl: 'file:///api' }, 'baseUrl'],
    [{ baseUrl: 'http://a', apiKey: '' }, 'apiKey'],
    [{ baseUrl: 'http://a', timeoutMs: 0 }, 'timeoutMs'],
    [{ baseUrl: 'http://a', token: 'x' }, 'token'],
  ])('refuses the options %j', (options, path) => {
    expect(() => createWebhookClient(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option', path }),
    );
  });

  it('says what address it expects', () => {
    expect(() => createWebhookClient({ baseUrl: 'not a url' })).toThrow(
      'baseUrl: expected an http: or https: URL, got a string.',
    );
  });
});

describe('a client that is driven by the document alone', () => {
  it('makes a round trip', async () => {
    await using served = await setup();
    const { baseUrl, world } = served;
    const document = (await (
      await fetch(`${baseUrl}/webhooks/openapi.json`, { headers: { authorization: `Bearer ${KEYS.alice}` } })
    ).json()) as typeof world.api.openApi;
    expect(document).toEqual(JSON.parse(JSON.stringify(world.api.openApi)));
    const client = createOpenApiClient<Record<string, never>>({
      baseUrl: new URL(document.servers![0]!.url, baseUrl).href.replace(/\/$/, ''),
      headers: { authorization: `Bearer ${KEYS.alice}` },
    });
    const { id } = await callById(client, document, 'createWebhook', {
      body: { url: world.harness.receiver.url },
    });
    const path = { id };
    expect(await callById(client, document, 'getWebhook', { path })).toMatchObject({ id });
    expect(await callById(client, document, 'updateWebhook', { path, body: { name: 'n' } })).toMatchObject({
      name: 'n',
    });
    expect(await callById(client, document, 'testWebhook', { path })).toMatchObject({ delivered: true });
    const listed = await callById(client, document, 'listDeliveries', {
      query: { webhook_id: id, state: ['succeeded'] },
    });
    expect(listed).toMatchObject([{ test: true }]);
    expect(await callById(client, document, 'deleteWebhook', { path })).toEqual({ id, deleted: true });
  });
});

type OpenApiClient = ReturnType<typeof createOpenApiClient<Record<string, never>>>;

/** Finds method and path in the document by the name of the operation, as a generated client would. */
async function callById(
  client: OpenApiClient,
  document: ApiWorld['api']['openApi'],
  operationId: string,
  { path, query, body }: { path?: object; query?: object; body?: object } = {},
): Promise<{ id: string }> {
  for (const [url, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item) as [string, { operationId?: string }][]) {
      if (operation.operationId !== operationId) continue;
      const send = client.request as unknown as (
        method: string,
        url: string,
        init: object,
      ) => Promise<{ data?: { data: { id: string } }; error?: unknown }>;
      const { data, error } = await send(method, url, {
        params: { path, query },
        ...(body === undefined ? {} : { body }),
      });
      if (data === undefined) throw new Error(`${operationId} failed: ${JSON.stringify(error)}`);
      return data.data;
    }
  }
  throw new Error(`the document has no operation ${operationId}`);
}
