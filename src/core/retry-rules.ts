/** Which responses are a success, which failures are tried again, and what a Retry-After header may do: as data. */
import { OptionsError } from '../errors.ts';
import { expectArray, expectInteger, expectKnownKeys, expectObject, unexpectedWord } from './expect-value.ts';
import type { EndpointReason } from './outcome.ts';

/** Hundred statuses at once: `'5xx'` is 500 to 599. */
export type StatusClass = '2xx' | '3xx' | '4xx' | '5xx';

/** A response that counts as success: a class of statuses, or one status. Whatever the body says. */
export type SuccessRule = StatusClass | number;

/** Reasons that a rule may name. `url_refused` is missing: such a delivery is discarded, never tried again. */
export type RetryReason = Exclude<EndpointReason, 'url_refused'>;

/**
 * A failure that is tried again.
 * - a status or class of statuses: `503`, `'5xx'`
 * - a reason: `'timeout'`, `'redirect'`, …; `'http_status'` is any status that is neither success nor redirect
 * - `'network'`: no usable response came, for any reason but `'timeout'`: `dns`, `connection_refused`,
 *   `connection_reset`, `connection_failed`, `tls`, `bad_response`, `blocked`
 * - `'*'`: every failure
 */
export type RetryRule = StatusClass | number | RetryReason | 'network' | '*';

/** What the Retry-After header of a failed response may do. */
export interface RetryAfterPolicy {
  /** Longest wait that a receiver can ask for; longer ones are cut to it, and the wait is then prolonged by up to a fifth at random. 0 to 2592000000 (30 days). 0: the header is ignored. */
  readonly maxMs: number;
  /** Statuses whose Retry-After blocks the whole endpoint, not only the delivery. Empty: none. */
  readonly blockOn: readonly number[];
}

/** Longest time that a policy can wait for anything: 30 days. */
export const MAX_DELAY_MS = 2_592_000_000;

const CLASS_DIGITS: Readonly<Record<StatusClass, number>> = { '2xx': 2, '3xx': 3, '4xx': 4, '5xx': 5 };
const STATUS_CLASSES = Object.keys(CLASS_DIGITS) as readonly StatusClass[];

/** Compile-time proof that the lists below name every reason. */
const RETRY_REASONS: Readonly<Record<RetryReason, { readonly isNetwork: boolean }>> = {
  timeout: { isNetwork: false },
  dns: { isNetwork: true },
  connection_refused: { isNetwork: true },
  connection_reset: { isNetwork: true },
  connection_failed: { isNetwork: true },
  tls: { isNetwork: true },
  bad_response: { isNetwork: true },
  blocked: { isNetwork: true },
  redirect: { isNetwork: false },
  http_status: { isNetwork: false },
  token_failed: { isNetwork: false },
};

const RETRY_WORDS: readonly string[] = [...STATUS_CLASSES, ...Object.keys(RETRY_REASONS), 'network', '*'];

const MIN_STATUS = 200;
/** Beyond 599 there is nothing registered, but such statuses are sent, and pass through HTTP parsers. */
const MAX_STATUS = 999;
const MAX_RULES = 100;

/** Whether a status is a success by these rules. */
export function isSuccess(rules: readonly SuccessRule[], status: number): boolean {
  for (const rule of rules) if (matchesStatus(rule, status)) return true;
  return false;
}

/** Whether a failure is one of those tried again. `status` is undefined when no response came. */
export function isRetried(
  rules: readonly RetryRule[],
  reason: EndpointReason,
  status: number | undefined,
): boolean {
  if (reason === 'url_refused') return false;
  for (const rule of rules) {
    if (rule === '*' || rule === reason) return true;
    if (rule === 'network' && RETRY_REASONS[reason].isNetwork) return true;
    if (status !== undefined && matchesStatus(rule, status)) return true;
  }
  return false;
}

function matchesStatus(rule: RetryRule, status: number): boolean {
  if (typeof rule === 'number') return rule === status;
  return CLASS_DIGITS[rule as StatusClass] === Math.floor(status / 100);
}

/** Checks the setting `success`. @throws OptionsError */
export function validateSuccess(value: unknown, path: string): readonly SuccessRule[] {
  const rules = expectArray(value, path, { of: "statuses such as 200 or '2xx'", min: 1, max: MAX_RULES });
  for (const [index, rule] of rules.entries()) {
    validateRule(rule, `${path}[${index}]`, { what: 'a status or class of statuses', words: STATUS_CLASSES });
  }
  return rules as readonly SuccessRule[];
}

/** Checks the setting `retryOn`. An empty list is allowed: nothing is tried again. @throws OptionsError */
export function validateRetryOn(value: unknown, path: string): readonly RetryRule[] {
  const rules = expectArray(value, path, {
    of: "rules such as '5xx', 429, 'timeout' or '*'",
    min: 0,
    max: MAX_RULES,
  });
  for (const [index, rule] of rules.entries()) {
    validateRule(rule, `${path}[${index}]`, {
      what: 'a status, a class of statuses or a reason',
      words: RETRY_WORDS,
    });
  }
  return rules as readonly RetryRule[];
}

function validateRule(
  rule: unknown,
  path: string,
  { what, words }: { what: string; words: readonly string[] },
): void {
  if (typeof rule === 'number') expectInteger(rule, path, MIN_STATUS, MAX_STATUS);
  else if (typeof rule === 'string' && /^\d{1,3}$/.test(rule))
    throw new OptionsError(
      path,
      `${path}: expected ${what}, got "${rule}" (string). A status is a number: write ${rule}.`,
    );
  else if (typeof rule !== 'string' || !words.includes(rule)) throw unexpectedWord(path, what, words, rule);
}

/** Checks the setting `retryAfter`; `false` is allowed: the header is ignored. @throws OptionsError */
export function validateRetryAfter(value: unknown, path: string): RetryAfterPolicy | false {
  if (value === false) return false;
  const policy = expectObject(value, path, '{ maxMs, blockOn } or false');
  expectKnownKeys(policy, path, ['maxMs', 'blockOn']);
  expectInteger(policy['maxMs'], `${path}.maxMs`, 0, MAX_DELAY_MS);
  const statuses = expectArray(policy['blockOn'], `${path}.blockOn`, {
    of: 'statuses',
    min: 0,
    max: MAX_RULES,
  });
  for (const [index, status] of statuses.entries())
    expectInteger(status, `${path}.blockOn[${index}]`, MIN_STATUS, MAX_STATUS);
  return value as RetryAfterPolicy;
}
