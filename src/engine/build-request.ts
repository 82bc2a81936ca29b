/**
 * From a leased delivery to the bytes on the wire: envelope, headers, signature over exactly these bytes. Synchronous
 * while everything it needs is built in, which is the case for nearly all deliveries.
 */
import { catchRejection } from '../core/catch-rejection.ts';
import { buildEnvelope, type BuiltBody, toBytes } from '../core/envelope.ts';
import type { HeaderContext, HeaderFunction } from '../core/functions.ts';
import { validateHeaderName, validateHeaderValue } from '../core/header-rules.ts';
import type { JsonValue } from '../core/json.ts';
import type { DispatcherReason } from '../core/outcome.ts';
import type { TraceContext } from '../core/trace-context.ts';
import { describeError, OptionsError } from '../errors.ts';
import type { LeasedDelivery } from '../store/store.ts';
import type { TransportRequest } from '../transport/transport.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { NamedFunction } from './named-function.ts';
import type { RequestPlan } from './request-plan.ts';
import type { SecretsInUse } from './signing.ts';

/** Why a request could not be built: the dispatcher's fault, never the endpoint's. Does not leave the engine. */
export class DispatcherFault extends Error {
  readonly reason: DispatcherReason;

  constructor(reason: DispatcherReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Says which function is being waited for. */
export interface BuildProgress {
  /** Kind and name of the function that was called last. */
  calling: string | undefined;
}

interface Build {
  readonly plan: RequestPlan;
  readonly runtime: EndpointRuntime;
  readonly delivery: LeasedDelivery;
  readonly now: number;
  readonly timestampSeconds: number;
  readonly maxBodyBytes: number;
  readonly progress: BuildProgress | undefined;
}

/**
 * The request of one attempt, freshly signed.
 *
 * @throws DispatcherFault, or rejects with it
 */
export function buildRequest(
  runtime: EndpointRuntime,
  delivery: LeasedDelivery,
  now: number,
  maxBodyBytes: number,
  progress?: BuildProgress,
): TransportRequest | Promise<TransportRequest> {
  const plan = requirePlan(runtime);
  const build: Build = {
    plan,
    runtime,
    delivery,
    now,
    timestampSeconds: Math.floor(now / 1000),
    maxBodyBytes,
    progress,
  };
  if (plan.envelope === undefined) {
    return finish(build, buildBuiltIn(runtime, delivery));
  }
  return buildWithFunction(build, plan.envelope);
}

/** @throws DispatcherFault when the endpoint cannot be served here */
export function requirePlan({ request, fault }: EndpointRuntime): RequestPlan {
  if (request !== undefined) return request;
  throw new DispatcherFault(fault?.reason ?? 'bad_request', fault?.detail ?? 'the endpoint cannot be served');
}

function buildBuiltIn({ settings }: EndpointRuntime, { message }: LeasedDelivery): BuiltBody {
  try {
    return buildEnvelope(settings.envelope, message)!;
  } catch (error) {
    throw new DispatcherFault('bad_request', describeError(error));
  }
}

async function buildWithFunction(
  build: Build,
  { what, call }: NonNullable<RequestPlan['envelope']>,
): Promise<TransportRequest> {
  const { delivery, runtime, now, progress } = build;
  if (progress !== undefined) progress.calling = what;
  const { message } = delivery;
  let built: BuiltBody;
  try {
    built = await call({
      message,
      data: JSON.parse(message.dataJson) as JsonValue,
      dataJson: message.dataJson,
      endpoint: runtime.view,
      attempt: delivery.attempts,
      maxAttempts: runtime.maxAttempts,
      firstAttemptAt: delivery.firstAttemptAt,
      now,
    });
  } catch (error) {
    throw new DispatcherFault('function_failed', `${what} threw: ${describeError(error)}`);
  }
  const { body, contentType } = checkBuilt(built, what);
  if (contentType.length === 0) throw new DispatcherFault('function_failed', `${what} gave no contentType`);
  return finish(build, { ...built, body });
}

function checkBuilt(built: unknown, what: string): BuiltBody {
  const { body, contentType } = (built ?? {}) as Partial<BuiltBody>;
  if ((typeof body !== 'string' && !(body instanceof Uint8Array)) || typeof contentType !== 'string') {
    throw new DispatcherFault(
      'function_failed',
      `${what} must return { body: string | Uint8Array, contentType: string }`,
    );
  }
  return built as BuiltBody;
}

function finish(build: Build, built: BuiltBody): TransportRequest | Promise<TransportRequest> {
  const { plan, delivery, timestampSeconds, maxBodyBytes } = build;
  const body = toBytes(built.body);
  const headers = ['content-type', built.contentType, ...plan.headers];
  const writer = plan.envelope?.what;
  if (writer !== undefined) checkValue('content-type', built.contentType, writer);
  if (built.headers !== undefined) addHeaders(headers, built.headers, plan, writer);
  if (delivery.message.trace !== undefined) addTrace(headers, delivery.message.trace);
  if (plan.computedHeaders.length > 0) addComputedHeaders(headers, build);
  const { signer, secrets } = liveSecrets(build);
  signer.sign(body, { messageId: delivery.message.id, timestampSeconds }, headers);
  const { target, tls } = plan;
  const request: TransportRequest = { target, headers, body, maxBodyBytes, tls };
  return plan.signatures.length === 0 ? request : signWithFunctions(build, request, headers, secrets);
}

function liveSecrets({ plan, runtime, now }: Build): SecretsInUse {
  const inUse = plan.signing.at(now);
  if (inUse !== undefined) return inUse;
  throw new DispatcherFault(
    'bad_secret',
    `every secret of endpoint ${runtime.record.id} has expired; rotate its secret`,
  );
}

function addTrace(headers: string[], { traceparent, tracestate }: TraceContext): void {
  headers.push('traceparent', traceparent);
  if (tracestate !== undefined) headers.push('tracestate', tracestate);
}

function addComputedHeaders(headers: string[], { plan, runtime, delivery, timestampSeconds }: Build): void {
  const source: HeaderContext = {
    message: delivery.message,
    endpoint: runtime.view,
    deliveryId: delivery.id,
    attempt: delivery.attempts,
    timestamp: timestampSeconds,
  };
  for (const { name, compute, custom } of plan.computedHeaders) {
    if (compute !== undefined) headers.push(name, compute(source));
    else addComputedByFunction(headers, name, custom!, source);
  }
}

function addComputedByFunction(
  headers: string[],
  name: string,
  { what, call }: NamedFunction<HeaderFunction>,
  source: HeaderContext,
): void {
  const writer = `${what}, for the header ${name},`;
  let value: string | undefined;
  try {
    value = call(source);
    // Refused below, because it is no string; its own failure must not reach the host.
    catchRejection(value, () => undefined);
  } catch (error) {
    throw new DispatcherFault('function_failed', `${writer} threw: ${describeError(error)}`);
  }
  if (value !== undefined) headers.push(name, checkValue(name, value, writer));
}

async function signWithFunctions(
  build: Build,
  request: TransportRequest,
  headers: string[],
  secrets: readonly string[],
): Promise<TransportRequest> {
  const { plan, runtime, delivery, timestampSeconds, progress } = build;
  for (const { what, call } of plan.signatures) {
    if (progress !== undefined) progress.calling = what;
    let added: unknown;
    try {
      added = await call({
        body: request.body,
        timestamp: timestampSeconds,
        message: delivery.message,
        endpoint: runtime.view,
        attempt: delivery.attempts,
        secrets,
      });
    } catch (error) {
      throw new DispatcherFault('function_failed', `${what} threw: ${describeError(error)}`);
    }
    if (typeof added !== 'object' || added === null)
      throw new DispatcherFault('function_failed', `${what} must return an object of headers`);
    addHeaders(headers, added as Readonly<Record<string, string>>, plan, what);
  }
  return request;
}

/** Headers written by a named function are checked like those of an endpoint, and may not repeat others. */
function addHeaders(
  headers: string[],
  added: Readonly<Record<string, string>>,
  plan: RequestPlan,
  writer: string | undefined,
): void {
  for (const [name, value] of Object.entries(added)) {
    if (writer !== undefined) {
      const key = name.toLowerCase();
      if (
        plan.takenHeaders.has(key) ||
        headers.some((other, index) => index % 2 === 0 && other.toLowerCase() === key)
      ) {
        throw new DispatcherFault(
          'bad_request',
          `${writer} writes the header ${name}, which something else of the request writes`,
        );
      }
      checkName(name, writer);
      checkValue(name, value, writer);
    }
    headers.push(name, value);
  }
}

function checkName(name: string, writer: string): void {
  try {
    validateHeaderName(name, name);
  } catch (error) {
    throw new DispatcherFault('bad_request', `${writer}: ${describeError(error)}`);
  }
}

function checkValue(name: string, value: unknown, writer: string): string {
  try {
    return validateHeaderValue(name, value);
  } catch (error) {
    if (error instanceof OptionsError)
      throw new DispatcherFault('bad_request', `${writer}: ${error.message}`);
    throw error;
  }
}
