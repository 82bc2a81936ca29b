/** How often a failed delivery is tried again, and when: as data. `maxAttempts` always counts the first attempt. */
import {
  expectArray,
  expectInteger,
  expectKnownKeys,
  expectNumber,
  expectObject,
  unexpected,
  unexpectedWord,
} from './expect-value.ts';
import { OptionsError } from '../errors.ts';
import { nearest } from './nearest.ts';
import { MAX_DELAY_MS } from './retry-rules.ts';

export { type RetryAfterPolicy, type RetryRule, type SuccessRule } from './retry-rules.ts';
export { validateRetryAfter, validateRetryOn, validateSuccess } from './retry-rules.ts';

/** A delay that grows by a factor from attempt to attempt. */
export interface ExponentialRetryPolicy {
  readonly kind: 'exponential';
  /** Attempts in all, the first included. 1 to 1000; 1 means no retry. */
  readonly maxAttempts: number;
  /** Delay after the first attempt. 0 to 2592000000 (30 days). 0: every retry is at once. */
  readonly initialDelayMs: number;
  /** Factor from one delay to the next. 1 to 100. Default 2. */
  readonly multiplier?: number;
  /** No delay is longer, jitter included. `initialDelayMs` to 2592000000 (30 days). Default 86400000 (24 h), or `initialDelayMs` if longer. */
  readonly maxDelayMs?: number;
  /** Each delay is moved by up to this fraction, up or down, so that retries do not come in step. 0 to 1. Default 0.2. 0: exact. */
  readonly jitter?: number;
}

/** Delays one by one: the first attempt is at once, then one further attempt after each delay. */
export interface ScheduleRetryPolicy {
  readonly kind: 'schedule';
  /** Delay after each failed attempt. At most 999 delays of 0 to 2592000000 (30 days). Empty: no retry. */
  readonly delaysMs: readonly number[];
  /** As of `exponential`. Default 0.2. 0: exact. */
  readonly jitter?: number;
}

/** One attempt, no retry. */
export interface OnceRetryPolicy {
  readonly kind: 'once';
}

/** A function registered under `functions.retryDelay` gives the delay after each failed attempt. */
export interface CustomRetryPolicy {
  readonly kind: 'custom';
  /** The name it is registered under. */
  readonly name: string;
  /** Attempts in all, the first included, whatever the function says. 1 to 1000. Default: the function decides alone. */
  readonly maxAttempts?: number;
}

/** Names of {@link RETRY_PRESETS}. */
export type RetryPresetName = 'default' | 'standard-webhooks' | 'short' | 'once';

/** When a failed delivery is tried again: a preset by name, or a policy of your own. */
export type RetryPolicy =
  RetryPresetName | ExponentialRetryPolicy | ScheduleRetryPolicy | OnceRetryPolicy | CustomRetryPolicy;

/** A policy with nothing missing. */
export type ResolvedRetryPolicy =
  | (Required<ExponentialRetryPolicy> & { readonly kind: 'exponential' })
  | (Required<ScheduleRetryPolicy> & { readonly maxAttempts: number })
  /** `maxAttempts` is `Infinity` when the function decides alone. */
  | Required<CustomRetryPolicy>;

/** When the attempts of a policy are made, without jitter. */
export interface RetrySchedule {
  /** When each attempt is made, counted from the first, which is at 0. Every attempt is taken to fail at once. */
  readonly offsetsMs: readonly number[];
  /** When the last attempt is made. */
  readonly totalMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const DEFAULT_JITTER = 0.2;
const DEFAULT_MULTIPLIER = 2;
const DEFAULT_MAX_DELAY_MS = 24 * HOUR;
const MAX_ATTEMPTS = 1000;
const MAX_MULTIPLIER = 100;

const schedule = (...delaysMs: number[]): ScheduleRetryPolicy => ({
  kind: 'schedule',
  delaysMs,
  jitter: DEFAULT_JITTER,
});

/** Policies with a name; docs/reference/retry-presets.md shows when their attempts are made. */
export const RETRY_PRESETS: Readonly<Record<RetryPresetName, ScheduleRetryPolicy | OnceRetryPolicy>> = {
  /** The schedule of Svix. */
  default: schedule(5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR),
  /** The example schedule of the Standard Webhooks specification. */
  'standard-webhooks': schedule(
    ...[5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
  ),
  /** For events that are worth nothing a few minutes later. */
  short: schedule(SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE),
  once: { kind: 'once' },
};

const PRESET_NAMES = Object.keys(RETRY_PRESETS) as readonly RetryPresetName[];

const MEMBERS: Readonly<Record<Exclude<RetryPolicy, string>['kind'], readonly string[]>> = {
  exponential: ['kind', 'maxAttempts', 'initialDelayMs', 'multiplier', 'maxDelayMs', 'jitter'],
  schedule: ['kind', 'delaysMs', 'jitter'],
  once: ['kind'],
  custom: ['kind', 'name', 'maxAttempts'],
};
const KINDS = Object.keys(MEMBERS);

/**
 * Checks the setting `retry`.
 *
 * @param customNames names registered under `functions.retryDelay`; left out, every name passes
 * @throws OptionsError
 */
export function validateRetryPolicy(
  value: unknown,
  path: string,
  customNames?: ReadonlySet<string>,
): RetryPolicy {
  if (typeof value === 'string') {
    if (!Object.hasOwn(RETRY_PRESETS, value))
      throw unexpectedWord(path, 'a preset or a policy', PRESET_NAMES, value);
    return value as RetryPresetName;
  }
  const policy = expectObject(value, path, "the name of a preset or { kind: 'exponential', … }");
  const kind = policy['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(MEMBERS, kind)) {
    throw withUnknownMember(unexpectedWord(`${path}.kind`, 'a kind of policy', KINDS, kind), policy);
  }
  expectKnownKeys(policy, path, MEMBERS[kind as keyof typeof MEMBERS]);
  const at = (member: string): [value: unknown, path: string] => [policy[member], `${path}.${member}`];
  if (policy['maxAttempts'] !== undefined) expectInteger(...at('maxAttempts'), 1, MAX_ATTEMPTS);
  if (policy['jitter'] !== undefined) expectNumber(...at('jitter'), 0, 1);
  if (kind === 'exponential') validateExponential(policy, at);
  if (kind === 'schedule') validateDelays(...at('delaysMs'));
  if (kind === 'custom') validateCustomName(...at('name'), customNames);
  return value as RetryPolicy;
}

/** Who leaves out the kind often has members of another library, too. */
function withUnknownMember(error: OptionsError, policy: Readonly<Record<string, unknown>>): OptionsError {
  const known = [...new Set(Object.values(MEMBERS).flat())];
  const member = Object.keys(policy).find((key) => !known.includes(key));
  if (member === undefined) return error;
  const near = nearest(member, known);
  const advice = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`;
  return new OptionsError(
    error.path,
    `${error.message} No policy has a member ${JSON.stringify(member)}.${advice}`,
  );
}

function validateExponential(
  policy: Readonly<Record<string, unknown>>,
  at: (member: string) => [value: unknown, path: string],
): void {
  expectInteger(...at('maxAttempts'), 1, MAX_ATTEMPTS);
  const initialDelayMs = expectInteger(...at('initialDelayMs'), 0, MAX_DELAY_MS);
  if (policy['multiplier'] !== undefined) expectNumber(...at('multiplier'), 1, MAX_MULTIPLIER);
  if (policy['maxDelayMs'] !== undefined) expectInteger(...at('maxDelayMs'), initialDelayMs, MAX_DELAY_MS);
}

function validateDelays(value: unknown, path: string): void {
  const delays = expectArray(value, path, { of: 'delays in milliseconds', min: 0, max: MAX_ATTEMPTS - 1 });
  for (const [index, delay] of delays.entries()) expectInteger(delay, `${path}[${index}]`, 0, MAX_DELAY_MS);
}

function validateCustomName(value: unknown, path: string, known: ReadonlySet<string> | undefined): void {
  const what = 'the name of a function registered under functions.retryDelay';
  if (typeof value !== 'string' || value === '') throw unexpected(path, what, value);
  if (known?.has(value) === false) throw unexpectedWord(path, what, [...known], value);
}

/** Fills in what a checked policy leaves out. */
export function resolveRetryPolicy(policy: RetryPolicy): ResolvedRetryPolicy {
  const given = typeof policy === 'string' ? RETRY_PRESETS[policy] : policy;
  switch (given.kind) {
    case 'exponential': {
      const { maxAttempts, initialDelayMs, multiplier = DEFAULT_MULTIPLIER, jitter = DEFAULT_JITTER } = given;
      const maxDelayMs = given.maxDelayMs ?? Math.max(DEFAULT_MAX_DELAY_MS, initialDelayMs);
      return { kind: 'exponential', maxAttempts, initialDelayMs, multiplier, maxDelayMs, jitter };
    }
    case 'schedule': {
      const { delaysMs, jitter = DEFAULT_JITTER } = given;
      return { kind: 'schedule', maxAttempts: delaysMs.length + 1, delaysMs, jitter };
    }
    case 'once':
      return { kind: 'schedule', maxAttempts: 1, delaysMs: [], jitter: 0 };
    case 'custom':
      return { kind: 'custom', name: given.name, maxAttempts: given.maxAttempts ?? Infinity };
  }
}

/**
 * Time until the next attempt, in whole milliseconds; `undefined` when the policy is spent, and for `custom`, whose
 * function has to be asked.
 *
 * @param attemptInRun number of the attempt that failed, 1 for the first of the run
 * @param draw random number in [0, 1)
 */
export function retryDelayMs(
  policy: ResolvedRetryPolicy,
  attemptInRun: number,
  draw: number,
): number | undefined {
  if (attemptInRun >= policy.maxAttempts || policy.kind === 'custom') return undefined;
  if (policy.kind === 'schedule')
    return spread(policy.delaysMs[attemptInRun - 1] ?? 0, policy.jitter, MAX_DELAY_MS, draw);
  return spread(exponentialDelayMs(policy, attemptInRun), policy.jitter, policy.maxDelayMs, draw);
}

function exponentialDelayMs(
  policy: ResolvedRetryPolicy & { kind: 'exponential' },
  attemptInRun: number,
): number {
  // The power overflows to Infinity, and 0 times that is NaN.
  if (policy.initialDelayMs === 0) return 0;
  return Math.min(policy.initialDelayMs * policy.multiplier ** (attemptInRun - 1), policy.maxDelayMs);
}

/** A delay near `delayMs`. Under the cap the whole range below it is used: clamping would send half of all retries at the cap itself. */
function spread(delayMs: number, jitter: number, maxDelayMs: number, draw: number): number {
  const shortest = delayMs * (1 - jitter);
  const longest = Math.min(delayMs * (1 + jitter), maxDelayMs);
  return Math.round(shortest + draw * (longest - shortest));
}

/** When the attempts of a policy are made if each fails at once; `undefined` for `custom`. */
export function describeSchedule(policy: RetryPolicy): RetrySchedule | undefined {
  const resolved = resolveRetryPolicy(policy);
  if (resolved.kind === 'custom') return undefined;
  const offsetsMs = [0];
  for (let attempt = 1; attempt < resolved.maxAttempts; attempt += 1) {
    offsetsMs.push(offsetsMs[attempt - 1]! + retryDelayMs({ ...resolved, jitter: 0 }, attempt, 0)!);
  }
  return { offsetsMs, totalMs: offsetsMs.at(-1)! };
}
