/**
 * The receiver of most cases: a bare HTTP/1.1 server on `node:net`, in a process of its own. In the timed window it only
 * finds where a request ends, copies its bytes and answers 204; afterwards `take` checks the signature of every single
 * request. So each one is verified, and the check costs the contenders nothing.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { readRequests } from './harness/read-requests.ts';
import { type CheckedRequests, RequestChecker } from './harness/request-checker.ts';
import { RequestLog } from './harness/request-log.ts';
import { serveActions } from './harness/serve-actions.ts';

/** What came in since the last `take`. */
export interface ReceiverReport extends CheckedRequests {
  /** Sockets that sent them. */
  readonly sockets: number;
  /** CPU time of the receiver while it received, verification not included. */
  readonly cpuMicros: number;
}

export type ReceiverActions = {
  listen: (params: { secret: string }) => Promise<{ url: string }>;
  take: () => ReceiverReport;
};

const ANSWER = Buffer.from(
  `HTTP/1.1 204 No Content\r\nServer: bench\r\nDate: ${new Date().toUTCString()}\r\nConnection: keep-alive\r\n\r\n`,
);

const log = new RequestLog();
const sockets = new Set<Socket>();
let secret = '';
let cpuAtStart = process.cpuUsage();

serveActions({ listen, take } satisfies ReceiverActions);

async function listen(params: { secret: string }): Promise<{ url: string }> {
  secret = params.secret;
  const server = createServer({ noDelay: true }, receive);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function receive(socket: Socket): void {
  readRequests(socket, (bytes) => {
    log.add(bytes);
    sockets.add(socket);
    socket.write(ANSWER);
  });
}

function take(): ReceiverReport {
  const { user, system } = process.cpuUsage(cpuAtStart);
  const checker = new RequestChecker(secret);
  for (const request of log.takeAll()) checker.check(request);
  const report = { ...checker.result, sockets: sockets.size, cpuMicros: user + system };
  sockets.clear();
  cpuAtStart = process.cpuUsage();
  return report;
}
