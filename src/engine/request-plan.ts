/** What the requests of one endpoint have in common, put together once. */
import type { AddressPolicy } from '../core/address-policy.ts';
import { fitHeaders, writtenHeaders } from '../core/delivery-headers.ts';
import type { EndpointRecord, ResolvedDeliverySettings } from '../core/endpoint.ts';
import { describeEnvelope } from '../core/envelope.ts';
import type {
  EnvelopeFunction,
  FunctionRegistry,
  HeaderFunction,
  SignatureFunction,
} from '../core/functions.ts';
import { COMPUTED_HEADERS, type ComputedHeaderSource } from '../core/header-rules.ts';
import { completeSecret } from '../core/secret.ts';
import { resolveSignature } from '../core/signature.ts';
import { ORIGIN_HEADER, requireOrigin } from '../core/webhook-handshake.ts';
import type { RequestTarget, RequestTls } from '../transport/transport.ts';
import { derivePublicKey } from './ed25519.ts';
import { describeFunction, type NamedFunction } from './named-function.ts';
import { type AuthPlan, planAuth } from './plan-auth.ts';
import { planTls, withoutServerName } from './plan-tls.ts';
import { Signing } from './signing.ts';

/** The parts of a request that do not change from message to message. */
export interface RequestPlan {
  readonly target: RequestTarget;
  /** Undefined: what the transport trusts and shows. */
  readonly tls: RequestTls | undefined;
  /** Where the authorization header comes from, unless it is among the others; undefined: there is none. */
  readonly auth: Exclude<AuthPlan, { kind: 'fixed' }> | undefined;
  /** user-agent, static headers and the origin of a handshake, names and values in turn. */
  readonly headers: readonly string[];
  readonly envelope: NamedFunction<EnvelopeFunction> | undefined;
  readonly computedHeaders: readonly {
    readonly name: string;
    readonly compute: ((source: ComputedHeaderSource) => string) | undefined;
    readonly custom: NamedFunction<HeaderFunction> | undefined;
  }[];
  readonly signing: Signing;
  readonly signatures: readonly NamedFunction<SignatureFunction>[];
  /** Lower-case names that named functions must not write. */
  readonly takenHeaders: ReadonlySet<string>;
}

/** A named function that this process does not have. */
export class MissingFunction extends Error {}

/** What a dispatcher brings to the requests of all endpoints. */
export interface PlanSurroundings {
  readonly functions: FunctionRegistry;
  readonly userAgent: string;
  readonly addressPolicy: AddressPolicy;
  readonly requireHttps: boolean;
  readonly handshakeOrigin: string | undefined;
}

/**
 * Fits the pieces together.
 *
 * @param path name of the endpoint in messages
 * @throws OptionsError when they do not fit, MissingFunction when a function is not registered here
 */
export function planRequest(
  record: EndpointRecord,
  settings: ResolvedDeliverySettings,
  target: RequestTarget,
  { functions, userAgent, addressPolicy, requireHttps, handshakeOrigin }: PlanSurroundings,
  path = 'endpoint',
): RequestPlan {
  // That of the dispatcher is written into the endpoints that it holds for.
  const { verification = false } = record;
  const origin = requireOrigin({ verification }, handshakeOrigin, `${path}.verification`);
  const written = { ...settings, verification };
  const signatures = settings.signatures.map(resolveSignature);
  const envelope = describeEnvelope(settings.envelope);
  const secrets = record.secrets.map((secret, index) => ({
    ...secret,
    value: completeSecret(secret.value, `${path}.secrets[${index}]`, settings.signatures, derivePublicKey),
  }));
  const fitted = fitHeaders(written, path);
  const tls = planTls(settings.tls, `${path}.tls`);
  const auth = planAuth(settings.auth, `${path}.auth`, {
    tokenFunction: (name) => named(functions.token, 'token', name),
    urlRules: { addressPolicy, requireHttps },
    userAgent,
    timeoutMs: settings.timeoutMs,
    tls: withoutServerName(tls),
  });
  const fixed = auth?.kind === 'fixed' ? ['authorization', auth.value] : [];
  const own = [...Object.keys(fitted.headers), ...Object.keys(fitted.computedHeaders)].map((name) =>
    name.toLowerCase(),
  );
  return {
    target,
    tls,
    auth: auth?.kind === 'fixed' ? undefined : auth,
    headers: [
      ...['user-agent', userAgent, ...fixed],
      ...(origin === undefined ? [] : [ORIGIN_HEADER, origin]),
      ...Object.entries(fitted.headers).flat(),
    ],
    envelope: envelope.isBuiltIn ? undefined : named(functions.envelope, 'envelope', envelope.name),
    computedHeaders: Object.entries(fitted.computedHeaders).map(([name, source]) => {
      const compute = ownEntry(COMPUTED_HEADERS, source);
      return {
        name,
        compute,
        custom: compute === undefined ? named(functions.header, 'header', source) : undefined,
      };
    }),
    signing: new Signing(signatures, secrets),
    signatures: signatures.flatMap(({ kind, name }) =>
      kind === 'custom' ? [named(functions.signature, 'signature', name)] : [],
    ),
    takenHeaders: new Set([...writtenHeaders(written).keys(), ...own, 'content-type', 'user-agent']),
  };
}

/** @throws MissingFunction */
function named<Call>(
  registry: Readonly<Record<string, Call>> | undefined,
  kind: keyof FunctionRegistry,
  name: string,
): NamedFunction<Call> {
  return { what: describeFunction(kind, name), call: requireFunction(registry, name, `functions.${kind}`) };
}

/** @throws MissingFunction */
export function requireFunction<Value>(
  registry: Readonly<Record<string, Value>> | undefined,
  name: string,
  where: string,
): Value {
  const found = ownEntry(registry, name);
  if (found === undefined)
    throw new MissingFunction(
      `the function ${JSON.stringify(name)} is not registered under ${where} in this process`,
    );
  return found;
}

/** A member of the object itself: names such as `constructor` are no functions. */
export function ownEntry<Value>(
  registry: Readonly<Record<string, Value>> | undefined,
  name: string,
): Value | undefined {
  return registry !== undefined && Object.hasOwn(registry, name) ? registry[name] : undefined;
}
