import type { Socket } from 'node:net';
import { FaultConnection, type Traffic } from './fault-connection.ts';
import { createIdentity, FAULT_HOST, type FaultIdentity } from './fault-identity.ts';
import { createNames, type FaultLookup, type FaultNames } from './fault-names.ts';
import { checkFaultOptions, type FaultReceiver, type FaultReceiverOptions } from './fault-options.ts';
import { FaultServer } from './fault-server.ts';
import { FAULTS, type FaultName } from './faults.ts';
import { type Fault, NO_CONTENT } from './faults/fault.ts';
import { HeldPort } from './held-port.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { DEFAULT_WAIT_MS, RequestLog, type WaitOptions } from './request-log.ts';
import { RequestReader } from './request-reader.ts';
import { RequestWaiters } from './request-waiters.ts';

/** Starts a {@link FaultReceiver}. @throws OptionsError when an option is wrong */
export async function createFaultReceiver(options: FaultReceiverOptions): Promise<FaultReceiver> {
  checkFaultOptions(options);
  const receiver = new PlayingReceiver(options);
  await receiver.open();
  return receiver;
}

const DEFAULT_MAX_REQUESTS = 1_000;
const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
const DEFAULT_STATUS = 200;
const DEFAULT_DRIP_MS = 100;

const HEALTHY: Fault = { does: 'answers 204', onRequested: (connection) => connection.write(NO_CONTENT) };
const LOOPBACK = '127.0.0.1';

class PlayingReceiver implements FaultReceiver {
  url = '';
  connections = 0;
  played = 0;
  readonly fault: FaultName;
  readonly #options: FaultReceiverOptions;
  #playing: Fault;
  readonly #identity: FaultIdentity;
  readonly #log: RequestLog;
  readonly #traffic: Traffic = { bytesReceived: 0, bytesSent: 0 };
  readonly #playWaiters: RequestWaiters;
  readonly #idleWaiters: RequestWaiters;
  readonly #server = new FaultServer({
    onOpened: () => (this.connections += 1),
    onReady: (socket, wire) => this.#serve(socket, wire),
    onHandshakeFailed: () => this.#onPlayed(),
    onClosed: () => this.#idleWaiters.notify(),
  });
  #names: FaultNames | undefined;
  #held: HeldPort | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: FaultReceiverOptions) {
    this.#options = options;
    this.fault = options.fault;
    this.#playing = FAULTS[options.fault];
    this.#identity = createIdentity(this.#playing.tls ?? (options.tls === true ? 'valid' : undefined));
    this.#log = new RequestLog(options.maxRequests ?? DEFAULT_MAX_REQUESTS);
    const waiters = (what: string, count: () => number): RequestWaiters =>
      new RequestWaiters(
        Object.defineProperty({ requests: this.requests, received: 0 }, 'received', { get: count }),
        what,
      );
    this.#playWaiters = waiters('plays of the fault', () => this.played);
    this.#idleWaiters = waiters('moment without connections', () => (this.openConnections === 0 ? 1 : 0));
  }

  async open(): Promise<void> {
    const { name, tls, port } = this.#playing;
    this.#names = await createNames(name, () => this.#onPlayed());
    let usedPort = this.#options.port ?? 0;
    if (port !== 'refused') usedPort = await this.#server.listen(LOOPBACK, usedPort, this.#identity.faulty);
    else if (usedPort === 0) usedPort = (this.#held = await HeldPort.take()).port;
    const isSecure = (tls !== undefined && tls !== 'unexpected') || this.#options.tls === true;
    const host = isSecure || name !== undefined ? FAULT_HOST : LOOPBACK;
    this.url = `${isSecure ? 'https' : 'http'}://${host}:${usedPort}/`;
  }

  get ca(): string {
    return this.#identity.ca;
  }

  get requests(): readonly RecordedRequest[] {
    return this.#log.requests;
  }

  get received(): number {
    return this.#log.received;
  }

  get openConnections(): number {
    return this.#server.openConnections;
  }

  get bytesReceived(): number {
    return this.#traffic.bytesReceived;
  }

  get bytesSent(): number {
    return this.#traffic.bytesSent;
  }

  readonly lookup: FaultLookup = (hostname, options, callback) => {
    if (this.#playing === HEALTHY) return callback(null, [{ address: LOOPBACK, family: 4 }]);
    this.#names!.lookup(hostname, options, callback);
  };

  urlOf(path: string): string {
    return new URL(path, this.url).href;
  }

  waitFor(count: number, options?: WaitOptions): Promise<readonly RecordedRequest[]> {
    return this.#log.waitFor(count, options);
  }

  async waitForPlayed(count: number, { timeoutMs = DEFAULT_WAIT_MS }: WaitOptions = {}): Promise<void> {
    await this.#playWaiters.wait(count, timeoutMs);
  }

  async waitForIdle({ timeoutMs = DEFAULT_WAIT_MS }: WaitOptions = {}): Promise<void> {
    await this.#idleWaiters.wait(1, timeoutMs);
  }

  async recover(): Promise<void> {
    this.#playing = HEALTHY;
    await this.#closeServer();
    const { port, protocol } = new URL(this.url);
    await this.#server.listen(
      LOOPBACK,
      Number(port),
      protocol === 'https:' ? this.#identity.healthy : undefined,
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#log.close();
    this.#playWaiters.failAll('before the receiver was closed');
    await this.#closeServer();
    this.#idleWaiters.failAll('before the receiver was closed');
    await this.#names?.close();
  }

  async #closeServer(): Promise<void> {
    await this.#held?.release();
    await this.#server.close();
  }

  #serve(socket: Socket, wire: Socket): void {
    const connection = this.#connectionOn(socket, wire);
    const reader = new RequestReader(this.#options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES, {
      onBegun: () => this.#play(connection, 'onBegun'),
      onRequest: (request) => {
        connection.requests += 1;
        const recorded = this.#log.add(request);
        this.#log.notify();
        this.#options.onRequest?.(recorded);
        this.#play(connection, 'onRequested');
      },
    });
    socket.on('data', (chunk: Buffer) => {
      this.#traffic.bytesReceived += chunk.length;
      reader.read(chunk);
    });
    this.#play(connection, 'onConnected');
  }

  #connectionOn(socket: Socket, wire: Socket): FaultConnection {
    const { status = DEFAULT_STATUS, headers = {}, dripMs = DEFAULT_DRIP_MS } = this.#options;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return new FaultConnection({
      socket,
      wire,
      answer: { status, headers: lines.join(''), dripMs },
      traffic: this.#traffic,
    });
  }

  #play(connection: FaultConnection, stage: 'onConnected' | 'onBegun' | 'onRequested'): void {
    const play = this.#playing[stage] ?? (stage === 'onRequested' ? HEALTHY.onRequested : undefined);
    if (play === undefined) return;
    const playing = this.#playing;
    void Promise.resolve(play(connection)).then(() => {
      if (playing === this.#playing) this.#onPlayed();
    });
  }

  #onPlayed(): void {
    this.played += 1;
    this.#playWaiters.notify();
    this.#options.onPlayed?.();
  }
}
