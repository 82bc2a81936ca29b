/** TLS settings of single requests, on both transports: nobody profits from what was verified for another. */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, it } from 'vitest';
import type { RawServer } from '../../src/testing/transport-suite/raw-server.ts';
import {
  assertFailure,
  assertResponse,
  describeResult,
  TransportWorld,
} from '../../src/testing/transport-suite/transport-world.ts';
import { kyTransport } from '../../src/transport/ky-transport.ts';
import type { RequestTls, Transport, TransportResult } from '../../src/transport/transport.ts';
import { undiciTransport } from '../../src/transport/undici-transport.ts';
import { certificate } from './certificate.ts';

const { cert, key } = certificate;
const LOCKED = createPrivateKey(key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
  .toString();

describe.each([
  ['undici', undiciTransport],
  ['ky', kyTransport],
])('TLS settings of requests by %s', (_name, create) => {
  let world: TransportWorld;
  let transport: Transport;
  /** Common names of the certificates that clients showed, one for each request. */
  let shown: (string | undefined)[];

  beforeEach(async () => {
    world = new TransportWorld((options) => create(options), certificate);
    world.names.set('other.test', [{ address: '127.0.0.1', family: 4 }]);
    transport = await world.open();
    shown = [];
  });

  afterEach(() => world.close());

  /** Asks for client certificates, takes whoever has none, and remembers what they showed. */
  function serve(isRequired = false): Promise<RawServer> {
    return world.serve(
      (socket) => {
        const peer = (socket as TLSSocket).getPeerCertificate();
        shown.push(Object.keys(peer).length === 0 ? undefined : String(peer.subject.CN));
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      },
      { tls: { key, cert, ca: cert, requestCert: true, rejectUnauthorized: isRequired } },
    );
  }

  const send = (url: string, tls?: RequestTls): Promise<TransportResult> =>
    world.send(transport, url, { tls }).result;

  it('trusts the authority of the request, which the transport does not', async () => {
    const url = (await serve()).url('posthorn.test', 'https');
    assertFailure(await send(url), 'tls');
    assertResponse(await send(url, { id: 'a', ca: cert }), 200);
    // What one request trusts helps no other, although there is a connection.
    assertFailure(await send(url), 'tls');
    assertFailure(await send(url, { id: 'b', cert, key }), 'tls');
    assert.equal(shown.length, 1);
  });

  it('shows the client certificate of the request, and to nobody else', async () => {
    const url = (await serve()).url('posthorn.test', 'https');
    assertResponse(await send(url, { id: 'a', ca: cert, cert, key }), 200);
    assertResponse(await send(url, { id: 'b', ca: cert }), 200);
    assertResponse(await send(url, { id: 'c', ca: cert, cert, key: LOCKED, passphrase: 'open sesame' }), 200);
    assert.deepEqual(shown, ['posthorn.test', undefined, 'posthorn.test']);
  });

  it('passes a server that insists on a client certificate, and only with one', async () => {
    const url = (await serve(true)).url('posthorn.test', 'https');
    const without = await send(url, { id: 'a', ca: cert });
    assert.equal(without.kind, 'failure', describeResult(without));
    assertResponse(await send(url, { id: 'b', ca: cert, cert, key }), 200);
  });

  it('asks for the given server name, and accepts no certificate of another', async () => {
    const server = await serve();
    const trusting = { ca: cert, serverName: 'posthorn.test' };
    for (const host of ['other.test', '127.0.0.1']) {
      assertFailure(await send(server.url(host, 'https'), { id: 'a', ca: cert }), 'tls');
      assertResponse(await send(server.url(host, 'https'), { ...trusting, id: 'b' }), 200);
    }
    assertFailure(
      await send(server.url('posthorn.test', 'https'), { ...trusting, id: 'c', serverName: 'x.test' }),
      'tls',
    );
  });

  it('opens one connection for each set of settings, however often they are used', async () => {
    const server = await serve();
    const url = server.url('posthorn.test', 'https');
    for (let round = 0; round < 5; round += 1)
      for (const id of ['a', 'b']) assertResponse(await send(url, { id, ca: cert }), 200);
    assert.equal(server.requests.length, 10);
    // The second may begin before undici has seen that the first is over.
    assert.ok(server.connections <= 4);
  });

  it('closes the connections of settings that were not used for longest', { timeout: 60_000 }, async () => {
    const server = await serve();
    const url = server.url('posthorn.test', 'https');
    for (let number = 0; number <= 105; number += 1)
      assertResponse(await send(url, { id: `id ${number}`, ca: cert }), 200);
    assert.ok(server.openConnections <= 102, `${server.openConnections} open`);
    assertResponse(await send(url, { id: 'id 0', ca: cert }), 200);
  });
});

describe('the environment', () => {
  it('cannot switch the verification of certificates off', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    const world = new TransportWorld((options) => undiciTransport(options), certificate);
    try {
      const server = await world.serve(() => undefined, { tls: { key, cert } });
      const transport = await world.open();
      assertFailure(await world.send(transport, server.url('posthorn.test', 'https')).result, 'tls');
      assert.equal(server.requests.length, 0);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
      await world.close();
    }
  });
});
