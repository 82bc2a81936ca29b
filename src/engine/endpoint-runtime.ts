/**
 * An endpoint, ready to use: its record with defaults filled in, URL parsed, headers flattened, filter, signer and
 * functions resolved. Made once per change of the record, so that an attempt only puts pieces together.
 *
 * The same code that makes it checks a new record: what `check` accepts can be compiled by every process that has the
 * same functions. A record that cannot be compiled here still gets a runtime, with a `fault`: its deliveries wait and
 * are counted as the dispatcher's own trouble, and nothing is lost.
 */
import type { AddressPolicy } from '../core/address-policy.ts';
import type { AutoDisablePolicy } from '../core/auto-disable.ts';
import type { BreakerPolicy } from '../core/breaker.ts';
import { type CompiledFilter, compileFilter } from '../core/compile-filter.ts';
import type { DecisionPolicy } from '../core/decide.ts';
import {
  type EndpointRecord,
  laneIdOf,
  pickDeliverySettings,
  type ResolvedDeliverySettings,
} from '../core/endpoint.ts';
import { type EndpointView, toEndpointView } from '../core/endpoint-view.ts';
import type { FilterExpression } from '../core/filter.ts';
import type { FunctionRegistry, RetryDelayFunction, ShouldRetryFunction } from '../core/functions.ts';
import type { DispatcherReason } from '../core/outcome.ts';
import { checkPolicyBounds, type WholePolicies } from '../core/policy-bounds.ts';
import { maskUrl } from '../core/redaction.ts';
import { resolveRetryPolicy, type SuccessRule } from '../core/retry-policy.ts';
import { checkTlsUse } from '../core/tls-use.ts';
import { parseEndpointUrl } from '../core/url-rules.ts';
import { describeError, OptionsError } from '../errors.ts';
import type { EndpointRef } from '../lifecycle-events.ts';
import type { RequestTarget } from '../transport/transport.ts';
import { checkChange } from './check-change.ts';
import { MissingFunction, ownEntry, planRequest, requireFunction, type RequestPlan } from './request-plan.ts';

export interface EndpointRuntime {
  readonly record: EndpointRecord;
  readonly laneId: string;
  readonly view: EndpointView;
  readonly ref: EndpointRef;
  readonly settings: ResolvedDeliverySettings;
  readonly filter: CompiledFilter | undefined;
  readonly policy: DecisionPolicy & { readonly success: readonly SuccessRule[] };
  /** The policy of test messages: one attempt. */
  readonly testPolicy: DecisionPolicy;
  readonly maxAttempts: number;
  /** `undefined`: it has none. */
  readonly breaker: BreakerPolicy | undefined;
  readonly autoDisable: AutoDisablePolicy | undefined;
  readonly shouldRetry: ShouldRetryFunction | undefined;
  readonly retryDelay: RetryDelayFunction | undefined;
  /** What an attempt needs; absent when the endpoint cannot be served. */
  readonly request: RequestPlan | undefined;
  /** Why the URL is refused now, though it was accepted once. */
  readonly refusal: string | undefined;
  /** Why this process cannot serve the endpoint. */
  readonly fault: { readonly reason: DispatcherReason; readonly detail: string } | undefined;
}

export interface EndpointCompilerOptions {
  readonly defaults: ResolvedDeliverySettings;
  readonly functions: FunctionRegistry;
  readonly userAgent: string;
  readonly addressPolicy: AddressPolicy;
  readonly requireHttps: boolean;
  readonly handshakeOrigin: string | undefined;
  /** What members of the settings of these names that are left out stand for. */
  readonly whole: WholePolicies;
}

export interface EndpointCompiler {
  /** Never throws. */
  readonly compile: (record: EndpointRecord) => EndpointRuntime;
  /**
   * Compiles a record that nobody has checked.
   *
   * @param path name of the endpoint in messages; default `endpoint`
   * @throws OptionsError when the record cannot be served
   */
  readonly check: (record: EndpointRecord, path?: string) => EndpointRuntime;
  /**
   * The same for a change. It is not to blame for what was so before: an address that is refused here, or a function that is missing, may be fine for
   * the process that delivers.
   *
   * @throws OptionsError when the changed record cannot be served, for a reason that the one before has not
   */
  readonly checkChange: (before: EndpointRecord, after: EndpointRecord) => void;
  /** Where its requests go. @throws OptionsError when they must not go there */
  readonly target: (record: EndpointRecord, path: string) => RequestTarget;
  /** Stands in for an endpoint that is gone. */
  readonly standIn: (endpointId: string) => EndpointRuntime;
}

export function createEndpointCompiler(options: EndpointCompilerOptions): EndpointCompiler {
  return {
    compile: (record) => compile(record, options),
    check: (record, path = 'endpoint') => check(record, options, path),
    checkChange: (before, after) =>
      checkChange(before, after, options, (record, rules) => check(record, rules, 'endpoint')),
    target: (record, path) => parseTarget(record, options, path),
    standIn: (endpointId) => compile({ ...GONE, id: endpointId }, options),
  };
}

function check(record: EndpointRecord, options: EndpointCompilerOptions, path: string): EndpointRuntime {
  checkPolicyBounds(record, options.whole, path);
  const described = describe(record, options);
  const target = parseTarget(record, options, path);
  checkTlsUse(record, path);
  const request = planRequest(record, described.settings, target, options, path);
  const policy = createPolicy(described.settings, options.functions);
  return { ...described, ...policy, request, refusal: undefined, fault: undefined };
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

/** What holds whether or not it can be served. */
type Described = Pick<
  EndpointRuntime,
  'record' | 'laneId' | 'view' | 'ref' | 'settings' | 'filter' | 'breaker' | 'autoDisable'
>;

function describe(record: EndpointRecord, options: EndpointCompilerOptions): Described {
  const settings = settingsOf(record, options);
  const { whole } = options;
  return {
    record,
    laneId: laneIdOf(record),
    view: toEndpointView(record, options.defaults.signatures),
    ref: toEndpointRef(record),
    settings,
    breaker: settings.breaker === false ? undefined : complete(whole.breaker, settings.breaker),
    autoDisable:
      settings.autoDisable === false ? undefined : complete(whole.autoDisable, settings.autoDisable),
    filter: record.filter === undefined ? undefined : compileFilterSafely(record.filter, options),
  };
}

/** A URL that may be refused now, though it was accepted once, like that of the endpoint. */
const TOKEN_URL = 'endpoint.auth.tokenUrl';

function complete<Policy extends object>(
  whole: Policy,
  given: { readonly [Key in keyof Policy]?: Policy[Key] | undefined },
): Policy {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...whole, ...(Object.fromEntries(entries) as Partial<Policy>) };
}

function compile(record: EndpointRecord, options: EndpointCompilerOptions): EndpointRuntime {
  const shared = describe(record, options);
  const { settings } = shared;
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
    if (error instanceof OptionsError && error.path === TOKEN_URL) {
      const policy = createPolicy(settings, options.functions);
      return { ...shared, ...policy, request: undefined, refusal: describeError(error), fault: undefined };
    }
    const reason =
      error instanceof MissingFunction
        ? 'unknown_function'
        : error instanceof OptionsError && /^endpoint\.(secrets|tls)/.test(error.path)
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

/** A stored filter that cannot be read here is like one whose function is missing: nobody may say that it matches nothing. */
function compileFilterSafely(
  filter: FilterExpression,
  { functions }: EndpointCompilerOptions,
): CompiledFilter {
  try {
    return compileFilter(filter, (name) => ownEntry(functions.filter, name));
  } catch (error) {
    const fail = (): never => {
      throw error;
    };
    return {
      matches: fail,
      equalities: [],
      missing: `the filter itself: ${describeError(error)}`,
      functions: [],
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
        : requireFunction(functions.shouldRetry, settings.shouldRetry, 'functions.shouldRetry'),
    retryDelay:
      retry.kind === 'custom'
        ? requireFunction(functions.retryDelay, retry.name, 'functions.retryDelay')
        : undefined,
  };
}

function parseTarget(
  record: EndpointRecord,
  { addressPolicy, requireHttps }: EndpointCompilerOptions,
  path = 'endpoint',
): RequestTarget {
  return parseEndpointUrl(record.url, `${path}.url`, { addressPolicy, requireHttps });
}

/** The target, or why it is refused. */
function tryParseTarget(record: EndpointRecord, options: EndpointCompilerOptions): RequestTarget | string {
  try {
    return parseTarget(record, options);
  } catch (error) {
    return describeError(error);
  }
}

/** Why this process cannot serve an endpoint; `undefined` when it can. */
export function unservedReason({ fault, refusal, filter }: EndpointRuntime): string | undefined {
  const missing =
    filter?.missing === undefined
      ? undefined
      : `the filter function ${JSON.stringify(filter.missing)} is not registered here`;
  return fault?.detail ?? refusal ?? missing;
}

/** How events and log lines call an endpoint. */
export function toEndpointRef({ id, url, name }: EndpointRecord): EndpointRef {
  return { id, url: maskUrl(url), name };
}
