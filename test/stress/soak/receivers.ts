/** The other side of the soak: one server whose paths fail in every way. Ends when its parent disconnects. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Behaviour = (response: ServerResponse, count: number) => void;

const answer = (response: ServerResponse, status: number, headers: Record<string, string> = {}): void => {
  response.writeHead(status, headers).end('x'.repeat(200));
};

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  ok: (response) => answer(response, 204),
  flaky: (response, count) => answer(response, count % 3 === 0 ? 500 : 200),
  down: (response) => answer(response, 503),
  slow: (response) => void setTimeout(() => answer(response, 200), 150),
  hangs: () => undefined,
  resets: (response) => void response.socket?.destroy(),
  busy: (response, count) => answer(response, count % 50 === 0 ? 429 : 200, { 'retry-after': '1' }),
  redirects: (response) => answer(response, 302, { location: '/ok' }),
  endless: (response) => {
    response.writeHead(200);
    const write = (): void => {
      if (!response.destroyed && response.write('x'.repeat(65_536))) setImmediate(write);
      else response.once('drain', write);
    };
    write();
  },
};

const counts = new Map<string, number>();

const server = createServer((request: IncomingMessage, response) => {
  const name = request.url?.split('/')[1] ?? '';
  const behave = BEHAVIOURS[name] ?? BEHAVIOURS['ok']!;
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  request.resume().on('end', () => behave(response, count));
  response.on('error', () => undefined);
});

server.listen(0, '127.0.0.1', () => {
  process.send?.({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('disconnect', () => {
  server.close();
  server.closeAllConnections();
});
