/**
 * The receiver of the case `recovery`: while it is down, it resets every connection; once it is up, it answers 204, each request some time after it came.
 * It notes when each came, and how many were being answered.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { readRequests } from './harness/read-requests.ts';
import { type CheckedRequests, RequestChecker } from './harness/request-checker.ts';
import { RequestLog } from './harness/request-log.ts';
import { serveActions } from './harness/serve-actions.ts';
import { sharedNow } from './harness/shared-clock.ts';

/** What came since it was up. */
export interface RecoveryReport extends CheckedRequests {
  /** When each came, in ms since it was up, in order. */
  readonly arrivalsMs: readonly number[];
  /** Most requests at a time. */
  readonly maxInFlight: number;
  /** Connections while it was down, each an attempt in vain. */
  readonly refused: number;
}

export type RecoveringActions = {
  /** Begins to listen, and is down. */
  listen: (params: { secret: string; serviceMs: number }) => Promise<{ url: string }>;
  /** Answers from now on. */
  comeUp: () => void;
  take: () => RecoveryReport;
};

const ANSWER = Buffer.from('HTTP/1.1 204 No Content\r\nServer: bench\r\nConnection: keep-alive\r\n\r\n');

const log = new RequestLog();
let secret = '';
let serviceMs = 0;
let isUp = false;
let upAt = 0;
let inFlight = 0;
let maxInFlight = 0;
let refused = 0;

serveActions({ listen, comeUp, take } satisfies RecoveringActions);

async function listen(params: { secret: string; serviceMs: number }): Promise<{ url: string }> {
  ({ secret, serviceMs } = params);
  const server = createServer({ noDelay: true }, receive).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function receive(socket: Socket): void {
  if (!isUp) {
    refused += 1;
    socket.on('error', () => undefined).resetAndDestroy();
    return;
  }
  readRequests(socket, (bytes) => {
    log.add(bytes, sharedNow() - upAt);
    inFlight += 1;
    maxInFlight = Math.max(maxInFlight, inFlight);
    setTimeout(() => {
      inFlight -= 1;
      socket.write(ANSWER);
    }, serviceMs);
  });
}

function comeUp(): void {
  isUp = true;
  upAt = sharedNow();
}

function take(): RecoveryReport {
  const checker = new RequestChecker(secret);
  const arrivalsMs: number[] = [];
  for (const request of log.takeAll()) {
    checker.check(request);
    arrivalsMs.push(request.receivedAt);
  }
  return { ...checker.result, arrivalsMs, maxInFlight, refused };
}
