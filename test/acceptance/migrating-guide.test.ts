/** The programs of the guide to migrating: what they move is in force, and receivers notice nothing. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Svix, Webhook } from 'svix';
import { describe, expect, it, vi } from 'vitest';
import type { EndpointInput, SignatureFunction, WebhookDispatcher } from '../../src/index.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { importProgram, programWith } from '../support/guide-program.ts';

const load = async <Exports>(text: string): Promise<Exports> =>
  (await importProgram(programWith('migrating', 'ts', text))) as Exports;

interface OldSender {
  stop(endpointId: string): Promise<void>;
}

describe('the change from one sender to the other', () => {
  it('loses nothing, and repeats only with the same id', async () => {
    const { changeOver } = await load<{
      changeOver(endpointId: string, from: OldSender, to: WebhookDispatcher): Promise<void>;
    }>('export async function changeOver(');
    const secret = 'the secret that the receiver has';
    await using harness = await createHarness({
      startAt: Date.now(),
      dispatcher: {
        envelope: 'raw',
        signatures: [{ scheme: 'hex', header: 'X-Acme-Signature' }],
        computedHeaders: { 'X-Acme-Id': 'message.id' },
      },
    });
    const { dispatcher, receiver } = harness;
    await harness.createEndpoint({ id: 'acme', secret, status: 'disabled' });
    let takes = true;
    const old = {
      async send(id: string, data: object): Promise<void> {
        if (!takes) return;
        const body = JSON.stringify(data);
        const signature = createHmac('sha256', secret).update(body).digest('hex');
        const headers = {
          'content-type': 'application/json',
          'x-acme-id': id,
          'x-acme-signature': signature,
        };
        await fetch(receiver.url, { method: 'POST', headers, body });
      },
      async stop(): Promise<void> {
        // An event comes that the one still takes, and one that it takes no more.
        await emit(5);
        takes = false;
        await emit(6);
      },
    };
    const emit = async (number: number): Promise<void> => {
      const id = `event-${number}`;
      await harness.advance(1_000);
      await Promise.all([old.send(id, { number }), dispatcher.emit('order.paid', { number }, { id })]);
    };
    for (const number of [1, 2, 3, 4]) await emit(number);
    await harness.advance(1);
    // The guide reads the clock of the process, and here time is that of the harness.
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => harness.clock.now());
    await changeOver('acme', old, dispatcher).finally(() => clock.mockRestore());
    for (const number of [7, 8]) await emit(number);
    await harness.advance(0);

    const arrived = receiver.requests.map(({ text, headers }) => {
      const signature = createHmac('sha256', secret).update(text).digest('hex');
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-acme-signature': signature,
        'x-acme-id': `event-${(JSON.parse(text) as { number: number }).number}`,
      });
      return headers['x-acme-id'];
    });
    expect(arrived.sort()).toEqual([1, 2, 3, 4, 5, 5, 6, 7, 8].map((number) => `event-${number}`));
  });
});

describe('from node-webhooks', () => {
  it('makes an endpoint of each URL, the same one each time, that gets what it got', async () => {
    const { toEndpoints } = await load<{
      toEndpoints(db: Record<string, readonly string[]>): EndpointInput[];
    }>('export function toEndpoints(');
    await using harness = await createHarness({
      dispatcher: {
        envelope: 'raw',
        signatures: ['none'],
        secretPolicy: 'optional',
        success: [200],
        retry: 'once',
      },
    });
    const { dispatcher, receiver } = harness;
    const db = {
      order_paid: [receiver.urlOf('/a'), receiver.urlOf('/b')],
      order_sent: [receiver.urlOf('/b')],
      nothing: [],
    };
    const endpoints = toEndpoints(db);
    expect(toEndpoints(db)).toEqual(endpoints);
    for (const endpoint of endpoints) await dispatcher.endpoints.create(endpoint);
    receiver.on('/a').reply(200);
    receiver.on('/b').reply(204, 200);
    for (const type of ['order_paid', 'order_sent', 'nothing'])
      await dispatcher.emit(type, { orderId: '42' });
    await harness.advance(0);
    const got = receiver.requests.map(({ path, text, headers }) => [path, text, headers['content-type']]);
    expect(got.sort()).toEqual(
      ['/a', '/b', '/b'].map((path) => [path, '{"orderId":"42"}', 'application/json']),
    );
    // 204 was no success there.
    const byUrl = await Promise.all(endpoints.map(({ id }) => dispatcher.endpoints.get(id!)));
    expect(byUrl.map(({ succeeded, failed }) => [succeeded, failed])).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });
});

const KEYS = [7, 9].map((byte) => `whsec_${Buffer.alloc(24, byte).toString('base64')}`);

/** What the API of Svix answers to the calls of the guide, in its shapes; two pages of each list. */
async function serveSvix(url: string) {
  const date = '2026-01-01T00:00:00Z';
  const entry = { createdAt: date, updatedAt: date, description: '', metadata: {}, version: 1 };
  const answers: Readonly<Record<string, object>> = {
    '/api/v1/app': {
      data: [{ ...entry, id: 'app_1', uid: 'acme', name: 'Acme' }],
      done: false,
      iterator: 'i1',
    },
    '/api/v1/app?iterator=i1': { data: [{ ...entry, id: 'app_2', name: 'Other' }], done: true },
    '/api/v1/app/app_1/endpoint': {
      data: [
        {
          ...entry,
          id: 'ep_1',
          uid: 'orders',
          url,
          filterTypes: ['order.paid'],
          channels: ['eu', 'us'],
          throttleRate: 20,
        },
      ],
      done: false,
      iterator: 'i2',
    },
    '/api/v1/app/app_1/endpoint?iterator=i2': {
      data: [{ ...entry, id: 'ep_2', url, description: 'all', metadata: { team: 'blue' }, disabled: true }],
      done: true,
    },
    '/api/v1/app/app_2/endpoint': { data: [], done: true },
    '/api/v1/app/app_1/endpoint/ep_1/secret': { key: KEYS[0] },
    '/api/v1/app/app_1/endpoint/ep_2/secret': { key: KEYS[1] },
    '/api/v1/app/app_1/endpoint/ep_1/headers': {
      headers: { 'X-Region': 'eu' },
      sensitive: ['Authorization'],
    },
    '/api/v1/app/app_1/endpoint/ep_2/headers': { headers: {}, sensitive: [] },
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url!];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { code: 'not_found', detail: request.url }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve).closeAllConnections());
    },
  };
}

describe('from Svix', () => {
  const loadSignature = async (): Promise<SignatureFunction> =>
    (await load<{ svix: SignatureFunction }>('export const svix: SignatureFunction')).svix;

  it('takes over applications and endpoints, which get what they got, signed as before', async () => {
    const { takeOver } = await load<{ takeOver(svix: Svix, to: WebhookDispatcher): Promise<string[]> }>(
      'export async function takeOver(',
    );
    await using harness = await createHarness({
      startAt: Date.now(),
      dispatcher: {
        envelope: 'raw',
        signatures: ['standard', 'svix'],
        functions: { signature: { svix: await loadSignature() } },
      },
    });
    const { dispatcher, receiver } = harness;
    await using api = await serveSvix(receiver.url);
    const client = new Svix('token', { serverUrl: api.origin, numRetries: 0 });
    expect(await takeOver(client, dispatcher)).toEqual(['ep_1 Authorization']);
    const { items } = await dispatcher.endpoints.list({ tenant: 'acme' });
    expect(items).toMatchObject([
      {
        id: 'orders',
        status: 'disabled',
        events: ['order.paid'],
        headers: { 'X-Region': 'eu' },
        rateLimit: { limit: 20, intervalMs: 1_000 },
        metadata: { wasDisabled: false },
      },
      {
        id: 'ep_2',
        status: 'disabled',
        events: ['**'],
        description: 'all',
        metadata: { team: 'blue', wasDisabled: true },
      },
    ]);

    await dispatcher.endpoints.update('orders', { status: 'enabled' });
    const emit = (type: string, channels: string[]): Promise<unknown> =>
      dispatcher.emit(type, { id: '42' }, { tenant: 'acme', metadata: { channels } });
    await emit('order.paid', ['us', 'blue']);
    await emit('order.paid', ['blue']);
    await emit('order.sent', ['eu']);
    await harness.advance(0);
    expect(receiver.requests.map(({ text }) => text)).toEqual(['{"id":"42"}']);
    const { headers, text } = receiver.requests[0]!;
    expect(new Webhook(KEYS[0]!).verify(text, headers)).toEqual({ id: '42' });
    expect(headers['svix-id']).toBe(headers['webhook-id']);
    expect(headers['svix-signature']).toBe(headers['webhook-signature']);
  });

  it('signs with every live secret while one is rotated, under either name', async () => {
    await using harness = await createHarness({
      startAt: Date.now(),
      dispatcher: { signatures: ['svix'], functions: { signature: { svix: await loadSignature() } } },
    });
    const { id } = await harness.createEndpoint({ secret: KEYS[0]! });
    await harness.dispatcher.endpoints.rotateSecret(id, { secret: KEYS[1]! });
    await harness.dispatcher.emit('order.paid', { id: '42' });
    await harness.advance(0);
    const { headers, text } = harness.receiver.requests[0]!;
    for (const key of KEYS)
      expect(new Webhook(key).verify(text, headers)).toMatchObject({ type: 'order.paid' });
    expect(() => new Webhook(KEYS[0]!).verify(`${text} `, headers)).toThrow();
  });
});
