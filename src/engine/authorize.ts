/** The `authorization` header of one attempt, where it is not the same for all. */
import type { TokenFunction } from '../core/functions.ts';
import { isBearerToken } from '../core/token-request.ts';
import { describeError } from '../errors.ts';
import type { LeasedDelivery } from '../store/store.ts';
import type { TransportRequest } from '../transport/transport.ts';
import { type BuildProgress, DispatcherFault } from './build-request.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { NamedFunction } from './named-function.ts';
import type { RequestPlan } from './request-plan.ts';
import type { TokenClient, TokenSource } from './token-source.ts';

/** A token for one attempt. */
export class Authorization {
  readonly #token: string;
  readonly #onRejected: () => void;

  constructor(token: string, onRejected: () => void = () => undefined) {
    this.#token = token;
    this.#onRejected = onRejected;
  }

  addTo(request: TransportRequest): TransportRequest {
    return { ...request, headers: [...request.headers, 'authorization', `Bearer ${this.#token}`] };
  }

  /** The receiver answered that it does not accept it: the next attempt gets another one. */
  reject(): void {
    this.#onRejected();
  }
}

/** @throws DispatcherFault or TokenFailure (rejects): without a token nothing is sent */
export async function authorize(
  auth: NonNullable<RequestPlan['auth']>,
  delivery: LeasedDelivery,
  runtime: EndpointRuntime,
  tokens: TokenSource,
  progress: BuildProgress,
): Promise<Authorization> {
  if (auth.kind === 'function') {
    progress.calling = auth.token.what;
    return new Authorization(await callFunction(auth.token, delivery, runtime));
  }
  return askServer(auth.client, tokens);
}

async function askServer(client: TokenClient, tokens: TokenSource): Promise<Authorization> {
  const token = await tokens.get(client);
  return new Authorization(token, () => tokens.reject(client, token));
}

async function callFunction(
  { what, call }: NamedFunction<TokenFunction>,
  { message, attempts }: LeasedDelivery,
  { view }: EndpointRuntime,
): Promise<string> {
  let token: unknown;
  try {
    token = await call({ message, endpoint: view, attempt: attempts });
  } catch (error) {
    throw new DispatcherFault('function_failed', `${what} threw: ${describeError(error)}`);
  }
  if (isBearerToken(token)) return token;
  throw new DispatcherFault(
    'function_failed',
    `${what} must return a bearer token: 1 to 8185 characters of A-Z, a-z, 0-9, -, ., _, ~, +, /, and = at the end`,
  );
}
