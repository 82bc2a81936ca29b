/** The other side of a leak test: most requests are answered with 204, some with 500, a few not at all. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { serveActions } from '../../../../bench/harness/serve-actions.ts';

export type AnsweringActions = {
  listen: () => Promise<{ url: string }>;
  /** Connections that stay open, although the other side should have closed them. */
  connections: () => Promise<number>;
};

const FAILS_EVERY = 50;
const HANGS_EVERY = 500;
/** How long it may take until the end of a connection is known here. */
const CLOSING_LIMIT_MS = 5_000;

let requests = 0;
const server = createServer({ requestTimeout: 0 }, (request, response) => {
  requests += 1;
  const number = requests;
  request.resume().once('end', () => {
    if (number % HANGS_EVERY === 0) return;
    response.writeHead(number % FAILS_EVERY === 0 ? 500 : 204).end();
  });
});
server.keepAliveTimeout = 0;
const sockets = new Set<Socket>();
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
});

serveActions({ listen, connections } satisfies AnsweringActions);

async function listen(): Promise<{ url: string }> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function connections(): Promise<number> {
  const limit = AbortSignal.timeout(CLOSING_LIMIT_MS);
  await Promise.allSettled([...sockets].map((socket) => once(socket, 'close', { signal: limit })));
  return sockets.size;
}
