/**
 * Tokens of OAuth 2 servers: asked for when they are needed, by the transport that sends everything else, one request
 * at a time for the same settings, and kept until shortly before they expire. Without a token nothing is sent.
 */
import type { Clock } from '../clock.ts';
import type { Outcome } from '../core/outcome.ts';
import { readTokenAnswer } from '../core/token-request.ts';
import { describeError } from '../errors.ts';
import type { Exchange, Transport, TransportRequest, TransportResult } from '../transport/transport.ts';
import { RecentMap } from './recent-map.ts';

/** Where one token comes from. */
export interface TokenClient {
  /** The same for the same settings, and only for them. */
  readonly key: string;
  readonly request: TransportRequest;
  readonly timeoutMs: number;
}

export interface TokenSourceOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Most tokens kept. */
  readonly maxTokens: number;
  /** A token is not used in this time before it expires; of one that lives shorter than twice as long, half its life. */
  readonly tokenMarginMs: number;
  /** How long a token is used whose server does not say. */
  readonly tokenLifetimeMs: number;
}

/** Why there is no token, as the outcome of the attempt that needs it. Does not leave the engine. */
export class TokenFailure extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome & { readonly detail: string }) {
    super(outcome.detail);
    this.outcome = outcome;
  }
}

interface KeptToken {
  readonly token: string;
  /** By the clock's `elapsed`. */
  readonly until: number;
}

export class TokenSource {
  readonly #options: TokenSourceOptions;
  readonly #kept: RecentMap<KeptToken>;
  readonly #asked = new Map<string, Promise<string>>();
  readonly #exchanges = new Set<Exchange>();

  constructor(options: TokenSourceOptions) {
    this.#options = options;
    this.#kept = new RecentMap(options.maxTokens);
  }

  /** A token that can be used now. @throws TokenFailure (rejects) */
  get(client: TokenClient): string | Promise<string> {
    const kept = this.#kept.get(client.key);
    if (kept !== undefined && this.#options.clock.elapsed() < kept.until) return kept.token;
    const asked = this.#asked.get(client.key);
    if (asked !== undefined) return asked;
    const request = this.#ask(client).finally(() => this.#asked.delete(client.key));
    this.#asked.set(client.key, request);
    return request;
  }

  /** The receiver did not accept a token: it is not used again. Another one that has come meanwhile stays. */
  reject({ key }: TokenClient, token: string): void {
    if (this.#kept.get(key)?.token === token) this.#kept.delete(key);
  }

  /** Calls off what is under way. */
  stop(): void {
    for (const exchange of this.#exchanges) exchange.abort('interrupted');
  }

  async #ask(client: TokenClient): Promise<string> {
    const result = await this.#send(client);
    if (result.kind === 'fault') throw new TokenFailure({ ...result, kind: 'dispatcher_failed' });
    if (result.kind === 'failure') throw noToken(`${result.reason}: ${result.detail}`);
    const isWhole = result.bodyComplete && !result.bodyTruncated;
    const answer = readTokenAnswer(result.status, result.body, isWhole);
    if ('problem' in answer) throw noToken(answer.problem);
    this.#keep(client.key, answer.token, answer.lifetimeMs);
    return answer.token;
  }

  #send({ request, timeoutMs }: TokenClient): Promise<TransportResult> {
    const { transport, clock } = this.#options;
    return new Promise((resolve) => {
      let exchange: Exchange;
      try {
        exchange = transport.send(request, (result) => {
          timer.cancel();
          this.#exchanges.delete(exchange);
          resolve(result);
        });
      } catch (error) {
        return resolve({ kind: 'fault', reason: 'transport_failed', detail: describeError(error) });
      }
      this.#exchanges.add(exchange);
      const timer = clock.setTimer(() => exchange.abort('timeout'), timeoutMs, true);
    });
  }

  #keep(key: string, token: string, lifetimeMs: number | undefined): void {
    const { clock, tokenMarginMs, tokenLifetimeMs } = this.#options;
    const lifetime = lifetimeMs ?? tokenLifetimeMs;
    const usableMs = Math.max(lifetime - tokenMarginMs, lifetime / 2);
    this.#kept.set(key, { token, until: clock.elapsed() + usableMs });
  }
}

/** The token server belongs to the receiver, so the endpoint is charged. */
export function noToken(why: string): TokenFailure {
  const detail = `no token from the token server: ${why}`;
  return new TokenFailure({ kind: 'endpoint_failed', reason: 'token_failed', detail, response: undefined });
}
