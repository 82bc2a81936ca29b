import assert from 'node:assert/strict';
import type { TlsOptions } from 'node:tls';
import type { TransportResult } from '../../transport/transport.ts';
import type { SuiteCase } from './suite-case.ts';
import { assertFailure, assertResponse, describeResult, type TransportWorld } from './transport-world.ts';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

/** TLS: nothing is sent to a server that cannot prove who it is. */
export const tlsCases: readonly SuiteCase[] = [
  {
    name: 'sends to a server with a trusted certificate',
    async run(world) {
      const result = await request(world, {}, { trusts: true });
      assertResponse(result, 204);
    },
  },
  {
    name: 'sends nothing to a server with a certificate that is not trusted',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT), { tls: serverTls(world) });
      assertFailure(await world.send(await world.open(), server.url('posthorn.test', 'https')).result, 'tls');
      assert.equal(server.requests.length, 0);
    },
  },
  {
    name: 'sends nothing to a server with the certificate of another name',
    async run(world) {
      world.names.set('other.test', [{ address: '127.0.0.1', family: 4 }]);
      assertFailure(await request(world, {}, { trusts: true, host: 'other.test' }), 'tls');
      assertFailure(await request(world, {}, { trusts: true, host: '127.0.0.1' }), 'tls');
    },
  },
  {
    name: 'sends nothing to a server with an expired certificate',
    async run(world) {
      assertFailure(await request(world, { cert: world.certificate.expiredCert }, { trusts: true }), 'tls');
    },
  },
  {
    name: 'trusts the authority of a request for that request alone',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT), { tls: serverTls(world) });
      const transport = await world.open();
      const url = server.url('posthorn.test', 'https');
      const tls = { id: 'trusting', ca: world.certificate.cert };
      assertResponse(await world.send(transport, url, { tls }).result, 204);
      assertFailure(await world.send(transport, url).result, 'tls');
      assertFailure(
        await world.send(transport, url, { tls: { id: 'other', serverName: 'a.test' } }).result,
        'tls',
      );
      assert.equal(server.requests.length, 1);
    },
  },
  {
    name: 'shows the client certificate of a request, for that request alone',
    async run(world) {
      const { key, cert } = world.certificate;
      const wanted = { ...serverTls(world), ca: cert, requestCert: true, rejectUnauthorized: true };
      const server = await world.serve((socket) => socket.write(NO_CONTENT), { tls: wanted });
      const transport = await world.open({}, { ca: cert });
      const url = server.url('posthorn.test', 'https');
      assertResponse(await world.send(transport, url, { tls: { id: 'known', cert, key } }).result, 204);
      const without = await world.send(transport, url).result;
      assert.equal(without.kind, 'failure', describeResult(without));
      assert.equal(server.requests.length, 1);
    },
  },
  {
    name: 'fails a server that speaks only TLS 1.1, or only HTTP/2, as tls',
    async run(world) {
      const outdated: TlsOptions = {
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      };
      assertFailure(await request(world, outdated, { trusts: true }), 'tls');
      assertFailure(await request(world, { ALPNProtocols: ['h2'] }, { trusts: true }), 'tls');
    },
  },
  {
    name: 'fails a server that wants a client certificate',
    async run(world) {
      const result = await request(world, { requestCert: true, rejectUnauthorized: true }, { trusts: true });
      // TLS 1.3 tells only after the handshake, so it can look like any lost connection.
      assert.equal(result.kind, 'failure', describeResult(result));
    },
  },
  {
    name: 'fails TLS to a server without, and the other way round',
    async run(world) {
      const plain = await world.serve((socket) => socket.write(NO_CONTENT), {
        onConnection: (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      });
      assertFailure(await world.send(await world.open(), plain.url('127.0.0.1', 'https')).result, 'tls');
      const server = await world.serve((socket) => socket.write(NO_CONTENT), { tls: serverTls(world) });
      const result = await world.send(await world.open(), server.url()).result;
      assert.equal(result.kind, 'failure', describeResult(result));
      assert.equal(server.requests.length, 0);
    },
  },
  {
    name: 'can be aborted in a handshake that stalls',
    async run(world) {
      const stalled = await world.serve(() => undefined, { onConnection: (socket) => socket.pause() });
      const transport = await world.open();
      const sent = world.send(transport, stalled.url('127.0.0.1', 'https'));
      await stalled.whenConnected(1);
      sent.exchange.abort('timeout');
      assertFailure(sent.results[0]!, 'timeout');
      await transport.close();
      await stalled.whenIdle();
    },
  },
];

interface Client {
  readonly trusts: boolean;
  readonly host?: string;
}

async function request(world: TransportWorld, changes: TlsOptions, client: Client): Promise<TransportResult> {
  const tls = { ...serverTls(world), ...changes };
  const server = await world.serve((socket) => socket.write(NO_CONTENT), { tls });
  const { cert, expiredCert } = world.certificate;
  const transport = await world.open({}, client.trusts ? { ca: `${cert}\n${expiredCert}` } : undefined);
  return world.send(transport, server.url(client.host ?? 'posthorn.test', 'https')).result;
}

function serverTls(world: TransportWorld): TlsOptions {
  return { key: world.certificate.key, cert: world.certificate.cert };
}
