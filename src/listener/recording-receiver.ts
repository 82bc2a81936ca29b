import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expectKnownKeys } from '../core/expect-value.ts';
import { readBody } from './read-body.ts';
import type { Receiver, ReceiverOptions } from './receiver.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { type FixedReply, type Reply, type ReplyDetails, ReplyScript } from './reply-script.ts';
import { RequestLog, type WaitOptions } from './request-log.ts';

/** Starts a {@link Receiver}. */
export async function createReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  expectKnownKeys(options, 'receiver', ['host', 'port', 'maxRequests', 'maxBodyBytes', 'verify']);
  const receiver = new RecordingReceiver(options);
  await receiver.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  return receiver;
}

const DEFAULT_MAX_REQUESTS = 10_000;
const DEFAULT_STATUS = 204;

class RecordingReceiver implements Receiver {
  url = '';
  waiting = 0;
  connections = 0;
  private readonly log: RequestLog;
  private readonly maxBodyBytes: number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly script = new ReplyScript();
  private readonly scriptsByPath = new Map<string, ReplyScript>();
  private readonly heldAnswers: (() => void)[] = [];
  private readonly delays = new Set<NodeJS.Timeout>();
  private isHolding = false;
  private closed: Promise<void> | undefined;

  constructor(options: ReceiverOptions) {
    this.log = new RequestLog(options.maxRequests ?? DEFAULT_MAX_REQUESTS, options.verify);
    this.maxBodyBytes = options.maxBodyBytes ?? Infinity;
    this.server = createServer((incoming, response) => void this.serve(incoming, response));
    this.server.on('connection', (socket) => this.track(socket));
  }

  async listen(port: number, host: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    const { address, family, port: actualPort } = this.server.address() as AddressInfo;
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${actualPort}/`;
  }

  get held(): number {
    return this.heldAnswers.length;
  }

  get requests(): readonly RecordedRequest[] {
    return this.log.requests;
  }

  get received(): number {
    return this.log.received;
  }

  get openConnections(): number {
    return this.sockets.size;
  }

  urlOf(path: string): string {
    return new URL(path, this.url).href;
  }

  reply(...replies: readonly Reply[]): this {
    this.script.reply(...replies);
    return this;
  }

  always(reply: Reply): this {
    this.script.always(reply);
    return this;
  }

  on(path: string): ReplyScript {
    let script = this.scriptsByPath.get(path);
    if (script === undefined) {
      script = new ReplyScript();
      this.scriptsByPath.set(path, script);
    }
    return script;
  }

  hold(): void {
    this.isHolding = true;
  }

  release(): void {
    this.isHolding = false;
    for (const answer of this.heldAnswers.splice(0)) answer();
  }

  waitFor(count: number, options?: WaitOptions): Promise<readonly RecordedRequest[]> {
    return this.log.waitFor(count, options);
  }

  clear(): void {
    this.log.clear();
    this.script.reset();
    this.scriptsByPath.clear();
  }

  close(): Promise<void> {
    this.closed ??= new Promise((resolve) => {
      this.log.close();
      for (const delay of this.delays) clearTimeout(delay);
      this.heldAnswers.length = 0;
      this.server.close(() => resolve());
      for (const socket of this.sockets) socket.destroy();
    });
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private track(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = await readBody(incoming, this.maxBodyBytes);
    // The sender went away before its request was whole: there is nothing to record.
    if (read === undefined) return;
    const request = this.log.add({
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      rawHeaders: incoming.rawHeaders,
      ...read,
    });
    this.waiting += 1;
    response.once('close', () => (this.waiting -= 1));
    const reply =
      this.scriptsByPath.get(request.path.split('?')[0]!)?.next() ?? this.script.next() ?? DEFAULT_STATUS;
    const isHeld = this.isHolding;
    this.log.notify();
    const details = await resolveReply(reply, request);
    // A release may have come while the reply was chosen.
    const mustWait = (isHeld && this.isHolding) || details.hold === true;
    if (mustWait) this.heldAnswers.push(() => this.answer(response, details));
    else this.answer(response, details);
  }

  private answer(response: ServerResponse, details: ReplyDetails): void {
    const { status = DEFAULT_STATUS, headers = {}, body, delayMs = 0 } = details;
    if (delayMs > 0) {
      const delay = setTimeout(() => {
        this.delays.delete(delay);
        this.answer(response, { ...details, delayMs: 0 });
      }, delayMs);
      this.delays.add(delay);
      return;
    }
    if (response.destroyed) return;
    try {
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.end(body);
    } catch (error) {
      // node:http refuses some status codes and headers; the test that scripted them learns why.
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      response.writeHead(500).end(`The reply cannot be sent: ${String(error)}`);
    }
  }
}

async function resolveReply(reply: Reply, request: RecordedRequest): Promise<ReplyDetails> {
  try {
    const chosen: FixedReply = typeof reply === 'function' ? await reply(request) : reply;
    return typeof chosen === 'number' ? { status: chosen } : chosen;
  } catch (error) {
    return { status: 500, body: `The reply function threw: ${String(error)}` };
  }
}
