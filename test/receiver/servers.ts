/** Real servers with the handlers in them, one for each framework. */
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import {
  createFastifyPlugin,
  createHonoHandler,
  createNodeHandler,
  createWebHandler,
  type WebhookHandlerOptions,
} from '../../src/receiver/index.ts';

export interface TestServer extends AsyncDisposable {
  /** Where webhooks are received. */
  readonly url: string;
}

export async function listen(listener: RequestListener): Promise<TestServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the Node.js adapters of such frameworks do. */
export function serveWeb(handle: (request: Request) => Response | Promise<Response>): Promise<TestServer> {
  return listen((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const body = method === 'GET' ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
    const request = new Request(`http://${headers.host}${url}`, {
      method,
      headers: Object.entries(headers) as [string, string][],
      body: body as never,
      duplex: 'half',
    });
    void Promise.resolve(handle(request)).then(async (response) => {
      const headers = Object.fromEntries(response.headers);
      outgoing.writeHead(response.status, incoming.complete ? headers : { ...headers, connection: 'close' });
      outgoing.end(await response.text());
    });
  });
}

type Start = (options: WebhookHandlerOptions) => Promise<TestServer>;

/** How to start each of them. */
export const SERVERS: Readonly<Record<string, Start>> = {
  'node:http': (options) => {
    const handle = createNodeHandler(options);
    return listen((request, response) => void handle(request, response));
  },
  Express: (options) => {
    const app = express();
    app.post('/hooks', createNodeHandler(options));
    app.use(express.json());
    return listen(app);
  },
  Fastify: async (options) => {
    const app = fastify();
    await app.register(createFastifyPlugin({ path: '/hooks', ...options }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return {
      url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/hooks`,
      async [Symbol.asyncDispose]() {
        app.server.closeAllConnections();
        await app.close();
      },
    };
  },
  Hono: (options) => {
    const app = new Hono();
    app.post('/hooks', createHonoHandler(options));
    return serveWeb((request) => app.fetch(request));
  },
  'a web-standard Request': (options) => serveWeb(createWebHandler(options)),
};
