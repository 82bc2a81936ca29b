import assert from 'node:assert/strict';
import ky from 'ky';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createAddressPolicy } from '../../src/core/address-policy.ts';
import { createTransportSuite } from '../../src/testing/transport-suite.ts';
import { TransportWorld } from '../../src/testing/transport-suite/transport-world.ts';
import { kyTransport } from '../../src/transport/ky-transport.ts';
import type { Transport, TransportRequest, TransportResult } from '../../src/transport/transport.ts';
import { certificate } from './certificate.ts';

createTransportSuite(
  {
    name: 'ky',
    create: (options) => kyTransport(options),
    certificate,
    deviations: [
      {
        reason: 'fetch adds sec-fetch-mode to every request',
        cases: ['adds only host, content-length, connection and accept headers'],
      },
      {
        reason: 'fetch decodes what has a content-encoding, and refuses more than five of them',
        cases: [
          'gives an encoded body as it came',
          'passes on a status whose body has many encodings',
          'fault: stacked_encodings',
        ],
      },
    ],
  },
  { describe, it, beforeEach, afterEach },
);

const request: TransportRequest = {
  target: { origin: 'https://receiver.test', path: '/hooks', href: 'https://receiver.test/hooks' },
  headers: ['content-type', 'application/json'],
  body: new TextEncoder().encode('{"a":1}'),
  maxBodyBytes: 1024,
};

async function sendOne(transport: Transport): Promise<TransportResult> {
  await transport.open({
    addressPolicy: createAddressPolicy({ allowPrivate: [] }),
    maxConnections: 1,
    lookup: undefined,
    connectTimeoutMs: 1000,
    resendWithinMs: 1000,
    clock: systemClock,
  });
  try {
    return await new Promise((resolve) => transport.send(request, resolve));
  } finally {
    await transport.close();
  }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

describe('kyTransport', () => {
  it('asks for no encoding', async () => {
    const seen: (string | null)[] = [];
    const fetch: typeof globalThis.fetch = async (input) => {
      seen.push((input as Request).headers.get('accept-encoding'));
      return new Response(null, { status: 204 });
    };
    assert.equal((await sendOne(kyTransport({ fetch }))).kind, 'response');
    assert.deepEqual(seen, ['identity']);
  });

  it('hands the guarded dispatcher to a fetch of the user', async () => {
    const seen: unknown[] = [];
    const fetch: typeof globalThis.fetch = async (_input, init) => {
      seen.push((init as { dispatcher?: { dispatch?: unknown } }).dispatcher?.dispatch);
      return new Response('ok');
    };
    await sendOne(kyTransport({ fetch }));
    assert.equal(typeof seen[0], 'function');
  });

  it('is served by msw, which sees the exact body', async () => {
    const bodies: string[] = [];
    const msw = setupServer(
      http.post('https://receiver.test/hooks', async ({ request: received }) => {
        bodies.push(await received.text());
        return HttpResponse.json({ fine: true }, { status: 202 });
      }),
    );
    msw.listen({ onUnhandledRequest: 'error' });
    try {
      const result = await sendOne(kyTransport());
      assert.deepEqual(result.kind === 'response' && [result.status, Buffer.from(result.body).toString()], [
        202,
        '{"fine":true}',
      ]);
      assert.deepEqual(bodies, ['{"a":1}']);
    } finally {
      msw.close();
    }
  });

  it('charges a network error that msw plays to the endpoint', async () => {
    const msw = setupServer(http.post('https://receiver.test/hooks', () => HttpResponse.error()));
    msw.listen();
    try {
      const result = await sendOne(kyTransport());
      assert.deepEqual(result.kind === 'failure' && result.reason, 'connection_failed');
    } finally {
      msw.close();
    }
  });

  it('runs the hooks of an instance, and overrides its retries, errors and prefix', async () => {
    let hooks = 0;
    let calls = 0;
    const instance = ky.create({
      prefixUrl: 'https://elsewhere.test',
      retry: { limit: 5, methods: ['post'], statusCodes: [503] },
      hooks: { beforeRequest: [() => void (hooks += 1)] },
      fetch: async (input) => {
        calls += 1;
        return new Response((input as Request).url, { status: 503 });
      },
    });
    const result = await sendOne(kyTransport({ ky: instance }));
    assert.ok(result.kind === 'response');
    assert.deepEqual(
      [result.status, Buffer.from(result.body).toString()],
      [503, 'https://receiver.test/hooks'],
    );
    assert.deepEqual([hooks, calls], [1, 1]);
  });

  it('closes the connection at an abort, also when a garbage collection came before', async () => {
    const world = new TransportWorld((options) => kyTransport(options), undefined);
    try {
      const receiver = await world.play({ fault: 'stalled_body' });
      const transport = await world.open();
      const sent = world.send(transport, receiver.url);
      await receiver.waitForPlayed(1);
      await world.roundTrip(transport);
      collectGarbage();
      await world.roundTrip(transport);
      sent.exchange.abort('timeout');
      await receiver.waitForIdle();
    } finally {
      await world.close();
    }
  });

  it('reports a hook that throws as a fault', async () => {
    const fetch: typeof globalThis.fetch = async () => {
      throw new RangeError('broken hook');
    };
    const result = await sendOne(kyTransport({ fetch }));
    assert.deepEqual(result, { kind: 'fault', reason: 'transport_failed', detail: 'broken hook' });
  });
});
