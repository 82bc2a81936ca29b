/** How customers of ImgGo register webhooks: the printed curl lines, against the server of the example. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ImageProcessor } from '../../examples/imggo/image-processor.ts';
import { createImgGoServer } from '../../examples/imggo/server.ts';
import { webhookOptions } from '../../examples/imggo/webhooks.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { readCurlLines } from '../support/curl-lines.ts';
import { LOOPBACK } from '../support/world.ts';
import { shows } from './rows.ts';

const KEY = 'key-of-acme-0123456789';
const OTHER_KEY = 'key-of-globex-0123456789';
const SENDER = 'https://img-go.com/';

interface Answer {
  readonly status: number;
  readonly body: { readonly data: { readonly id: string }; readonly error?: { readonly field: string } };
}

async function setup(options = {}) {
  const harness = await createHarness({ dispatcher: { ...webhookOptions, ...options } });
  const { dispatcher: webhooks, clock } = harness;
  const read = async () => ({ result: {}, confidence: 1 });
  const processor = new ImageProcessor({ webhooks, now: () => clock.now(), read });
  const scopes = ['read', 'write', 'secrets'] as const;
  const server = createImgGoServer({
    webhooks,
    processor,
    keys: [
      { key: KEY, id: 'acme', tenant: 'acme', scopes },
      { key: OTHER_KEY, id: 'globex', tenant: 'globex', scopes },
    ],
    api: { clock },
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const call = async (
    method: string,
    path: string,
    { body, key = KEY }: { readonly body?: unknown; readonly key?: string | undefined } = {},
  ): Promise<Answer> => {
    const response = await fetch(new URL(path, origin), {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  return {
    harness,
    processor,
    call,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await harness.close();
    },
  };
}

const [REGISTER, LIST] = readCurlLines('imggo').filter(({ url }) => url.startsWith(SENDER));
const pathOf = ({ url }: { readonly url: string }): string => url.slice(SENDER.length);
const PRINTED = JSON.parse(REGISTER!.body!) as Readonly<Record<string, unknown>>;

describe('the webhooks of a customer of ImgGo', () => {
  it('are registered and listed by the printed lines', shows('imggo', 'registration'), async () => {
    await using system = await setup();
    expect(REGISTER!.headers['Authorization']).toBe('Bearer YOUR_API_KEY');
    const created = await system.call(REGISTER!.method, pathOf(REGISTER!), { body: REGISTER!.body });
    const { secret, ...rest } = PRINTED;
    expect(created).toMatchObject({ status: 201, body: { success: true, data: rest } });
    const listed = await system.call(LIST!.method, pathOf(LIST!));
    expect(listed).toMatchObject({ status: 200, body: { data: [rest] } });
    expect(JSON.stringify([created, listed])).not.toContain(secret);
    expect(await system.call('GET', pathOf(LIST!), { key: OTHER_KEY })).toMatchObject({ body: { data: [] } });
  });

  it('have https URLs, and a key', shows('imggo', 'registration'), async () => {
    await using system = await setup();
    const register = (changes: object, key?: string): Promise<Answer> =>
      system.call('POST', pathOf(REGISTER!), { body: { ...PRINTED, ...changes }, key });
    expect(await register({ url: 'http://your-app.com/webhooks/imggo' })).toMatchObject({
      status: 422,
      body: { error: { field: 'url' } },
    });
    expect(await register({}, 'key-of-nobody-0123456789')).toMatchObject({ status: 401 });
    expect(await system.call('GET', pathOf(LIST!), { key: 'no' })).toMatchObject({ status: 401 });
    expect(await system.call('POST', 'api/jobs', { body: {}, key: 'no' })).toMatchObject({ status: 401 });
  });

  it('get job.queued only where it was asked for', shows('imggo', 'events', 'registration'), async () => {
    await using system = await setup({ network: LOOPBACK });
    const { receiver } = system.harness;
    const register = async (path: string, rest = {}): Promise<string> => {
      const body = { url: receiver.urlOf(path), ...rest };
      return (await system.call('POST', 'api/webhooks', { body })).body.data.id;
    };
    receiver.always(200);
    const usual = await register('/usual');
    await register('/all', { events: ['job.*'] });
    const changed = await register('/changed', { events: ['job.queued'] });
    await system.call('PATCH', `api/webhooks/${changed}`, { body: { name: 'queue' } });
    const job = { pattern_id: 'pat_1', image_url: 'https://a.example/invoice.jpg' };
    expect(await system.call('POST', 'api/jobs', { body: job })).toMatchObject({ status: 202 });
    await system.processor.idle();
    await system.harness.advance(0);
    const told = receiver.requests.map(
      (request) => `${request.path} ${(request.json() as { event: string }).event}`,
    );
    expect(told.sort()).toEqual([
      '/all job.completed',
      '/all job.queued',
      '/changed job.queued',
      '/usual job.completed',
    ]);
    await system.call('PUT', `api/webhooks/${usual}`, { body: { url: receiver.urlOf('/put') } });
    expect((await system.harness.dispatcher.endpoints.get(usual)).events).toEqual([
      'job.completed',
      'job.failed',
    ]);
  });
});
