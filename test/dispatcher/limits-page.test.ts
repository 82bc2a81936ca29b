/** The numbers of docs/reference/limits.md are those of the code, and no row is without one that was looked at. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MAX_SECRETS } from '../../src/core/endpoint-input.ts';
import { MAX_FILTER_BYTES, MAX_FILTER_DEPTH, MAX_FILTER_NODES } from '../../src/core/filter.ts';
import { MAX_GLOB_LENGTH } from '../../src/core/glob.ts';
import { MAX_HEADER_VALUE_LENGTH, MAX_HEADERS } from '../../src/core/header-rules.ts';
import { MAX_DELAY_MS } from '../../src/core/retry-rules.ts';
import { MAX_URL_LENGTH } from '../../src/core/url-rules.ts';
import { API_DEFAULTS } from '../../src/http/api-options.ts';
import { MAX_LISTED, MAX_PAGE_ITEMS } from '../../src/http/schema/shared.ts';
import { DEFAULTS } from '../../src/options.ts';
import { DEFAULT_PAGE_LIMIT } from '../../src/page-request.ts';
import { DEFAULT_MAX_MESSAGES } from '../../src/store/tables/max-messages.ts';
import { SHARED_PART } from '../../src/engine/local-lanes.ts';
import { MAX_TROUBLED_LANES } from '../../src/engine/troubled-lanes.ts';
import { MAX_ANSWER_BYTES } from '../../src/engine/verification-request.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { maxAnswerBytes } from '../../src/transport/carrier.ts';
import { DEFAULT_MAX_RESPONSE_HEADER_BYTES } from '../../src/transport/create-agent.ts';

/** Uses as much of something as is given. Rejects when that is refused. */
type Use = (harness: Harness, amount: number) => Promise<unknown>;

const UNITS = {
  bytes: 1,
  KiB: 1024,
  s: 1_000,
  min: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  days: 86_400_000,
} as const;

const wholeMinutes = (durationMs: number): number => Math.floor(durationMs / 60_000) * 60_000;
const text = (length: number): string => 'x'.repeat(length);
/** Of so many bytes as JSON. */
const metadata = (bytes: number): { readonly k: string } => ({ k: text(bytes - '{"k":""}'.length) });
const emit =
  (options: (amount: number) => object): Use =>
  ({ dispatcher }, amount) =>
    dispatcher.emit('job.done', {}, options(amount));
const endpoint =
  (settings: (amount: number) => object): Use =>
  (harness, amount) =>
    harness.createEndpoint(settings(amount));

/** What stands behind each number of a row, in their order: a constant of the code, or what may be used up to it. Several for one number have it in common. */
const ROWS: Readonly<Record<string, readonly (number | Use | readonly Use[])[]>> = {
  data: [DEFAULTS.maxPayloadBytes],
  'event type': [({ dispatcher }, length) => dispatcher.emit(text(length), {})],
  'id, tenant, idempotency key, ordering key': [
    [
      emit((length) => ({ id: text(length) })),
      emit((length) => ({ tenant: text(length) })),
      emit((length) => ({ idempotencyKey: text(length) })),
      emit((length) => ({ orderingKey: text(length) })),
    ],
  ],
  metadata: [emit((bytes) => ({ metadata: metadata(bytes) }))],
  'messages in `memoryStore`': [DEFAULT_MAX_MESSAGES],
  'events of a source that wait for the store': [DEFAULTS.maxPending],
  'endpoints of a tenant': [DEFAULTS.maxEndpointsPerTenant],
  URL: [MAX_URL_LENGTH],
  'patterns in `events`': [
    endpoint((count) => ({ events: Array<string>(count).fill('a') })),
    endpoint((length) => ({ events: [text(length)] })),
  ],
  filter: [MAX_FILTER_BYTES, MAX_FILTER_DEPTH, MAX_FILTER_NODES, MAX_GLOB_LENGTH],
  headers: [
    MAX_HEADERS,
    endpoint((length) => ({ headers: { [text(length)]: 'v' } })),
    MAX_HEADER_VALUE_LENGTH,
  ],
  secrets: [MAX_SECRETS, endpoint((length) => ({ signatures: ['github'], secret: text(length) }))],
  'name, description, metadata': [
    endpoint((length) => ({ name: text(length) })),
    endpoint((length) => ({ description: text(length) })),
    endpoint((bytes) => ({ metadata: metadata(bytes) })),
  ],
  'checks of its `verification`': [
    DEFAULTS.verificationDelaysMs.length + 1,
    wholeMinutes(DEFAULTS.verificationDelaysMs.reduce((sum: number, delayMs) => sum + delayMs, 0)),
  ],
  'attempts of a retry policy, delay between two': [
    endpoint((maxAttempts) => ({ retry: { kind: 'exponential', maxAttempts, initialDelayMs: 1 } })),
    MAX_DELAY_MS,
  ],
  'attempts in flight to an endpoint': [DEFAULTS.concurrency],
  'attempts in flight to an endpoint, together': [Infinity],
  'checks of endpoints at a time': [DEFAULTS.maxVerificationsPerTenant, DEFAULTS.maxVerifications],
  'attempts in flight': [DEFAULTS.maxConcurrency],
  'attempts in flight to endpoints that had no answer at their last attempt, or 408, 425, 429 or 5xx': [
    DEFAULTS.maxConcurrency * SHARED_PART,
    MAX_TROUBLED_LANES,
  ],
  'attempts begun to an endpoint within a time': [Infinity],
  'attempts begun within a time': [Infinity],
  'time of one attempt': [DEFAULTS.timeoutMs, endpoint((timeoutMs) => ({ timeoutMs }))],
  'wait that `Retry-After` may ask for; more is cut to it, and up to a fifth comes on top at random': [
    DEFAULTS.retryAfter.maxMs,
  ],
  'expired leases of a delivery': [DEFAULTS.maxRescues],
  'faults of the dispatcher in a row': [DEFAULTS.maxFaults, DEFAULTS.maxProxyFaults],
  'body that is kept': [DEFAULTS.maxResponseBodyBytes],
  'answer to a challenge': [MAX_ANSWER_BYTES],
  head: [DEFAULT_MAX_RESPONSE_HEADER_BYTES],
  'all of it, on the wire': [maxAnswerBytes(0), maxAnswerBytes(1) - maxAnswerBytes(0)],
  'body of a request': [API_DEFAULTS.maxBodyBytes],
  page: [MAX_PAGE_ITEMS, DEFAULT_PAGE_LIMIT],
  'event types or states in a filter of a list': [MAX_LISTED],
  'tests of webhooks of a tenant': [API_DEFAULTS.rateLimits.test.limit],
  'retries of a tenant: of a delivery, of all that failed': [API_DEFAULTS.rateLimits.replay.limit],
};

/** Rows of all tables: what, and the numbers of its limit. */
function readPage(): Map<string, readonly number[]> {
  const page = readFileSync(new URL('../../docs/reference/limits.md', import.meta.url), 'utf8');
  const cells = page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const rows = cells.filter(([, what]) => what !== 'what' && what !== '---');
  return new Map(rows.map(([, what, limit]) => [what!, readNumbers(limit!)]));
}

/** `none` is without end. Numbers in words are no limits of their own. */
function readNumbers(limit: string): readonly number[] {
  if (limit === 'none') return [Infinity];
  return [...limit.matchAll(/(\d[\d,]*)(?: (bytes|KiB|s|min|minutes|h|days)\b)?/g)].map(
    ([, digits, unit]) =>
      Number(digits!.replaceAll(',', '')) * (unit === undefined ? 1 : UNITS[unit as keyof typeof UNITS]),
  );
}

const page = readPage();

describe('the page of limits', () => {
  it('has the rows that are looked at, and no others', () => {
    expect([...page.keys()].sort()).toEqual(Object.keys(ROWS).sort());
  });

  it.each(Object.entries(ROWS))('says how much is allowed: %s', async (what, behind) => {
    const numbers = page.get(what)!;
    expect(numbers).toHaveLength(behind.length);
    await using harness = await createHarness();
    for (const [index, limit] of behind.entries()) {
      const number = numbers[index]!;
      if (typeof limit === 'number') expect(number).toBe(limit);
      else {
        for (const use of [limit].flat<(Use | readonly Use[])[]>()) {
          await use(harness, number);
          await expect(use(harness, number + 1)).rejects.toThrow(/expected/);
        }
      }
    }
  });
});
