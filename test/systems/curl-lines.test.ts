/** The curl lines that the five systems print run against the API, as printed, and get the printed answers. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { webhookApiOptions } from '../../examples/emp-job-queue/webhook-api.ts';
import { webhookOptions } from '../../examples/emp-job-queue/webhooks.ts';
import type { WebhookApiOptions } from '../../src/http/api-options.ts';
import { bearerKeys } from '../../src/http/bearer-keys.ts';
import { toNodeHandler } from '../../src/http/node-handler.ts';
import { createWebhookApi } from '../../src/http/webhook-api.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { startCloud } from '../support/cloud.ts';
import { type CurlLine, readCurlLines, shapeOf } from '../support/curl-lines.ts';
import { needPostgres } from '../support/postgres-database.ts';
import { DOCUMENTS } from '../support/system-documents.ts';
import { shows } from './rows.ts';

/** Hosts of those who send, as the documents name them; all others receive. */
const SENDERS = /^(http:\/\/localhost:(3001|4000)|https:\/\/img-go\.com)\//;
const KEY = 'key-of-user-1-0123456789';
const USER = 'user-1';

interface Answer {
  readonly status: number;
  readonly body: {
    readonly success?: boolean;
    readonly timestamp?: string;
    readonly data: { readonly id: string; readonly secret?: string; readonly [member: string]: unknown };
  };
}

interface System extends AsyncDisposable {
  readonly harness: Harness;
  run(line: CurlLine, words?: Record<string, string>): Promise<Answer>;
}

/** The application of a system: its API behind a real server. */
async function start(dispatcher: DispatcherOptions, api: WebhookApiOptions): Promise<System> {
  const harness = await createHarness({ dispatcher });
  const handle = toNodeHandler(createWebhookApi(harness.dispatcher, { clock: harness.clock, ...api }));
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    harness,
    run: (line, words) => runLine(origin, line, words),
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve).closeAllConnections());
      await harness.close();
    },
  };
}

/** Sends the request of a line to this application, some words of it replaced. */
async function runLine(
  origin: string,
  { method, url, headers, body }: CurlLine,
  words: Record<string, string> = {},
): Promise<Answer> {
  const fill = (text: string): string =>
    Object.entries({ YOUR_API_KEY: KEY, ...words }).reduce(
      (before, [word, value]) => before.replaceAll(word, value),
      text,
    );
  const response = await fetch(fill(url.replace(SENDERS, `${origin}/`)), {
    method,
    headers: Object.entries(headers).map(([name, value]) => [name, fill(value)] as [string, string]),
    ...(body === undefined ? {} : { body: fill(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

needPostgres();

const authorize = bearerKeys([{ key: KEY, id: USER, tenant: USER, scopes: ['read', 'write', 'secrets'] }]);

describe('the curl lines of the documents', () => {
  it('are found, all of them, and those for receivers told apart', () => {
    const lines = DOCUMENTS.flatMap(readCurlLines);
    const counts = DOCUMENTS.map((name) => [
      name,
      readCurlLines(name).filter(({ url }) => SENDERS.test(url)).length,
    ]);
    expect(lines).toHaveLength(19);
    expect(Object.fromEntries(counts)).toEqual({
      'print-service': 0,
      'glasses-dashboard': 0,
      'emp-job-queue': 3,
      imggo: 2,
      'remotedev-cloud': 10,
    });
    expect(lines.filter(({ url }) => !SENDERS.test(url)).map(({ url }) => url)).toEqual([
      'http://localhost:3000/api/webhooks/print-status',
      'https://your-url',
      'https://your-app.com/webhooks/imggo',
      'https://your-app.com/webhooks/imggo',
    ]);
  });
});

describe('those of the job queue', () => {
  const api: WebhookApiOptions = {
    ...webhookApiOptions,
    authorize: () => ({ id: 'local', scopes: ['read', 'write', 'secrets'] }),
  };
  const [create, stats, test] = readCurlLines('emp-job-queue');
  const printed = (line: CurlLine | undefined): { data: Record<string, unknown> } =>
    line!.printed as { data: Record<string, unknown> };

  it('get the printed members from the built-in shape', async () => {
    await using system = await start(webhookOptions, { ...api, present: undefined });
    await system.harness.createEndpoint({ id: 'wh_123' });
    const created = await system.run(create!);
    expect(created).toMatchObject({ status: 201, body: { success: true } });
    expect(created.body.data.id).toMatch(/^wh_/);
    const { id: _id, created_at: _created, updated_at: _updated, ...rest } = printed(create).data;
    expect(created.body.data).toMatchObject(rest);
    expect(created.body.data).toMatchObject({
      created_at: expect.any(Number),
      updated_at: expect.any(Number),
    });
    expect(created.body.data).toMatchObject({
      headers: { Authorization: '********' },
      retry_config: { max_attempts: 3, initial_delay_ms: 1000, backoff_multiplier: 2, max_delay_ms: 30000 },
    });
    expect(JSON.stringify(created)).not.toMatch(/your-secret-key|your-api-token/);
  });

  it(
    'get exactly what is printed when the application presents it',
    shows('emp-job-queue', 'rest'),
    async () => {
      await using system = await start(webhookOptions, api);
      await system.harness.createEndpoint({ id: 'wh_123' });
      const created = await system.run(create!);
      expect(shapeOf(created.body)).toEqual(shapeOf(create!.printed));
      const counted = await system.run(stats!);
      expect(counted.status).toBe(200);
      expect(shapeOf(counted.body)).toEqual(shapeOf({ ...(stats!.printed as object), timestamp: '' }));
    },
  );

  it('send the printed test', shows('emp-job-queue', 'test-payload'), async () => {
    await using system = await start(webhookOptions, api);
    await system.harness.createEndpoint({ id: 'wh_123' });
    expect(await system.run(test!)).toMatchObject({
      status: 200,
      body: { success: true, data: { delivered: true } },
    });
    const [request] = system.harness.receiver.requests;
    const payload = request!.json() as Record<string, unknown>;
    const wanted = test!.printed as Record<string, unknown>;
    expect(shapeOf(payload)).toEqual(shapeOf(wanted));
    for (const member of ['event_type', 'webhook_id', 'data', 'metadata'])
      expect(payload[member]).toEqual(wanted[member]);
    expect(payload['event_id']).toMatch(/^test_/);
    expect((await system.run(stats!)).body.data).toMatchObject({
      total_deliveries: 0,
      pending_deliveries: 0,
    });
  });
});

describe('those of ImgGo', () => {
  it('register a webhook, and show that it is there', async () => {
    await using system = await start(
      {
        envelope: 'raw',
        signatures: [{ scheme: 'hex', header: 'X-ImgGo-Signature' }],
        network: { requireHttps: true },
      },
      { authorize },
    );
    const [create, list] = readCurlLines('imggo').filter(({ url }) => SENDERS.test(url));
    const created = await system.run(create!);
    expect(created).toMatchObject({
      status: 201,
      body: {
        data: {
          url: 'https://your-app.com/webhooks/imggo',
          events: ['job.completed', 'job.failed'],
          active: true,
        },
      },
    });
    expect(JSON.stringify(created)).not.toContain('your_webhook_secret');
    expect(await system.run(list!)).toMatchObject({
      status: 200,
      body: { success: true, data: [{ id: created.body.data.id }] },
    });
    const insecure = { ...create!, body: create!.body!.replace('https:', 'http:') };
    expect(await system.run(insecure)).toMatchObject({ status: 422, body: { error: { field: 'url' } } });
    expect((await system.run({ ...list!, headers: {} })).status).toBe(401);
  });
});

describe('those of RemoteDevAI', { timeout: 30_000 }, () => {
  it(
    'take a webhook from its creation to the retry of what failed',
    shows('remotedev-cloud', 'rest', 'secret', 'weaknesses'),
    async () => {
      await using cloud = await startCloud({ WEBHOOK_RETRY_DELAYS_MS: '1000' });
      const { receiver, advance } = cloud.harness;
      const run = (line: CurlLine, words?: Record<string, string>): Promise<Answer> =>
        runLine(cloud.origin, line, words);
      const [create, test, project, deliveries, stats, queue, retryAll, retryOne, get, again] =
        readCurlLines('remotedev-cloud');
      const created = await run(create!, { 'https://webhook.site/your-unique-id': receiver.url });
      expect(created).toMatchObject({
        status: 201,
        body: {
          data: {
            id: expect.any(String),
            secret: expect.stringMatching(/^[0-9a-f]{64}$/),
            name: 'Test Webhook',
            description: 'Testing webhook delivery',
            events: ['project.created', 'session.started'],
          },
        },
      });
      const { id } = created.body.data;
      const words = { '{webhook_id}': id, '{id}': id, webhook_id_here: id };
      expect(await run(test!, words)).toMatchObject({ status: 200, body: { data: { delivered: true } } });
      receiver.always(500);
      expect((await run(project!, words)).status).toBe(201);
      await receiver.waitFor(2, { timeoutMs: 20_000 });
      await advance(1_000);
      expect(receiver.requests.map((request) => request.json())).toMatchObject([
        { type: 'posthorn.test' },
        { type: 'project.created', data: { name: 'Test Project' } },
        { type: 'project.created', data: { name: 'Test Project' } },
      ]);
      const listed = await run(deliveries!, words);
      expect(listed.body).toMatchObject({
        success: true,
        data: [{ event_type: 'project.created', state: 'exhausted', attempts: 2 }, { test: true }],
      });
      expect((await run(stats!, words)).body.data).toMatchObject({
        total_deliveries: 1,
        failed_deliveries: 1,
      });
      expect((await run(queue!, words)).body.data).toMatchObject({
        failed_deliveries: 1,
        pending_deliveries: 0,
      });
      for (const retry of [retryAll!, retryOne!]) {
        expect(await run(retry, words)).toMatchObject({ status: 202, body: { data: { retried: 1 } } });
        await advance(1_000);
      }
      expect((await run(get!, words)).body.data).toMatchObject({ id, active: true });
      expect((await run(again!, words)).body.data).toMatchObject([{ attempts: 6 }, { test: true }]);
      expect(JSON.stringify(await run(get!, words))).not.toContain(created.body.data.secret);
      expect(await run({ ...get!, headers: {} }, words)).toMatchObject({ status: 401 });
    },
  );
});
