/** Requests through a real forward proxy, on both transports. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { createAddressPolicy } from '../../src/core/address-policy.ts';
import { parseForwardProxy } from '../../src/core/forward-proxy.ts';
import {
  assertFailure,
  assertResponse,
  describeResult,
  TransportWorld,
} from '../../src/testing/transport-suite/transport-world.ts';
import { kyTransport } from '../../src/transport/ky-transport.ts';
import type { Transport, TransportContext, TransportResult } from '../../src/transport/transport.ts';
import { undiciTransport } from '../../src/transport/undici-transport.ts';
import { ConnectProxy, type ProxyConduct } from '../support/connect-proxy.ts';
import { certificate } from './certificate.ts';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';
const strict = createAddressPolicy({ allowPrivate: [] });

describe.each([
  ['undici', undiciTransport],
  ['ky', kyTransport],
])('requests of %s through a proxy', (_name, create) => {
  let world: TransportWorld;
  let proxy: ConnectProxy;

  beforeEach(async () => {
    world = new TransportWorld((options) => create(options), certificate);
    proxy = await ConnectProxy.start();
  });

  afterEach(async () => {
    await world.close();
    await proxy[Symbol.asyncDispose]();
  });

  function open(changes: Partial<TransportContext> = {}, ca = certificate.cert): Promise<Transport> {
    const context = { addressPolicy: strict, proxy: parseForwardProxy(proxy.url(), 'proxy') };
    return world.open({ ...context, ...changes }, { ca });
  }

  function assertProxyFault(result: TransportResult, detail: RegExp): void {
    assert.ok(result.kind === 'fault' && result.reason === 'proxy_failed', describeResult(result));
    assert.match(result.detail, detail);
  }

  it('asks for a connection by name, for http too, and resolves nothing', async () => {
    const server = await world.serve((socket) => socket.write(NO_CONTENT));
    assertResponse(await world.send(await open(), server.url('receiver.test')).result, 204);
    assert.deepEqual(
      proxy.asked.map(({ authority }) => authority),
      [`receiver.test:${server.port}`],
    );
    assert.deepEqual(proxy.otherRequests, 0);
    assert.deepEqual(world.lookups, []);
    assert.match(server.requests[0]!.toString(), /^POST \/hooks HTTP\/1\.1\r\n/);
    assert.doesNotMatch(server.requests[0]!.toString(), /proxy/i);
  });

  it('speaks TLS with the receiver, and verifies its name', async () => {
    const tls = { key: certificate.key, cert: certificate.cert };
    const server = await world.serve((socket) => socket.write(NO_CONTENT), { tls });
    const transport = await open();
    assertResponse(await world.send(transport, server.url('posthorn.test', 'https')).result, 204);
    assertFailure(await world.send(transport, server.url('other.test', 'https')).result, 'tls');
    assert.equal(server.requests.length, 1);
  });

  it('uses a connection again', async () => {
    const server = await world.serve((socket) => socket.write(NO_CONTENT));
    const transport = await open();
    for (let round = 0; round < 6; round += 1)
      assertResponse(await world.send(transport, server.url('receiver.test')).result, 204);
    // The second may begin before undici has seen that the first is over.
    assert.ok(proxy.asked.length <= 2);
    assert.equal(server.requests.length, 6);
  });

  it('gives the proxy its credentials, and the receiver none of them', async () => {
    const server = await world.serve((socket) => socket.write(NO_CONTENT));
    const transport = await open({ proxy: parseForwardProxy(proxy.url('us%40er:p%C3%A4ss'), 'proxy') });
    assertResponse(await world.send(transport, server.url('receiver.test')).result, 204);
    const expected = `Basic ${Buffer.from('us@er:päss').toString('base64')}`;
    assert.equal(proxy.asked[0]!.headers['proxy-authorization'], expected);
    assert.doesNotMatch(server.requests[0]!.toString(), /authorization/i);
  });

  it('speaks TLS with the proxy, and verifies it', async () => {
    await using secure = await ConnectProxy.start({ tls: certificate });
    const server = await world.serve((socket) => socket.write(NO_CONTENT));
    const trusted = parseForwardProxy(secure.url('', 'posthorn.test'), 'proxy');
    assertResponse(await world.send(await open({ proxy: trusted }), server.url('receiver.test')).result, 204);
    assert.deepEqual(world.lookups, ['posthorn.test']);
    const other = parseForwardProxy(secure.url(), 'proxy');
    const result = await world.send(await open({ proxy: other }), server.url('receiver.test')).result;
    assertProxyFault(result, /the connection to the proxy failed \(ERR_TLS_CERT_ALTNAME_INVALID\)/);
    assert.equal(secure.asked.length, 1);
  });

  it('does not even ask the proxy for a refused literal, in any spelling', async () => {
    const transport = await open();
    for (const host of [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '169.254.169.254',
    ])
      for (const protocol of ['http', 'https'])
        assertFailure(await world.send(transport, `${protocol}://${host}:8080/`).result, 'blocked');
    assert.equal(proxy.asked.length, 0);
  });

  it.each<[string, ProxyConduct, string]>([
    ['403', { status: 403 }, 'the proxy refuses this destination (HTTP 403)'],
    [
      'that of Smokescreen',
      { status: 407, headers: { 'X-Smokescreen-Error': 'Egress proxying is denied to host' } },
      'the proxy refuses this destination (HTTP 407: Egress proxying is denied to host)',
    ],
  ])('takes a refusal by the policy of the proxy for blocked: %s', async (_what, conduct, detail) => {
    proxy.conduct = conduct;
    const { result } = world.send(await open(), 'https://receiver.test/');
    assert.deepEqual(await result, { kind: 'failure', reason: 'blocked', detail });
    assert.equal(proxy.tunnels, 0);
  });

  it('charges the endpoint with what the proxy says of it', async () => {
    proxy.conduct = { status: 504, headers: { 'X-Smokescreen-Error': 'Timed out connecting' } };
    assertFailure(await world.send(await open(), 'https://receiver.test/').result, 'timeout');
    proxy.conduct = { status: 503, headers: { 'X-Squid-Error': 'ERR_DNS_FAIL 0' } };
    assertFailure(await world.send(await open(), 'http://receiver.test/').result, 'dns');
  });

  it.each<[string, ProxyConduct, RegExp]>([
    ['wants other credentials', { status: 407 }, /does not accept our credentials \(HTTP 407\)/],
    ['answers 502', { status: 502 }, /the proxy failed \(HTTP 502\)/],
    ['answers 503', { status: 503 }, /the proxy failed \(HTTP 503\)/],
    [
      'answers 429',
      { status: 429, headers: { 'X-Smokescreen-Error': 'limit' } },
      /the proxy failed \(HTTP 429: limit\)/,
    ],
    ['hangs up', 'drop', /the connection to the proxy failed \(ECONNRESET\)/],
  ])('does not charge the endpoint when the proxy %s', async (_what, conduct, detail) => {
    proxy.conduct = conduct;
    assertProxyFault(await world.send(await open(), 'https://receiver.test/').result, detail);
    assertProxyFault(await world.send(await open(), 'http://receiver.test/').result, detail);
  });

  it('does not charge the endpoint with a proxy that is not there, or has no address', async () => {
    const gone = await ConnectProxy.start();
    const url = gone.url();
    await gone[Symbol.asyncDispose]();
    const absent = await open({ proxy: parseForwardProxy(url, 'proxy') });
    assertProxyFault(await world.send(absent, 'https://receiver.test/').result, /\(ECONNREFUSED\)/);
    const unknown = await open({ proxy: parseForwardProxy('http://nowhere.test:4750', 'proxy') });
    assertProxyFault(
      await world.send(unknown, 'https://receiver.test/').result,
      /the connection to the proxy failed/,
    );
  });

  it('does not charge the endpoint with a proxy that speaks something else', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('220 mail ready\r\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const mail = await open({ proxy: parseForwardProxy(`http://127.0.0.1:${port}`, 'proxy') });
    assertProxyFault(await world.send(mail, 'https://receiver.test/').result, /HPE_INVALID_CONSTANT/);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('does not charge the endpoint with a proxy that says nothing until the time is up', async () => {
    proxy.conduct = 'silent';
    const sent = world.send(await open(), 'https://receiver.test/');
    await proxy.whenAsked(1);
    sent.exchange.abort('timeout');
    assertProxyFault(await sent.result, /no connection through the proxy within the time limit/);
  });

  it('gives up a proxy that says nothing for too long', async () => {
    proxy.conduct = 'silent';
    const { result } = world.send(await open({ connectTimeoutMs: 50 }), 'https://receiver.test/');
    // On a busy machine it may not even be connected to.
    assertProxyFault(await result, /the proxy (did not answer|was not connected to) in time/);
  });

  it('charges the endpoint with a receiver that says nothing behind a proxy', async () => {
    const server = await world.serve(() => undefined);
    const sent = world.send(await open(), server.url('receiver.test'));
    await server.whenRequested(1);
    sent.exchange.abort('timeout');
    assertFailure(await sent.result, 'timeout');
  });

  it('takes a tunnel that is reset for a connection that was, whatever is spoken in it', async () => {
    proxy.conduct = 'reset';
    const transport = await open();
    for (const protocol of ['http', 'https'])
      assertFailure(await world.send(transport, `${protocol}://receiver.test/`).result, 'connection_reset');
    await using secure = await ConnectProxy.start({ tls: certificate });
    secure.conduct = 'reset';
    const trusted = parseForwardProxy(secure.url('', 'posthorn.test'), 'proxy');
    const throughTls = await open({ proxy: trusted });
    for (const protocol of ['http', 'https'])
      assertFailure(await world.send(throughTls, `${protocol}://receiver.test/`).result, 'connection_reset');
  });

  it.each([
    ['http', NO_CONTENT, 'response'],
    ['http', 'SSH-2.0-x\r\n', 'bad_response'],
    ['https', 'SSH-2.0-x\r\n', 'tls'],
  ] as const)(
    'takes what a receiver of %s says before it is asked for its answer: %j',
    async (scheme, said, expected) => {
      proxy.conduct = { receiverSaid: said };
      const sent = world.send(await open(), `${scheme}://receiver.test/`);
      await proxy.whenAsked(1);
      const result = await Promise.race([sent.result, proxy.whenAsked(2)]);
      assert.ok(result !== undefined, 'the proxy was asked again');
      if (expected === 'response') assertResponse(result, 204);
      else assertFailure(result, expected);
    },
  );

  it('leaves no connection behind when it is closed, also none that is being made', async () => {
    proxy.conduct = 'silent';
    const transport = await open();
    const { result } = world.send(transport, 'https://receiver.test/');
    await proxy.whenAsked(1);
    await transport.close();
    assert.notEqual((await result).kind, 'response');
  });
});
