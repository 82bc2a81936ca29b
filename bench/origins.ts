/**
 * The receiver of cases that need many origins, or the time of receipt: each origin is a port of its own, all in one process. In the timed window it notes when each request was whole,
 * copies its bytes and answers 204; afterwards `take` verifies every one, and says how long it was on its way.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { TimedData } from './contenders/paced.ts';
import { readRequests } from './harness/read-requests.ts';
import { type CheckedRequests, RequestChecker } from './harness/request-checker.ts';
import { RequestLog } from './harness/request-log.ts';
import { serveActions } from './harness/serve-actions.ts';
import { type ClockActions, sharedNow } from './harness/shared-clock.ts';

/** What came in since the last `take`. */
export interface OriginsReport extends CheckedRequests {
  /** Sockets that sent it. */
  readonly sockets: number;
  /** CPU time of the receiver while it received, verification not included. */
  readonly cpuMicros: number;
  /** From emit to receipt, in ms, of each message that is measured. */
  readonly latenciesMs: readonly number[];
}

export type OriginsActions = ClockActions & {
  /** Listens on so many ports. */
  listen: (params: { secret: string; origins: number }) => Promise<{ urls: readonly string[] }>;
  take: () => OriginsReport;
};

const ANSWER = Buffer.from('HTTP/1.1 204 No Content\r\nServer: bench\r\nConnection: keep-alive\r\n\r\n');

const log = new RequestLog();
const sockets = new Set<Socket>();
let secret = '';
let cpuAtStart = process.cpuUsage();

serveActions({ now: sharedNow, listen, take } satisfies OriginsActions);

async function listen(params: { secret: string; origins: number }): Promise<{ urls: readonly string[] }> {
  secret = params.secret;
  return { urls: await Promise.all(Array.from({ length: params.origins }, listenOnce)) };
}

async function listenOnce(): Promise<string> {
  const server = createServer({ noDelay: true }, receive).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function receive(socket: Socket): void {
  readRequests(socket, (bytes) => {
    log.add(bytes, sharedNow());
    sockets.add(socket);
    socket.write(ANSWER);
  });
}

function take(): OriginsReport {
  const { user, system } = process.cpuUsage(cpuAtStart);
  const checker = new RequestChecker(secret);
  const latenciesMs: number[] = [];
  for (const request of log.takeAll()) {
    if (!checker.check(request)) continue;
    const { data } = JSON.parse(request.body.toString()) as { data: TimedData };
    if (data.isMeasured) latenciesMs.push(request.receivedAt - data.emittedAtMs);
  }
  const report = { ...checker.result, sockets: sockets.size, cpuMicros: user + system, latenciesMs };
  sockets.clear();
  cpuAtStart = process.cpuUsage();
  return report;
}
