import type { Dispatcher } from 'undici';
import { type Carried, type Carrier, maxAnswerBytes } from './carrier.ts';
import { classifyError, PROXY_IS_SILENT } from './classify-error.ts';
import { type ConnectionOptions, type GuardedAgent, CONNECTION_OPTIONS } from './create-agent.ts';
import { expectKnownKeys } from '../core/expect-value.ts';
import { GuardedAgents } from './guarded-agents.ts';
import { KeptBody } from './kept-body.ts';
import { loadUndici } from './load-undici.ts';
import { Passage } from './passage.ts';
import type {
  AbortReason,
  Exchange,
  Transport,
  TransportContext,
  TransportRequest,
  TransportResult,
} from './transport.ts';

/** Options of {@link undiciTransport}. */
export type UndiciTransportOptions = ConnectionOptions;

/**
 * Sends with undici over HTTP/1.1, through one Agent whose connections are guarded. The default transport.
 *
 * undici is loaded when the dispatcher starts, not when this is called.
 */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  expectKnownKeys(options, 'undiciTransport', CONNECTION_OPTIONS);
  return new UndiciTransport(options);
}

class UndiciTransport implements Transport {
  readonly name = 'undici';
  private readonly options: UndiciTransportOptions;
  private agents: GuardedAgents | undefined;
  private context: TransportContext | undefined;

  constructor(options: UndiciTransportOptions) {
    this.options = options;
  }

  async open(context: TransportContext): Promise<void> {
    this.context = context;
    this.agents = new GuardedAgents(await loadUndici(), context, this.options);
  }

  send(request: TransportRequest, onResult: (result: TransportResult) => void): Exchange {
    const exchange = new UndiciExchange(request, onResult);
    if (this.agents === undefined || this.context === undefined)
      exchange.onResponseError(undefined, new Error('the transport is not open'));
    else exchange.start(this.agents.get(request.tls), this.context);
    exchange.release();
    return exchange;
  }

  async close(): Promise<void> {
    await this.agents?.destroy();
  }
}

/** Thrown into undici to drop a request that was called off; nobody sees it. */
const CALLED_OFF = new Error('called off');
const NO_BODY = new Uint8Array(0);

/**
 * One request. The same object is undici's dispatch options, its handler and our exchange: at tens of thousands of
 * requests per second, each object less per request shows.
 */
class UndiciExchange implements Exchange, Carried, Dispatcher.DispatchOptions, Dispatcher.DispatchHandler {
  // Read by undici, as dispatch options.
  readonly origin: string;
  readonly path: string;
  readonly method: 'POST' | 'OPTIONS';
  readonly headers: string[];
  body: Uint8Array | null;
  readonly maxAnswerBytes: number;

  private readonly maxBodyBytes: number;
  /** Undefined once the result was given. */
  private onResult: ((result: TransportResult) => void) | undefined;
  /** A result that came before `send` returned. */
  private early: TransportResult | undefined;
  private hasReturned = false;
  /** There is none while the request waits for a connection. */
  private controller: Dispatcher.DispatchController | undefined;
  private guarded: GuardedAgent | undefined;
  private passage: Passage | undefined;
  /** 0 until the response head is there. */
  private status = 0;
  private responseHeaders: Record<string, string | string[] | undefined> | undefined;
  private kept: KeptBody | undefined;

  constructor(request: TransportRequest, onResult: (result: TransportResult) => void) {
    this.origin = request.target.origin;
    this.path = request.target.path;
    // undici only reads them.
    this.headers = request.headers as string[];
    this.method = request.method ?? 'POST';
    this.body = this.method === 'POST' ? request.body : null;
    this.maxBodyBytes = request.maxBodyBytes;
    this.maxAnswerBytes = maxAnswerBytes(request.maxBodyBytes);
    this.onResult = onResult;
  }

  start(guarded: GuardedAgent, context: TransportContext): void {
    this.guarded = guarded;
    this.passage = new Passage(context);
    // Refused headers are reported during this call already.
    guarded.agent.dispatch(this, this);
  }

  onAssigned(carrier: Carrier): void {
    this.passage?.assign(carrier);
  }

  /** From here on results may be given. */
  release(): void {
    this.hasReturned = true;
    if (this.early !== undefined) queueMicrotask(() => this.giveEarly());
  }

  abort(reason: AbortReason): void {
    this.giveEarly();
    if (this.onResult === undefined) return;
    // The body may wait in undici's queue long after this.
    this.body = null;
    const { controller } = this;
    if (this.status !== 0) this.settle(this.response(false));
    else if (controller === undefined && this.guarded?.isWaitingForProxy(this.origin) === true)
      this.settle(PROXY_IS_SILENT);
    else
      this.settle({
        kind: 'failure',
        reason: 'timeout',
        detail: describeAbort(reason, controller !== undefined),
      });
    if (controller !== undefined) this.disconnect(controller);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Throwing drops the request and keeps the fresh connection for the next one; controller.abort() would close it.
    if (this.onResult === undefined) throw CALLED_OFF;
    this.controller = controller;
  }

  onResponseStart(
    _controller: unknown,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // Interim responses (102, 103) come first.
    if (status < 200) return;
    this.status = status;
    this.responseHeaders = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    // What was read at once with the last part that is kept.
    if (this.onResult === undefined) return;
    this.kept ??= new KeptBody(this.maxBodyBytes);
    if (this.kept.add(chunk)) return;
    this.settle(this.response(false));
    this.disconnect(controller);
  }

  onResponseEnd(): void {
    this.settle(this.response(true));
  }

  /** Also where undici reports what went wrong before the request was sent. */
  onResponseError(_controller: unknown, error: Error): void {
    if (this.onResult === undefined) return;
    if (this.status !== 0) return this.settle(this.response(false));
    const failure = classifyError(error);
    const { passage, guarded } = this;
    if (passage === undefined || guarded === undefined) return this.settle(failure);
    if (!passage.takeResend(failure)) return this.settle(passage.describe(failure));
    this.controller = undefined;
    guarded.fresh.dispatch(this, this);
  }

  /** Closes the connection of a request that is under way. `abort` alone would make undici open another one, for nothing. */
  private disconnect(controller: Dispatcher.DispatchController): void {
    const socket = this.passage?.carrier?.socket;
    if (socket === undefined) controller.abort(CALLED_OFF);
    else socket.destroy(CALLED_OFF);
  }

  private response(bodyComplete: boolean): TransportResult {
    return {
      kind: 'response',
      status: this.status,
      headers: this.responseHeaders ?? {},
      body: this.kept === undefined ? NO_BODY : this.kept.take(),
      bodyTruncated: this.kept !== undefined && this.kept.isTruncated,
      bodyComplete,
    };
  }

  private settle(result: TransportResult): void {
    const { onResult } = this;
    if (onResult === undefined) return;
    if (!this.hasReturned) {
      this.early ??= result;
      return;
    }
    this.onResult = undefined;
    this.controller = undefined;
    onResult(result);
  }

  private giveEarly(): void {
    const { early } = this;
    if (early === undefined) return;
    this.early = undefined;
    this.settle(early);
  }
}

function describeAbort(reason: AbortReason, isSent: boolean): string {
  if (reason === 'interrupted') return 'called off';
  return isSent ? 'no response within the time limit' : 'no connection within the time limit';
}
