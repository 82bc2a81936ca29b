/** `retry_config` of the API, and the retry policy that it stands for. */
import type { RetryPolicy } from '../core/retry-policy.ts';
import { ApiError } from './api-error.ts';
import type { RetryConfig } from './schema/webhook.ts';

const DEFAULT_INITIAL_DELAY_MS = 1_000;
const KINDS = ['max_attempts', 'delays_ms', 'preset'] as const;
/** Words that go with each kind. */
const COMPANIONS: Readonly<Record<(typeof KINDS)[number], readonly string[]>> = {
  max_attempts: ['initial_delay_ms', 'backoff_multiplier', 'max_delay_ms', 'jitter'],
  delays_ms: ['jitter'],
  preset: [],
};

/** @throws ApiError when it is none of the three kinds, or a mixture */
export function readRetryConfig(config: RetryConfig): RetryPolicy {
  const given = Object.entries(config).flatMap(([word, value]) => (value === undefined ? [] : [word]));
  const kind = KINDS.find((word) => given.includes(word));
  const strays = given.filter(
    (word) => word !== kind && (kind === undefined || !COMPANIONS[kind].includes(word)),
  );
  if (kind === undefined || strays.length > 0) {
    const got = given.length === 0 ? 'nothing' : given.join(', ');
    throw new ApiError(
      'invalid_request',
      `retry_config: expected max_attempts (and ${COMPANIONS.max_attempts.join(', ')}), or delays_ms (and jitter), or preset, got ${got}.`,
      { field: 'retry_config' },
    );
  }
  const { max_attempts, initial_delay_ms, backoff_multiplier, max_delay_ms, delays_ms, jitter, preset } =
    config;
  if (preset !== undefined) return preset;
  const spread = jitter === undefined ? {} : { jitter };
  if (delays_ms !== undefined) return { kind: 'schedule', delaysMs: delays_ms, ...spread };
  return {
    kind: 'exponential',
    maxAttempts: max_attempts!,
    initialDelayMs: initial_delay_ms ?? DEFAULT_INITIAL_DELAY_MS,
    ...(backoff_multiplier === undefined ? {} : { multiplier: backoff_multiplier }),
    ...(max_delay_ms === undefined ? {} : { maxDelayMs: max_delay_ms }),
    ...spread,
  };
}

/** What a patch goes into: where it names another kind, nothing that only goes with the one before. */
export function keepForPatch(current: RetryConfig | undefined, patch: unknown): RetryConfig | undefined {
  if (current === undefined || typeof patch !== 'object' || patch === null) return current;
  const kind = KINDS.find((word) => ((patch as RetryConfig)[word] ?? undefined) !== undefined);
  if (kind === undefined) return current;
  const kept = [kind, ...COMPANIONS[kind]];
  return Object.fromEntries(Object.entries(current).filter(([word]) => kept.includes(word)));
}

export function showRetryPolicy(policy: RetryPolicy): RetryConfig {
  if (typeof policy === 'string') return { preset: policy };
  switch (policy.kind) {
    case 'once':
      return { preset: 'once' };
    case 'schedule':
      return { delays_ms: [...policy.delaysMs], jitter: policy.jitter };
    case 'custom':
      return { custom: policy.name, max_attempts: policy.maxAttempts };
    case 'exponential':
      return {
        max_attempts: policy.maxAttempts,
        initial_delay_ms: policy.initialDelayMs,
        backoff_multiplier: policy.multiplier,
        max_delay_ms: policy.maxDelayMs,
        jitter: policy.jitter,
      };
  }
}
