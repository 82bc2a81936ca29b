/** The guard against a real name server: what is refused is counted where connections would arrive. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createAddressPolicy } from '../../src/core/address-policy.ts';
import { kyTransport } from '../../src/transport/ky-transport.ts';
import type { Transport, TransportResult } from '../../src/transport/transport.ts';
import { undiciTransport } from '../../src/transport/undici-transport.ts';
import { type DnsAnswer, DnsServer } from '../support/dns-server.ts';

const REFUSED = '127.0.0.1';
const ALLOWED = '127.0.0.2';
const PUBLIC = '93.184.216.34';
const a = (...values: readonly string[]): DnsAnswer => values.map((value) => ({ type: 'A', value }));

/** Counts connections, and answers on each only once. */
class Target {
  connections = 0;
  readonly #server: Server = createServer((_request, response) =>
    response.writeHead(204, { connection: 'close' }).end(),
  ).on('connection', () => (this.connections += 1));

  async listen(address: string, port: number): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, address, resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

describe.each([
  ['undici', undiciTransport],
  ['ky', kyTransport],
])('names resolved for %s', (_name, create) => {
  let dns: DnsServer;
  let refused: Target;
  let allowed: Target;
  let transport: Transport;
  let port: number;

  beforeEach(async () => {
    dns = await DnsServer.start();
    refused = new Target();
    allowed = new Target();
    port = await refused.listen(REFUSED, 0);
    await allowed.listen(ALLOWED, port);
    transport = create();
    await transport.open({
      addressPolicy: createAddressPolicy({ allowPrivate: [`${ALLOWED}/32`] }),
      maxConnections: 10,
      lookup: dns.lookup,
      connectTimeoutMs: 10_000,
      resendWithinMs: 1_000,
      clock: systemClock,
    });
  });

  afterEach(async () => {
    await transport.close();
    await refused.close();
    await allowed.close();
    await dns[Symbol.asyncDispose]();
  });

  async function send(host: string): Promise<string> {
    const origin = `http://${host}:${port}`;
    const result = await new Promise<TransportResult>((resolve) => {
      const target = { origin, path: '/hooks', href: `${origin}/hooks` };
      transport.send({ target, headers: [], body: Buffer.from('{}'), maxBodyBytes: 0 }, resolve);
    });
    return result.kind === 'response' ? String(result.status) : result.reason;
  }

  /** Only those of IPv4: c-ares of Node.js 20.19 remembers that there is nothing for IPv6. */
  const lookups = (): number => dns.questions.filter((question) => question.startsWith('A ')).length;

  it('connects to what a name resolves to, after one look-up', async () => {
    dns.set('receiver.test', a(ALLOWED));
    assert.equal(await send('receiver.test'), '204');
    assert.deepEqual(dns.questions, ['AAAA receiver.test', 'A receiver.test']);
    assert.equal(allowed.connections, 1);
  });

  it('opens no connection to a name that is bound anew between one check and the next', async () => {
    dns.set('rebound.test', a(ALLOWED), a(REFUSED));
    assert.equal(await send('rebound.test'), '204');
    // Had the name been resolved once to check it and once to connect, the connection would have gone astray.
    assert.deepEqual([allowed.connections, refused.connections, lookups()], [1, 0, 1]);
    assert.equal(await send('rebound.test'), 'blocked');
    assert.deepEqual([allowed.connections, refused.connections, lookups()], [1, 0, 2]);
  });

  it('recovers when the name heals', async () => {
    dns.set('healing.test', a(REFUSED), 'servfail', a(ALLOWED));
    assert.equal(await send('healing.test'), 'blocked');
    assert.equal(await send('healing.test'), 'dns');
    assert.equal(await send('healing.test'), '204');
    assert.equal(refused.connections, 0);
  });

  it.each<[string, DnsAnswer]>([
    ['a private address after an allowed one', a(ALLOWED, REFUSED)],
    ['a private address before a public one', a(REFUSED, PUBLIC)],
    [
      'a private IPv6 address beside a public IPv4 one',
      [...a(PUBLIC), { type: 'AAAA', value: '::1' }] as DnsAnswer,
    ],
    ['a mapped address', [{ type: 'AAAA', value: '::ffff:7f00:1' }]],
    ['a metadata address', a(ALLOWED, '169.254.169.254')],
  ])('refuses an answer with %s', async (_what, answer) => {
    dns.set('mixed.test', answer);
    assert.equal(await send('mixed.test'), 'blocked');
    assert.deepEqual([allowed.connections, refused.connections], [0, 0]);
  });

  it.each<[string, DnsAnswer]>([
    ['no addresses', []],
    ['no such name', 'nxdomain'],
    ['a failure', 'servfail'],
  ])('fails an answer of %s as dns', async (_what, answer) => {
    dns.set('broken.test', answer);
    assert.equal(await send('broken.test'), 'dns');
    assert.deepEqual([allowed.connections, refused.connections], [0, 0]);
  });

  it('judges where a chain of aliases ends, not what it passes', async () => {
    const chain = (end: string): DnsAnswer => [
      { type: 'CNAME', value: 'one.test' },
      { name: 'one.test', type: 'CNAME', value: 'two.test' },
      { name: 'two.test', type: 'A', value: end },
    ];
    dns.set('alias.test', chain(ALLOWED));
    dns.set('private.test', chain(REFUSED));
    assert.equal(await send('alias.test'), '204');
    assert.equal(await send('private.test'), 'blocked');
    assert.deepEqual([allowed.connections, refused.connections], [1, 0]);
  });

  it('asks nobody about literals, in any spelling', async () => {
    for (const literal of [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '[::1]',
      '[::ffff:7f00:1]',
      '0',
    ])
      assert.equal(await send(literal), 'blocked', literal);
    assert.deepEqual([dns.questions, refused.connections, allowed.connections], [[], 0, 0]);
  });
});
