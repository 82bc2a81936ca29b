import { describe, expect, it } from 'vitest';
import { ENDPOINT_REASONS } from '../../src/core/outcome.ts';
import {
  isRetried,
  isSuccess,
  type RetryRule,
  validateRetryAfter,
  validateRetryOn,
  validateSuccess,
} from '../../src/core/retry-rules.ts';
import { OptionsError } from '../../src/errors.ts';

describe('isSuccess', () => {
  it.each([
    [['2xx'], 200, true],
    [['2xx'], 299, true],
    [['2xx'], 199, false],
    [['2xx'], 300, false],
    [[200], 200, true],
    [[200], 204, false],
    [['2xx', '3xx'], 304, true],
    [['2xx', 409], 409, true],
    [['2xx'], 999, false],
    [[999], 999, true],
  ] as const)('judges by %j that %i is %s', (rules, status, expected) => {
    expect(isSuccess(rules, status)).toBe(expected);
  });
});

describe('isRetried', () => {
  /** No retry on client errors, retry on server errors and everything without an answer. */
  const serverFaults: readonly RetryRule[] = ['5xx', 'timeout', 'network'];

  it.each([
    [['*'], 'http_status', 400, true],
    [['*'], 'dns', undefined, true],
    [[], 'http_status', 500, false],
    [serverFaults, 'http_status', 500, true],
    [serverFaults, 'http_status', 599, true],
    [serverFaults, 'http_status', 404, false],
    [serverFaults, 'http_status', 429, false],
    [serverFaults, 'timeout', undefined, true],
    [serverFaults, 'connection_refused', undefined, true],
    [serverFaults, 'dns', undefined, true],
    [serverFaults, 'tls', undefined, true],
    [serverFaults, 'bad_response', undefined, true],
    [serverFaults, 'blocked', undefined, true],
    [serverFaults, 'redirect', 302, false],
    [['network'], 'timeout', undefined, false],
    [['network'], 'http_status', 503, false],
    [[429, 408], 'http_status', 429, true],
    [[429, 408], 'http_status', 500, false],
    [['http_status'], 'http_status', 418, true],
    [['http_status'], 'redirect', 302, false],
    [['redirect'], 'redirect', 302, true],
    [['3xx'], 'redirect', 302, true],
    [[302], 'redirect', 302, true],
    [['timeout'], 'http_status', 408, false],
  ] as const)('judges by %j that %s (%s) is %s', (rules, reason, status, expected) => {
    expect(isRetried(rules, reason, status)).toBe(expected);
  });

  it('takes every reason but a refused URL for retryable by the default rules', () => {
    for (const reason of ENDPOINT_REASONS) {
      expect(isRetried(['*'], reason, undefined)).toBe(reason !== 'url_refused');
    }
  });

  it('never tries a refused URL again', () => {
    const rules = ['*', 'network', 'url_refused' as RetryRule] as const;
    expect(isRetried(rules, 'url_refused', undefined)).toBe(false);
  });
});

describe('validateSuccess', () => {
  it.each([[['2xx']], [[200]], [['2xx', '3xx', 409]], [[999]]])('accepts %j', (rules) => {
    expect(validateSuccess(rules, 'success')).toBe(rules);
  });

  it.each([
    ['2xx', 'success', '"2xx" (string)'],
    [[], 'success', 'an array of 0'],
    [['2XX'], 'success[0]', 'Did you mean "2xx"?'],
    [['200'], 'success[0]', '"200" (string)'],
    [['timeout'], 'success[0]', 'Known are 2xx, 3xx, 4xx, 5xx.'],
    [[200, 42], 'success[1]', '42 (number)'],
    [[101], 'success[0]', 'from 200 to 999'],
    [[NaN], 'success[0]', 'NaN'],
  ])('refuses %j', (rules, path, text) => {
    const refused = (): unknown => validateSuccess(rules, 'success');
    expect(refused).toThrow(OptionsError);
    expect(refused).toThrow(path);
    expect(refused).toThrow(text);
  });
});

describe('validateRetryOn', () => {
  it.each([[[]], [['*']], [['5xx', 408, 429, 'timeout', 'network']], [['tls', 'blocked', 'redirect']]])(
    'accepts %j',
    (rules) => {
      expect(validateRetryOn(rules, 'retryOn')).toBe(rules);
    },
  );

  it.each([
    [['timeuot'], 'Did you mean "timeout"?'],
    [['url_refused'], 'expected a status, a class of statuses or a reason'],
    [['constructor'], '"constructor" (string)'],
    [[null], 'got null'],
    [[99], '99 (number)'],
    [true, 'true (boolean)'],
  ])('refuses %j', (rules, text) => {
    const refused = (): unknown => validateRetryOn(rules, 'retryOn');
    expect(refused).toThrow(OptionsError);
    expect(refused).toThrow(text);
  });
});

describe('validateRetryAfter', () => {
  it.each([[false], [{ maxMs: 0, blockOn: [] }], [{ maxMs: 86_400_000, blockOn: [429, 503] }]])(
    'accepts %j',
    (policy) => {
      expect(validateRetryAfter(policy, 'retryAfter')).toBe(policy);
    },
  );

  it.each([
    [true, '{ maxMs, blockOn } or false'],
    [{}, 'retryAfter.maxMs'],
    [{ maxMs: Infinity, blockOn: [] }, 'retryAfter.maxMs'],
    [{ maxMs: 1000 }, 'retryAfter.blockOn'],
    [{ maxMs: 1000, blockOn: ['429'] }, 'retryAfter.blockOn[0]'],
    [{ maxMs: 1000, blockOn: [], maxMS: 2 }, 'Did you mean "maxMs"?'],
  ])('refuses %j', (policy, text) => {
    const refused = (): unknown => validateRetryAfter(policy, 'retryAfter');
    expect(refused).toThrow(OptionsError);
    expect(refused).toThrow(text);
  });
});
