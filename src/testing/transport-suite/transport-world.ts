import assert from 'node:assert/strict';
import { systemClock } from '../../clock.ts';
import { createAddressPolicy } from '../../core/address-policy.ts';
import type {
  Exchange,
  Transport,
  TransportContext,
  TransportRequest,
  TransportResult,
} from '../../transport/transport.ts';
import { createFaultReceiver } from '../../listener/fault-receiver.ts';
import type { FaultReceiver, FaultReceiverOptions } from '../../listener/fault-options.ts';
import { type RawHandler, RawServer, type RawServerOptions } from './raw-server.ts';

/** Certificates for the TLS cases. They need a real file, so the caller of the suite brings them. */
export interface SuiteCertificate {
  /** Private key, PEM. */
  readonly key: string;
  /** Self-signed certificate for the name `posthorn.test`, PEM. */
  readonly cert: string;
  /** The same, but expired. */
  readonly expiredCert: string;
}

/** Builds the transport under test; called once per case. */
export type CreateTransport = (options: { readonly tls?: { readonly ca: string } }) => Transport;

/** A request that was sent, and what became of it. */
export interface Sent {
  readonly exchange: Exchange;
  /** The first result. */
  readonly result: Promise<TransportResult>;
  /** All results so far; more than one breaks the contract. */
  readonly results: readonly TransportResult[];
}

type Response = Extract<TransportResult, { kind: 'response' }>;
type Addresses = readonly { readonly address: string; readonly family: number }[];

/** What one case has: its own servers, its own transports, and the check that every exchange had one result. */
export class TransportWorld {
  /** Answers of name resolution; a name without one is not found. Names are asked for in the order of `lookups`. */
  readonly names: Map<string, Addresses> = new Map<string, Addresses>([
    ['posthorn.test', [{ address: '127.0.0.1', family: 4 }]],
  ]);
  readonly lookups: string[] = [];
  private readonly create: CreateTransport;
  private readonly givenCertificate: SuiteCertificate | undefined;
  private readonly servers: RawServer[] = [];
  private readonly receivers: FaultReceiver[] = [];
  private readonly transports: Transport[] = [];
  private readonly sent: Sent[] = [];

  constructor(create: CreateTransport, certificate: SuiteCertificate | undefined) {
    this.create = create;
    this.givenCertificate = certificate;
  }

  get certificate(): SuiteCertificate {
    assert.ok(this.givenCertificate, 'the case needs a certificate');
    return this.givenCertificate;
  }

  /** Starts a raw server on loopback. */
  async serve(handler: RawHandler, options?: RawServerOptions): Promise<RawServer> {
    const server = new RawServer(handler, options);
    await server.listen();
    this.servers.push(server);
    return server;
  }

  /** Starts a receiver that fails. */
  async play(options: FaultReceiverOptions): Promise<FaultReceiver> {
    const receiver = await createFaultReceiver(options);
    this.receivers.push(receiver);
    return receiver;
  }

  /** A request to another server and back, in which what was sent before has arrived, too. */
  async roundTrip(transport: Transport): Promise<void> {
    const server = await this.serve((socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'));
    assertResponse(await this.send(transport, server.url()).result, 204);
  }

  /** Opens a transport that may connect to loopback. */
  async open(changes: Partial<TransportContext> = {}, tls?: { readonly ca: string }): Promise<Transport> {
    const transport = this.create(tls === undefined ? {} : { tls });
    this.transports.push(transport);
    await transport.open({
      addressPolicy: createAddressPolicy({ allowPrivate: ['127.0.0.0/8'] }),
      maxConnections: 10,
      lookup: (hostname, _options, callback) => {
        this.lookups.push(hostname);
        const addresses = this.names.get(hostname);
        if (addresses !== undefined) return callback(null, addresses);
        callback(Object.assign(new Error(`no such name: ${hostname}`), { code: 'ENOTFOUND' }), []);
      },
      connectTimeoutMs: 10_000,
      resendWithinMs: 1_000,
      clock: systemClock,
      ...changes,
    });
    return transport;
  }

  /** Sends a request and fails at once when its result comes too early. */
  send(transport: Transport, url: string, changes: Partial<TransportRequest> = {}): Sent {
    const { origin, pathname, search, href } = new URL(url);
    const results: TransportResult[] = [];
    let hasReturned = false;
    let resolve!: (result: TransportResult) => void;
    const result = new Promise<TransportResult>((settle) => (resolve = settle));
    const request: TransportRequest = {
      target: { origin, path: pathname + search, href },
      headers: ['content-type', 'application/json', 'user-agent', 'suite'],
      body: new TextEncoder().encode('{"test":true}'),
      maxBodyBytes: 16 * 1024,
      ...changes,
    };
    const exchange = transport.send(request, (given) => {
      assert.ok(hasReturned, 'the result came before send returned');
      results.push(given);
      resolve(given);
    });
    hasReturned = true;
    const sent: Sent = { exchange, result, results };
    this.sent.push(sent);
    return sent;
  }

  /** Sends to a server that answers these bytes. `end` says what the server does after them. */
  async exchange(
    answer: string | Buffer,
    end: 'stay' | 'end' | 'reset' = 'stay',
    changes?: Partial<TransportRequest>,
  ): Promise<TransportResult> {
    const server = await this.serve((socket) => {
      socket.write(answer, 'latin1', () => {
        if (end === 'end') socket.end();
        if (end === 'reset') socket.resetAndDestroy();
      });
    });
    return this.send(await this.open(), server.url(), changes).result;
  }

  /** Ends everything, and checks that each exchange had exactly one result. */
  async close(): Promise<void> {
    for (const transport of this.transports) await transport.close();
    for (const server of this.servers) await server.close();
    for (const receiver of this.receivers) await receiver.close();
    await new Promise((resolve) => setImmediate(resolve));
    for (const { results } of this.sent) assert.equal(results.length, 1, 'results of one exchange');
  }
}

export function assertResponse(result: TransportResult, status: number): asserts result is Response {
  assert.equal(result.kind, 'response', describeResult(result));
  assert.equal(result.kind === 'response' && result.status, status);
}

export function assertFailure(result: TransportResult, reason: string): void {
  assert.equal(result.kind, 'failure', describeResult(result));
  assert.equal(result.kind === 'failure' && result.reason, reason, describeResult(result));
}

export function textOf(result: TransportResult): string {
  assert.equal(result.kind, 'response', describeResult(result));
  return result.kind === 'response' ? Buffer.from(result.body).toString('latin1') : '';
}

export function describeResult(result: TransportResult): string {
  return result.kind === 'response'
    ? `response ${result.status}`
    : `${result.kind} ${result.reason}: ${result.detail}`;
}
