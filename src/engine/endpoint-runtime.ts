/**
 * An endpoint, ready to use: its record with defaults filled in, URL parsed, headers flattened, filter, signer and
 * functions resolved. Made once per change of the record, so that an attempt only puts pieces together.
 *
 * The same code that makes it checks a new record: what `check` accepts can be compiled by every process that has the
 * same functions. A record that cannot be compiled here still gets a runtime, with a `fault`: its deliveries wait and
 * are counted as the dispatcher's own trouble, and nothing is lost.
 */
import type { AddressPolicy } from '../core/address-policy.ts';
import { type CompiledFilter, compileFilter } from '../core/compile-filter.ts';
import type { DecisionPolicy } from '../core/decide.ts';
import {
  type EndpointRecord,
  pickDeliverySettings,
  type ResolvedDeliverySettings,
} from '../core/endpoint.ts';
import { type EndpointView, toEndpointView } from '../core/endpoint-view.ts';
import { describeEnvelope } from '../core/envelope.ts';
import type {
  EnvelopeFunction,
  FunctionRegistry,
  HeaderFunction,
  RetryDelayFunction,
  ShouldRetryFunction,
  SignatureFunction,
} from '../core/functions.ts';
import { fitHeaders, writtenHeaders } from '../core/delivery-headers.ts';
import { COMPUTED_HEADERS, type ComputedHeaderSource } from '../core/header-rules.ts';
import type { DispatcherReason } from '../core/outcome.ts';
import { maskUrl } from '../core/redaction.ts';
import { resolveRetryPolicy, type SuccessRule } from '../core/retry-policy.ts';
import { validateSecret } from '../core/secret.ts';
import { resolveSignature } from '../core/signature.ts';
import { parseEndpointUrl } from '../core/url-rules.ts';
import { describeError, OptionsError } from '../errors.ts';
import type { EndpointRef } from '../lifecycle-events.ts';
import type { RequestTarget } from '../transport/transport.ts';
import { createSigner, type Signer } from './sign.ts';

export interface EndpointRuntime {
  readonly record: EndpointRecord;
  readonly view: EndpointView;
  readonly ref: EndpointRef;
  readonly settings: ResolvedDeliverySettings;
  readonly filter: CompiledFilter | undefined;
  readonly policy: DecisionPolicy & { readonly success: readonly SuccessRule[] };
  /** The policy of test messages: one attempt. */
  readonly testPolicy: DecisionPolicy;
  readonly maxAttempts: number;
  readonly shouldRetry: ShouldRetryFunction | undefined;
  readonly retryDelay: RetryDelayFunction | undefined;
  /** What an attempt needs; absent when the endpoint cannot be served. */
  readonly request: RequestPlan | undefined;
  /** Why the URL is refused now, though it was accepted once. */
  readonly refusal: string | undefined;
  /** Why this process cannot serve the endpoint. */
  readonly fault: { readonly reason: DispatcherReason; readonly detail: string } | undefined;
}

/** The parts of a request that do not change from message to message. */
export interface RequestPlan {
  readonly target: RequestTarget;
  /** user-agent and static headers, names and values in turn. */
  readonly headers: readonly string[];
  readonly envelope: EnvelopeFunction | undefined;
  readonly computedHeaders: readonly {
    readonly name: string;
    readonly compute: ((source: ComputedHeaderSource) => string) | undefined;
    readonly call: HeaderFunction | undefined;
  }[];
  readonly signer: Signer;
  readonly signatures: readonly SignatureFunction[];
  readonly secrets: readonly string[];
  /** Lower-case names that named functions must not write. */
  readonly takenHeaders: ReadonlySet<string>;
}

export interface EndpointCompilerOptions {
  readonly defaults: ResolvedDeliverySettings;
  readonly functions: FunctionRegistry;
  readonly userAgent: string;
  readonly addressPolicy: AddressPolicy;
  readonly requireHttps: boolean;
}

export interface EndpointCompiler {
  /** Never throws. */
  readonly compile: (record: EndpointRecord) => EndpointRuntime;
  /** @throws OptionsError when the record cannot be served */
  readonly check: (record: EndpointRecord) => void;
  /** Stands in for an endpoint that is gone. */
  readonly placeholder: (endpointId: string) => EndpointRuntime;
}

/** A named function that this process does not have. */
class MissingFunction extends Error {}

export function createEndpointCompiler(options: EndpointCompilerOptions): EndpointCompiler {
  return {
    compile: (record) => compile(record, options),
    check: (record) => {
      const settings = settingsOf(record, options);
      planRequest(record, settings, parseTarget(record, options), options);
      createPolicy(settings, options.functions);
    },
    placeholder: (endpointId) => compile({ ...GONE, id: endpointId }, options),
  };
}

const GONE = {
  tenant: '',
  url: '',
  events: [],
  secrets: [],
  status: 'disabled',
  createdAt: 0,
  updatedAt: 0,
  revision: 0,
} as const satisfies Omit<EndpointRecord, 'id'>;

function compile(record: EndpointRecord, options: EndpointCompilerOptions): EndpointRuntime {
  const settings = settingsOf(record, options);
  const shared = {
    record,
    view: toEndpointView(record),
    ref: { id: record.id, url: maskUrl(record.url) },
    settings,
    filter:
      record.filter === undefined
        ? undefined
        : compileFilter(record.filter, (name) => ownEntry(options.functions.filter, name)),
  };
  try {
    const policy = createPolicy(settings, options.functions);
    const target = tryParseTarget(record, options);
    if (typeof target === 'string')
      return { ...shared, ...policy, request: undefined, refusal: target, fault: undefined };
    return {
      ...shared,
      ...policy,
      request: planRequest(record, settings, target, options),
      refusal: undefined,
      fault: undefined,
    };
  } catch (error) {
    const reason =
      error instanceof MissingFunction
        ? 'unknown_function'
        : error instanceof OptionsError && error.path.startsWith('endpoint.secrets')
          ? 'bad_secret'
          : 'bad_request';
    const { shouldRetry: _unserved, ...rest } = settings;
    const policy = createPolicy({ ...rest, retry: 'default' }, options.functions);
    return {
      ...shared,
      ...policy,
      request: undefined,
      refusal: undefined,
      fault: { reason, detail: describeError(error) },
    };
  }
}

function settingsOf(record: EndpointRecord, { defaults }: EndpointCompilerOptions): ResolvedDeliverySettings {
  const own = pickDeliverySettings(record);
  return {
    ...defaults,
    ...own,
    headers: mergeHeaders(defaults.headers, own.headers),
    computedHeaders: mergeHeaders(defaults.computedHeaders, own.computedHeaders),
  };
}

/** The endpoint's own header wins over the dispatcher's, whatever the case of its name. */
function mergeHeaders(
  base: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const names = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  return {
    ...Object.fromEntries(Object.entries(base).filter(([name]) => !names.has(name.toLowerCase()))),
    ...own,
  };
}

type PolicyParts = Pick<
  EndpointRuntime,
  'policy' | 'testPolicy' | 'maxAttempts' | 'shouldRetry' | 'retryDelay'
>;

function createPolicy(settings: ResolvedDeliverySettings, functions: FunctionRegistry): PolicyParts {
  const { retryOn, onGone, retryAfter, success } = settings;
  const retry = resolveRetryPolicy(settings.retry);
  const policy = { retry, retryOn, onGone, retryAfter, success };
  return {
    policy,
    testPolicy: { ...policy, retry: resolveRetryPolicy('once'), onGone: 'retry' },
    maxAttempts: retry.maxAttempts,
    shouldRetry:
      settings.shouldRetry === undefined
        ? undefined
        : required(functions.shouldRetry, settings.shouldRetry, 'functions.shouldRetry'),
    retryDelay:
      retry.kind === 'custom'
        ? required(functions.retryDelay, retry.name, 'functions.retryDelay')
        : undefined,
  };
}

function parseTarget(
  record: EndpointRecord,
  { addressPolicy, requireHttps }: EndpointCompilerOptions,
): RequestTarget {
  return parseEndpointUrl(record.url, 'endpoint.url', { addressPolicy, requireHttps });
}

/** The target, or why it is refused. */
function tryParseTarget(record: EndpointRecord, options: EndpointCompilerOptions): RequestTarget | string {
  try {
    return parseTarget(record, options);
  } catch (error) {
    return describeError(error);
  }
}

function planRequest(
  record: EndpointRecord,
  settings: ResolvedDeliverySettings,
  target: RequestTarget,
  { functions, userAgent }: EndpointCompilerOptions,
): RequestPlan {
  const signatures = settings.signatures.map(resolveSignature);
  const envelope = describeEnvelope(settings.envelope);
  const secrets = record.secrets.map((secret, index) =>
    validateSecret(secret.value, `endpoint.secrets[${index}]`, settings.signatures),
  );
  const fitted = fitHeaders(settings, 'endpoint');
  const own = [...Object.keys(fitted.headers), ...Object.keys(fitted.computedHeaders)].map((name) =>
    name.toLowerCase(),
  );
  return {
    target,
    headers: ['user-agent', userAgent, ...Object.entries(fitted.headers).flat()],
    envelope: envelope.isBuiltIn
      ? undefined
      : required(functions.envelope, envelope.name, 'functions.envelope'),
    computedHeaders: Object.entries(fitted.computedHeaders).map(([name, source]) => {
      const compute = ownEntry(COMPUTED_HEADERS, source);
      return {
        name,
        compute,
        call: compute === undefined ? required(functions.header, source, 'functions.header') : undefined,
      };
    }),
    signer: createSigner(signatures, secrets),
    signatures: signatures.flatMap(({ kind, name }) =>
      kind === 'custom' ? [required(functions.signature, name, 'functions.signature')] : [],
    ),
    secrets,
    takenHeaders: new Set([...writtenHeaders(settings).keys(), ...own, 'content-type', 'user-agent']),
  };
}

function required<Value>(
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

function ownEntry<Value>(
  registry: Readonly<Record<string, Value>> | undefined,
  name: string,
): Value | undefined {
  return registry !== undefined && Object.hasOwn(registry, name) ? registry[name] : undefined;
}
