/**
 * The receiver of all cases: a bare HTTP/1.1 server on `node:net`, in a process of its own. In the timed window it only
 * finds where a request ends, copies its bytes and answers 204; afterwards `take` checks the signature of every single
 * request. So each one is verified, and the check costs the contenders nothing.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { serveActions } from './harness/serve-actions.ts';
import { RequestLog, type LoggedRequest } from './harness/request-log.ts';

/** What came in since the last `take`. */
export interface ReceiverReport {
  readonly received: number;
  /** Requests with a valid, fresh signature; each message counts once at each path. */
  readonly verified: number;
  /** Sockets that sent them. */
  readonly sockets: number;
  /** CPU time of the receiver while it received, verification not included. */
  readonly cpuMicros: number;
  /** Why the others do not count; the first few. */
  readonly problems: readonly string[];
}

export type ReceiverActions = {
  listen: (params: { secret: string }) => Promise<{ url: string }>;
  take: () => ReceiverReport;
};

const ANSWER = Buffer.from(
  `HTTP/1.1 204 No Content\r\nServer: bench\r\nDate: ${new Date().toUTCString()}\r\nConnection: keep-alive\r\n\r\n`,
);
const HEAD_END = '\r\n\r\n';
const SIGNATURE_PREFIX = 'v1,';
/** How far a signed time may be off, as receivers of Standard Webhooks have it. */
const TOLERANCE_SECONDS = 300;
const MAX_PROBLEMS = 5;

const log = new RequestLog();
const sockets = new Set<Socket>();
let key = Buffer.alloc(0);
let cpuAtStart = process.cpuUsage();

serveActions({ listen, take } satisfies ReceiverActions);

async function listen({ secret }: { secret: string }): Promise<{ url: string }> {
  key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const server = createServer({ noDelay: true }, receive);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function receive(socket: Socket): void {
  let unread: Buffer | undefined;
  socket.on('data', (chunk: Buffer) => {
    let bytes = unread === undefined ? chunk : Buffer.concat([unread, chunk]);
    for (let end = findEnd(bytes); end > 0 && end <= bytes.length; end = findEnd(bytes)) {
      log.add(bytes.subarray(0, end));
      sockets.add(socket);
      socket.write(ANSWER);
      bytes = bytes.subarray(end);
    }
    unread = bytes.length === 0 ? undefined : bytes;
  });
  // A contender that ends resets its connections.
  socket.on('error', () => socket.destroy());
}

/** Where the first request ends, which may be behind the bytes that are there; 0 while its head is incomplete. */
function findEnd(bytes: Buffer): number {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return 0;
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, headEnd))?.[1];
  if (length === undefined) throw new Error('a request without content-length');
  return headEnd + HEAD_END.length + Number(length);
}

function take(): ReceiverReport {
  const { user, system } = process.cpuUsage(cpuAtStart);
  const seen = new Set<string>();
  const problems: string[] = [];
  let received = 0;
  for (const request of log.takeAll()) {
    received += 1;
    const problem = check(request, seen);
    if (problem !== undefined && problems.length < MAX_PROBLEMS) problems.push(problem);
  }
  const report = { received, verified: seen.size, sockets: sockets.size, cpuMicros: user + system, problems };
  sockets.clear();
  cpuAtStart = process.cpuUsage();
  return report;
}

/** Notes a request that is all right; else what is wrong with it. */
function check({ head, body }: LoggedRequest, seen: Set<string>): string | undefined {
  const id = headerOf(head, 'webhook-id');
  const timestamp = headerOf(head, 'webhook-timestamp');
  const given = Buffer.from(headerOf(head, 'webhook-signature').slice(SIGNATURE_PREFIX.length), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return `${id}: wrong signature`;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return `${id}: stale`;
  const path = head.slice(0, head.indexOf('\r\n'));
  if (seen.has(`${path} ${id}`)) return `${id}: came twice`;
  seen.add(`${path} ${id}`);
  return undefined;
}

function headerOf(head: string, name: string): string {
  const start = head.toLowerCase().indexOf(`\r\n${name}:`);
  if (start < 0) return '';
  const end = head.indexOf('\r\n', start + 2);
  return head.slice(start + name.length + 3, end < 0 ? undefined : end).trim();
}
