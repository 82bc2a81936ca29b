import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from '../../src/index.ts';
import { createHarness, type Harness } from '../../src/testing/index.ts';
import { RawServer } from '../../src/testing/transport-suite/raw-server.ts';
import { LOOPBACK } from '../support/world.ts';
import { certificate } from '../transport/certificate.ts';

const { cert, key } = certificate;

/** Insists on a client certificate; answers as a receiver and as a token server. */
function startServer(): RawServer {
  const tls = { key, cert, ca: cert, requestCert: true, rejectUnauthorized: true };
  return new RawServer(
    (socket, request) => {
      const peer = (socket as TLSSocket).getPeerCertificate().subject.CN;
      const isToken = request.includes('grant_type');
      const body = isToken ? `{"access_token":"for.${String(peer)}","token_type":"Bearer"}` : '';
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    },
    { tls },
  );
}

describe('the setting tls', () => {
  let server: RawServer;
  let url: string;

  beforeEach(async () => {
    server = startServer();
    await server.listen();
    url = server.url('posthorn.test', 'https');
  });

  afterEach(() => server.close());

  function create(logger?: Logger): Promise<Harness> {
    const network = {
      ...LOOPBACK,
      lookup: (
        _name: string,
        _options: unknown,
        answer: (error: null, addresses: { address: string; family: number }[]) => void,
      ) => answer(null, [{ address: '127.0.0.1', family: 4 }]),
    };
    return createHarness({ dispatcher: { network, ...(logger === undefined ? {} : { logger }) } });
  }

  it('shows a client certificate, for deliveries, tests and token requests', async () => {
    await using harness = await create();
    const { id } = await harness.createEndpoint({
      url,
      tls: { cert, key, ca: cert },
      auth: { type: 'oauth2', tokenUrl: url.replace('/hooks', '/token'), clientId: 'a', clientSecret: 'b' },
    });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await harness.deliveriesTo(id)).toMatchObject([{ state: 'succeeded' }]);
    expect(await harness.dispatcher.endpoints.test(id)).toMatchObject({ delivered: true });
    expect(server.requests[0]!.toString()).toMatch(/^POST \/token /);
    expect(server.requests[1]!.toString()).toMatch(/authorization: Bearer for\.posthorn\.test/i);
    expect(server.requests.length).toBe(3);
  });

  it('is needed where the receiver insists, and can be given later', async () => {
    await using harness = await create();
    const { id } = await harness.createEndpoint({
      url,
      tls: { ca: cert },
      retry: { kind: 'schedule', delaysMs: [1_000] },
    });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(await harness.deliveriesTo(id)).toMatchObject([{ state: 'scheduled', attempts: 1 }]);
    await harness.dispatcher.endpoints.update(id, { tls: { cert, key, ca: cert } });
    await harness.advance(1_000);
    expect(await harness.deliveriesTo(id)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
  });

  it('is refused when certificate and key do not fit, and never shown again', async () => {
    const lines: unknown[] = [];
    const log = (...line: unknown[]): void => void lines.push(line);
    await using harness = await create({ debug: log, info: log, warn: log, error: log });
    const wrong = harness.createEndpoint({ url, tls: { cert, key: cert } });
    await expect(wrong).rejects.toMatchObject({ path: 'endpoint.tls.key' });
    const created = await harness.createEndpoint({
      url,
      tls: { cert, key, ca: cert, serverName: 'posthorn.test' },
    });
    expect(created.tls).toEqual({ cert, ca: cert, serverName: 'posthorn.test' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    const shown = [
      created,
      await harness.dispatcher.endpoints.list(),
      await harness.deliveriesTo(created.id),
      lines,
    ];
    expect(JSON.stringify(shown)).not.toContain('PRIVATE KEY');
  });
});
