/**
 * One attempt: build the request, send it, turn whatever happens into an outcome, exactly once, inside one deadline.
 * Nothing throws out of it.
 */
import type { Clock } from '../clock.ts';
import { classify } from '../core/classify.ts';
import type { Outcome } from '../core/outcome.ts';
import { describeError } from '../errors.ts';
import type { LeasedDelivery } from '../store/store.ts';
import type {
  AbortReason,
  Exchange,
  Transport,
  TransportRequest,
  TransportResult,
} from '../transport/transport.ts';
import { authorize, type Authorization } from './authorize.ts';
import { buildRequest, type BuildProgress, DispatcherFault } from './build-request.ts';
import type { DeadlineEntry, Deadlines } from './deadlines.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import { noToken, TokenFailure, type TokenSource } from './token-source.ts';

export interface AttemptContext {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly tokens: TokenSource;
  /** Also the register of what is in flight. */
  readonly deadlines: Deadlines<Attempt>;
  readonly maxResponseBodyBytes: number;
  /** Makes the request. Default: the one that carries the message. */
  readonly build?: typeof buildRequest;
}

const HTTP_UNAUTHORIZED = 401;

export type OutcomeListener = (attempt: Attempt, outcome: Outcome) => void;

export class Attempt implements DeadlineEntry, BuildProgress {
  readonly delivery: LeasedDelivery;
  readonly runtime: EndpointRuntime;
  readonly deadlineAt: number;
  deadlineIndex = -1;
  calling: string | undefined;
  readonly #context: AttemptContext;
  readonly #onOutcome: OutcomeListener;
  #exchange: Exchange | undefined;
  #abortReason: AbortReason | undefined;
  /** Undefined without `auth`, and until it is there. */
  #authorization: Authorization | undefined;
  #isAuthorized = true;
  readonly #startedAt: number;
  #isSent = false;
  #isDone = false;

  constructor(
    context: AttemptContext,
    delivery: LeasedDelivery,
    runtime: EndpointRuntime,
    onOutcome: OutcomeListener,
  ) {
    this.#context = context;
    this.delivery = delivery;
    this.runtime = runtime;
    this.#onOutcome = onOutcome;
    this.#startedAt = context.clock.elapsed();
    this.deadlineAt = this.#startedAt + runtime.settings.timeoutMs;
  }

  /** Milliseconds since the attempt began. */
  get durationMs(): number {
    return Math.round(this.#context.clock.elapsed() - this.#startedAt);
  }

  start(): void {
    const { refusal } = this.runtime;
    if (refusal !== undefined)
      return this.#conclude({
        kind: 'endpoint_failed',
        reason: 'url_refused',
        detail: refusal,
        response: undefined,
      });
    this.#context.deadlines.add(this);
    const auth = this.runtime.request?.auth;
    if (auth === undefined) return this.#build();
    this.#isAuthorized = false;
    authorize(auth, this.delivery, this.runtime, this.#context.tokens, this).then(
      (authorization) => {
        if (this.#isDone) return;
        this.#isAuthorized = true;
        this.#authorization = authorization;
        this.#build();
      },
      (error: unknown) => this.#onBuildFailure(error),
    );
  }

  #build(): void {
    try {
      const { build = buildRequest, clock, maxResponseBodyBytes } = this.#context;
      const request = build(this.runtime, this.delivery, clock.now(), maxResponseBodyBytes, this);
      if (request instanceof Promise) {
        request.then(
          (built) => this.#send(built),
          (error: unknown) => this.#onBuildFailure(error),
        );
      } else this.#send(request);
    } catch (error) {
      this.#onBuildFailure(error);
    }
  }

  onDeadline(): void {
    this.#abort('timeout');
  }

  /** Calls the attempt off for a shutdown. */
  interrupt(): void {
    this.#abort('interrupted');
  }

  #abort(reason: AbortReason): void {
    if (this.#isDone) return;
    this.#abortReason = reason;
    try {
      this.#exchange?.abort(reason);
    } catch {
      // Breaks the transport's contract; the attempt ends below all the same.
    }
    // Before the request is sent, and with a transport that breaks its contract, nobody else would end the attempt.
    if (!this.#isDone) this.#conclude(this.#abortedOutcome(reason));
  }

  #abortedOutcome(reason: AbortReason): Outcome {
    if (reason === 'interrupted')
      return { kind: 'interrupted', detail: 'called off by a shutdown; the attempt does not count' };
    const timeoutMs = this.runtime.settings.timeoutMs;
    if (!this.#isAuthorized && this.runtime.request?.auth?.kind === 'oauth2')
      return noToken(`no answer within ${timeoutMs} ms`).outcome;
    if (this.#isSent)
      return {
        kind: 'endpoint_failed',
        reason: 'timeout',
        detail: `no response within ${timeoutMs} ms`,
        response: undefined,
      };
    return {
      kind: 'dispatcher_failed',
      reason: 'function_failed',
      detail: `${this.calling ?? 'a named function'} took longer than the ${timeoutMs} ms of the attempt`,
    };
  }

  #send(request: TransportRequest): void {
    if (this.#isDone) return;
    this.#isSent = true;
    try {
      const authorized = this.#authorization?.addTo(request) ?? request;
      this.#exchange = this.#context.transport.send(authorized, this.#onResult);
    } catch (error) {
      this.#conclude({ kind: 'dispatcher_failed', reason: 'transport_failed', detail: describeError(error) });
    }
  }

  #onBuildFailure(error: unknown): void {
    if (error instanceof TokenFailure) return this.#conclude(error.outcome);
    const fault =
      error instanceof DispatcherFault ? error : new DispatcherFault('function_failed', describeError(error));
    this.#conclude({ kind: 'dispatcher_failed', reason: fault.reason, detail: fault.message });
  }

  readonly #onResult = (result: TransportResult): void => {
    if (this.#isDone) return;
    if (result.kind === 'response' && result.status === HTTP_UNAUTHORIZED) this.#authorization?.reject();
    this.#conclude(this.#outcomeOf(result));
  };

  #outcomeOf(result: TransportResult): Outcome {
    if (this.#abortReason !== undefined && result.kind !== 'response' && !isProxyFault(result))
      return this.#abortedOutcome(this.#abortReason);
    try {
      return classify(result, this.runtime.policy.success, this.#context.clock.now());
    } catch (error) {
      return {
        kind: 'dispatcher_failed',
        reason: 'transport_failed',
        detail: `the transport gave a result that cannot be read: ${describeError(error)}`,
      };
    }
  }

  #conclude(outcome: Outcome): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#context.deadlines.remove(this);
    this.#onOutcome(this, outcome);
  }
}

/** The proxy kept it from being sent until its time was up. */
function isProxyFault(result: TransportResult): boolean {
  return result.kind === 'fault' && result.reason === 'proxy_failed';
}
