import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { createTransportSuite } from '../../src/testing/transport-suite.ts';
import { assertResponse, TransportWorld } from '../../src/testing/transport-suite/transport-world.ts';
import { undiciTransport } from '../../src/transport/undici-transport.ts';
import { certificate } from './certificate.ts';

createTransportSuite(
  { name: 'undici', create: (options) => undiciTransport(options), certificate },
  { describe, it, beforeEach, afterEach },
);

describe('undiciTransport', () => {
  it('costs no connection for a request that was aborted while it waited', async () => {
    const world = new TransportWorld((options) => undiciTransport(options), certificate);
    try {
      const sockets: Socket[] = [];
      const server = await world.serve((socket) => sockets.push(socket));
      const transport = await world.open({ maxConnections: 1 });
      const first = world.send(transport, server.url());
      await server.whenRequested(1);
      world.send(transport, server.url()).exchange.abort('timeout');
      const last = world.send(transport, server.url());
      sockets[0]!.write('HTTP/1.1 204 No Content\r\n\r\n');
      assertResponse(await first.result, 204);
      await server.whenRequested(2);
      sockets[1]!.write('HTTP/1.1 204 No Content\r\n\r\n');
      assertResponse(await last.result, 204);
      assert.equal(server.connections, 1);
    } finally {
      await world.close();
    }
  });

  it('cannot send before it is open', async () => {
    const request = {
      target: { origin: 'http://a.test', path: '/', href: 'http://a.test/' },
      headers: [],
      maxBodyBytes: 0,
    };
    const result = await new Promise((resolve) =>
      undiciTransport().send({ ...request, body: new Uint8Array(0) }, resolve),
    );
    assert.deepEqual(result, {
      kind: 'fault',
      reason: 'transport_failed',
      detail: 'the transport is not open',
    });
  });
});
