import type { KyInstance, Options as KyOptions } from 'ky';
import type { Agent, Dispatcher } from 'undici';
import { type Carried, maxAnswerBytes } from './carrier.ts';
import { classifyError, classifyFetchError, PROXY_IS_SILENT } from './classify-error.ts';
import { describeError } from '../errors.ts';
import { type ConnectionOptions, type GuardedAgent, CONNECTION_OPTIONS } from './create-agent.ts';
import { expectKnownKeys } from '../core/expect-value.ts';
import { GuardedAgents } from './guarded-agents.ts';
import { KeptBody } from './kept-body.ts';
import { loadUndici, type Undici } from './load-undici.ts';
import { Passage } from './passage.ts';
import type {
  AbortReason,
  Exchange,
  Transport,
  TransportContext,
  TransportRequest,
  TransportResult,
} from './transport.ts';

/** Options of {@link kyTransport}. */
export interface KyTransportOptions extends ConnectionOptions {
  /**
   * A ky instance to send with, for its hooks. Its `retry`, `timeout`, `throwHttpErrors` and `redirect` are overridden:
   * retries and deadlines are the dispatcher's. Default: plain ky, loaded when the dispatcher starts.
   */
  readonly ky?: KyInstance;
  /**
   * The fetch to send with. It gets the guarded undici Agent as `dispatcher`; one that ignores it goes around the
   * address guard. Default: the global one, read at each request, so that interceptors such as msw see it.
   */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Sends with ky and `fetch`: for hooks, and for tests that intercept fetch. Several times slower than
 * `undiciTransport()`.
 *
 * Three things that fetch does cannot be turned off: it adds `accept`, `accept-language` and `sec-fetch-mode` headers;
 * it decodes a body that has a `content-encoding`, though `accept-encoding: identity` asks for none; and it fails a
 * response with more than five encodings as a whole.
 */
export function kyTransport(options: KyTransportOptions = {}): Transport {
  expectKnownKeys(options, 'kyTransport', [...CONNECTION_OPTIONS, 'ky', 'fetch']);
  return new KyTransport(options);
}

class KyTransport implements Transport {
  readonly name = 'ky';
  private readonly options: KyTransportOptions;
  private parts: Parts | undefined;

  constructor(options: KyTransportOptions) {
    this.options = options;
  }

  async open(context: TransportContext): Promise<void> {
    const undici = await loadUndici();
    const client = this.options.ky ?? (await import('ky')).default;
    const agents = new GuardedAgents(undici, context, this.options);
    this.parts = { client, agents, observe: createObserver(undici), context };
  }

  send(request: TransportRequest, onResult: (result: TransportResult) => void): Exchange {
    const exchange = new KyExchange(request, onResult);
    void exchange.run(this.parts, this.options.fetch);
    return exchange;
  }

  async close(): Promise<void> {
    await this.parts?.agents.destroy();
  }
}

/** What an open transport sends with. */
interface Parts {
  readonly client: KyInstance;
  readonly agents: GuardedAgents;
  readonly observe: (agent: Agent, carried: Carried) => Dispatcher;
  readonly context: TransportContext;
}

/** Makes dispatchers for one fetch each: a guarded agent, which says who carries the request. */
function createObserver(undici: Undici): Parts['observe'] {
  class ObservedAgent extends undici.Dispatcher {
    private readonly agent: Agent;
    private readonly carried: Carried;

    constructor(agent: Agent, carried: Carried) {
      super();
      this.agent = agent;
      this.carried = carried;
    }

    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      return this.agent.dispatch({ ...options, ...this.carried }, handler);
    }
  }
  return (agent, carried) => new ObservedAgent(agent, carried);
}

class KyExchange implements Exchange {
  private readonly request: TransportRequest;
  private readonly aborter = new AbortController();
  private readonly kept: KeptBody;
  private onResult: ((result: TransportResult) => void) | undefined;
  private response: Response | undefined;
  private reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  private guarded: GuardedAgent | undefined;

  constructor(request: TransportRequest, onResult: (result: TransportResult) => void) {
    this.request = request;
    this.onResult = onResult;
    this.kept = new KeptBody(request.maxBodyBytes);
  }

  async run(parts: Parts | undefined, fetch: typeof globalThis.fetch | undefined): Promise<void> {
    const guarded = parts?.agents.get(this.request.tls);
    this.guarded = guarded;
    // No result may come before `send` returned.
    await Promise.resolve();
    this.settle(
      parts === undefined || guarded === undefined
        ? classifyError(new Error('the transport is not open'))
        : await this.attempt(parts, guarded, fetch),
    );
  }

  abort(reason: AbortReason): void {
    if (this.onResult === undefined) return;
    const detail = reason === 'interrupted' ? 'called off' : 'no response within the time limit';
    if (this.response !== undefined) this.settle(this.toResult(this.response, false));
    else if (this.guarded?.isWaitingForProxy(this.request.target.origin) === true)
      this.settle(PROXY_IS_SILENT);
    else this.settle({ kind: 'failure', reason: 'timeout', detail });
    this.disconnect();
  }

  /**
   * The signal ends a request that waits for its head. After that it may have no effect: fetch holds what listens to it
   * weakly, so that a garbage collection can leave the connection open, and reading.
   */
  private disconnect(): void {
    this.aborter.abort();
    this.reader?.cancel().catch(() => undefined);
  }

  private async attempt(
    parts: Parts,
    guarded: GuardedAgent,
    fetch: typeof globalThis.fetch | undefined,
  ): Promise<TransportResult> {
    let headers: Headers;
    try {
      headers = toHeaders(this.request.headers);
    } catch (error) {
      return { kind: 'fault', reason: 'bad_request', detail: describeError(error) };
    }
    const passage = new Passage(parts.context);
    const carried: Carried = {
      maxAnswerBytes: maxAnswerBytes(this.request.maxBodyBytes),
      onAssigned: (carrier) => passage.assign(carrier),
    };
    let dispatcher = parts.observe(guarded.agent, carried);
    for (;;) {
      try {
        // As a URL, because an instance with a prefix would put it before a string.
        const url = new URL(this.request.target.href);
        this.response = await parts.client(url, this.sendOptions(headers, dispatcher, fetch));
        return await this.read(this.response);
      } catch (error) {
        const failure = classifyFetchError(error);
        if (this.onResult === undefined || !passage.takeResend(failure)) return passage.describe(failure);
        dispatcher = parts.observe(guarded.fresh, carried);
      }
    }
  }

  /** The dispatcher is no option of ky, but what ky does not know it hands on to fetch. */
  private sendOptions(
    headers: Headers,
    dispatcher: Dispatcher,
    fetch: typeof globalThis.fetch | undefined,
  ): KyOptions {
    const { method = 'POST', body } = this.request;
    const options: KyOptions & { dispatcher?: unknown } = {
      method,
      headers,
      ...(method === 'POST' && { body: body as Uint8Array<ArrayBuffer> }),
      redirect: 'manual',
      retry: 0,
      timeout: false,
      throwHttpErrors: false,
      signal: this.aborter.signal,
      ...(fetch === undefined ? {} : { fetch }),
    };
    return Object.assign(options, { dispatcher: dispatcher as never });
  }

  /** A response whose body breaks off is a response all the same. */
  private async read(response: Response): Promise<TransportResult> {
    // Only a fetch that is not the one of Node.js hides what the redirect was.
    if (response.status === 0) return { kind: 'failure', reason: 'redirect', detail: 'redirected' };
    if (response.body === null) return this.toResult(response, true);
    try {
      this.reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
      for (;;) {
        const { done, value } = await this.reader.read();
        if (done) return this.toResult(response, true);
        if (this.kept.add(value)) continue;
        this.disconnect();
        return this.toResult(response, false);
      }
    } catch {
      return this.toResult(response, false);
    }
  }

  private toResult(response: Response, bodyComplete: boolean): TransportResult {
    return {
      kind: 'response',
      status: response.status,
      headers: toRecord(response.headers),
      body: this.kept.take(),
      bodyTruncated: this.kept.isTruncated,
      bodyComplete,
    };
  }

  private settle(result: TransportResult): void {
    const { onResult } = this;
    this.onResult = undefined;
    onResult?.(result);
  }
}

function toHeaders(flat: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < flat.length; index += 2) headers.append(flat[index]!, flat[index + 1]!);
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity');
  return headers;
}

function toRecord(headers: Headers): Record<string, string | string[]> {
  const record = new Map<string, string | string[]>();
  for (const [name, value] of headers) {
    const before = record.get(name);
    // Only set-cookie comes several times; fetch has joined the others.
    record.set(name, before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]);
  }
  return Object.fromEntries(record);
}
