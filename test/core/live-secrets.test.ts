import { describe, expect, it } from 'vitest';
import type { EndpointRecord, Secret } from '../../src/core/endpoint.ts';
import { dropExpiredSecrets, leadingIndex, liveSecrets, nextExpiry } from '../../src/core/live-secrets.ts';

const secret = (value: string, rest: Partial<Secret> = {}): Secret => ({ value, createdAt: 1, ...rest });

describe('liveSecrets', () => {
  it('is the list itself while none has expired', () => {
    const secrets = [secret('b'), secret('a', { expiresAt: 10 })];
    expect(liveSecrets(secrets, 9)).toBe(secrets);
    expect(liveSecrets([], 9)).toEqual([]);
  });

  it('ends a secret at its very instant', () => {
    const secrets = [secret('b'), secret('a', { expiresAt: 10 })];
    expect(liveSecrets(secrets, 10)).toEqual([secret('b')]);
  });
});

describe('leadingIndex', () => {
  it.each([
    ['the newest', [secret('b'), secret('a')], 0],
    ['the one before a standby', [secret('b', { standby: true }), secret('a')], 1],
    ['the newest that is none', [secret('c', { standby: true }), secret('b'), secret('a')], 1],
    ['the oldest of standbys', [secret('c', { standby: true }), secret('b', { standby: true })], 1],
    ['a lone standby', [secret('c', { standby: true })], 0],
    ['nothing', [], 0],
  ])('is %s', (_, secrets, index) => {
    expect(leadingIndex(secrets)).toBe(index);
  });
});

describe('nextExpiry', () => {
  it('is the earliest, or never', () => {
    expect(nextExpiry([secret('c'), secret('b', { expiresAt: 9 }), secret('a', { expiresAt: 5 })])).toBe(5);
    expect(nextExpiry([secret('c')])).toBe(Infinity);
    expect(nextExpiry([])).toBe(Infinity);
  });
});

describe('dropExpiredSecrets', () => {
  const record = (...secrets: Secret[]): EndpointRecord => ({
    id: 'ep_1',
    tenant: 'default',
    url: 'https://example.com/',
    events: ['**'],
    secrets,
    status: 'enabled',
    createdAt: 1,
    updatedAt: 1,
    revision: 1,
  });

  it('leaves a record as it is while all are live', () => {
    const all = record(secret('b'), secret('a', { expiresAt: 10 }));
    expect(dropExpiredSecrets(all, 9)).toBe(all);
  });

  it('drops those that have expired, but never the last: requests would go out unsigned', () => {
    expect(dropExpiredSecrets(record(secret('b'), secret('a', { expiresAt: 10 })), 10).secrets).toEqual([
      secret('b'),
    ]);
    const all = record(secret('a', { expiresAt: 10 }));
    expect(dropExpiredSecrets(all, 11)).toBe(all);
  });
});
