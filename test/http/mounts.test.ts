/** The mounts of docs/guides/rest-api.md, each in its framework, behind a real server. */
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { toNodeHandler } from '../../src/http/node-handler.ts';
import type { WebhookApi } from '../../src/http/webhook-api.ts';
import { type ApiWorld, createApiWorld, KEYS } from '../support/api-world.ts';

interface Mounted {
  readonly server: Server;
  close(): Promise<void>;
}

type Mount = (api: WebhookApi) => Promise<Mounted>;

const onServer = (server: Server): Mounted => ({
  server,
  close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
});

/** What a route of the App Router exports, called as Next.js calls it. */
function nextRoute(
  api: WebhookApi,
): Record<string, (request: Request, context: object) => Promise<Response>> {
  const { fetch: handle } = api;
  return { GET: handle, POST: handle, PUT: handle, PATCH: handle, DELETE: handle };
}

const mounts: Record<string, Mount> = {
  'node:http': async (api) => onServer(createServer(toNodeHandler(api))),
  Express: async (api) => {
    const app = express();
    app.get('/', (_request, response) => void response.send('the application'));
    app.use('/api/webhooks', toNodeHandler(api));
    return onServer(createServer(app));
  },
  'Express, behind its body parser': async (api) => {
    const app = express();
    app.use(express.json({ limit: '2mb', type: '*/*' }));
    app.use('/api/webhooks', toNodeHandler(api));
    return onServer(createServer(app));
  },
  Fastify: async (api) => {
    const app = fastify();
    const handle = toNodeHandler(api);
    await app.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
      scope.all('/api/webhooks', (request, reply) => void handle(request.raw, reply.hijack().raw));
      scope.all('/api/webhooks/*', (request, reply) => void handle(request.raw, reply.hijack().raw));
      done();
    });
    await app.ready();
    return { server: app.server, close: () => app.close() };
  },
  Hono: async (api) => {
    const app = new Hono();
    app.get('/', (c) => c.text('the application'));
    app.all('/api/webhooks/*', (c) => api.fetch(c.req.raw));
    return onServer(createServer(toNodeHandler({ ...api, fetch: async (request) => app.fetch(request) })));
  },
  'Next.js, App Router': async (api) => {
    const route = nextRoute(api);
    const fetchRoute = (request: Request): Promise<Response> =>
      route[request.method]!(request, { params: Promise.resolve({ path: [] }) });
    return onServer(createServer(toNodeHandler({ ...api, fetch: fetchRoute })));
  },
};

interface Running extends AsyncDisposable {
  readonly world: ApiWorld;
  readonly origin: string;
  readonly port: number;
}

async function run(mount: Mount): Promise<Running> {
  const world = await createApiWorld();
  const { server, close } = await mount(world.api);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    world,
    port,
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await close();
      await world[Symbol.asyncDispose]();
    },
  };
}

const headers = { authorization: `Bearer ${KEYS.alice}`, 'content-type': 'application/json' };

describe.each(Object.entries(mounts))('mounted in %s', (_name, mount) => {
  it('serves the API under its paths', async () => {
    await using running = await run(mount);
    const base = `${running.origin}/api/webhooks`;
    const url = running.world.harness.receiver.url;
    const created = await fetch(base, {
      method: 'POST',
      headers,
      body: JSON.stringify({ url, name: 'Ünïcode' }),
    });
    expect([created.status, created.headers.get('etag')]).toEqual([201, '"1"']);
    const { id } = ((await created.json()) as { data: { id: string } }).data;
    const listed = (await (await fetch(`${base}?limit=1`, { headers })).json()) as { data: object[] };
    expect(listed.data).toMatchObject([{ id, name: 'Ünïcode' }]);
    const patched = await fetch(`${base}/${id}`, { method: 'PATCH', headers, body: '{"name":"other"}' });
    expect(await patched.json()).toMatchObject({ data: { name: 'other' } });
    const tested = await fetch(`${base}/${id}/test`, {
      method: 'POST',
      headers: { authorization: headers.authorization },
    });
    expect(await tested.json()).toMatchObject({ data: { delivered: true } });
    const deleted = await fetch(`${base}/${id}`, {
      method: 'DELETE',
      headers: { authorization: headers.authorization },
    });
    expect(await deleted.json()).toMatchObject({ data: { id } });
    expect((await fetch(`${base}/${id}`, { headers })).status).toBe(404);
    expect((await fetch(base)).status).toBe(401);
  });

  it('answers to a body that is too large, and to one that is no JSON', async () => {
    await using running = await run(mount);
    const base = `${running.origin}/api/webhooks`;
    const large = JSON.stringify({ url: 'https://a.example', metadata: { a: 'x'.repeat(600_000) } });
    const refused = await fetch(base, { method: 'POST', headers, body: large });
    expect([refused.status, ((await refused.json()) as { error: object }).error]).toMatchObject([
      413,
      { code: 'too_large' },
    ]);
    expect((await fetch(base, { method: 'POST', headers, body: '{' })).status).toBe(400);
  });

  it('answers a caller who is refused while sending a large body', async () => {
    await using running = await run(mount);
    const socket = connect(running.port, '127.0.0.1');
    const length = 20 * 1024 * 1024;
    socket.write(
      `POST /api/webhooks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
    );
    let answer = '';
    const closed = new Promise<unknown>((resolve) => socket.once('close', resolve));
    socket.on('data', (data) => (answer += data.toString('latin1')));
    // Sends all of it before it listens, as many clients do; the end of the connection may come first.
    socket.on('error', () => undefined);
    for (let sent = 0; sent < length && !socket.destroyed; sent += 65_536)
      if (!socket.write(Buffer.alloc(65_536, ' ')))
        await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    await closed;
    // A body parser that stands in front refuses by itself.
    expect(answer).toMatch(/^HTTP\/1\.1 (401 [^]*\r\nconnection: close\r\n|413 )/i);
  });

  it('survives a caller who goes away in the middle of a body', async () => {
    await using running = await run(mount);
    const socket = connect(running.port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    const head = ['POST /api/webhooks HTTP/1.1', 'Host: a', `Authorization: ${headers.authorization}`];
    socket.write(
      [...head, 'Content-Type: application/json', 'Content-Length: 100', '', '{"url":'].join('\r\n'),
    );
    await new Promise<void>((resolve) => socket.end(resolve));
    socket.destroy();
    expect((await fetch(`${running.origin}/api/webhooks`, { headers })).status).toBe(200);
    expect(running.world.log.join('\n')).not.toContain('failed');
  });
});

describe('toNodeHandler', () => {
  it('hands the request of Node.js to authorize', async () => {
    const seen: unknown[] = [];
    await using world = await createApiWorld({
      authorize: (_request, context) => {
        const { incoming } = context as { incoming: { user?: string } };
        seen.push(incoming.user);
        return { id: incoming.user!, scopes: ['read'] };
      },
    });
    const app = express();
    app.use((request, _response, next) => {
      Object.assign(request, { user: 'from the session' });
      next();
    });
    app.use(toNodeHandler(world.api));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect((await fetch(`http://127.0.0.1:${port}/api/webhooks`)).status).toBe(200);
    expect(seen).toEqual(['from the session']);
    await onServer(server).close();
  });

  it('says so when a parser has read the body and left nothing of it', async () => {
    await using world = await createApiWorld();
    const handle = toNodeHandler(world.api);
    const app = fastify();
    app.all('/api/webhooks', (request, reply) => void handle(request.raw, reply.hijack().raw));
    const origin = await app.listen({ port: 0, host: '127.0.0.1' });
    const call = (init: RequestInit): Promise<Response> => fetch(`${origin}/api/webhooks`, init);
    const refused = await call({ method: 'POST', headers, body: '{"url":"https://a.example"}' });
    expect([refused.status, await refused.json()]).toMatchObject([
      500,
      { error: { code: 'internal', message: expect.stringMatching(/^A parser in front of the API/) } },
    ]);
    expect(world.log.join('\n')).toMatch(/A parser in front of the API has read the body/);
    expect((await call({ headers })).status).toBe(200);
    await app.close();
  });

  it('takes methods, paths and hosts that are none as they come', async () => {
    await using world = await createApiWorld();
    const server = createServer(toNodeHandler(world.api));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const [target, host] of [
      ['GET //evil.example/api/webhooks', 'a'],
      ['GET http://evil.example/api/webhooks', 'a'],
      ['GET /api/webhooks', 'not a host:x'],
      ['OPTIONS *', 'a'],
      ['TRACE /api/webhooks', 'a'],
    ]) {
      const status = await new Promise<string>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () =>
          socket.write(`${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
        );
        socket.once('data', (data) => resolve(data.toString('latin1').slice(0, 12)));
        socket.once('error', reject);
      });
      expect(status).toMatch(/^HTTP\/1\.1 4/);
    }
    await onServer(server).close();
  });
});
