import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bearerKeys } from '../../src/http/bearer-keys.ts';

const KEY = 'key-of-alice-0123456789';
const sha256 = createHash('sha256').update(KEY).digest('hex');
const alice = { id: 'alice', tenant: 'tenant-a', scopes: ['read'] } as const;
const ask = (authorization?: string): Request =>
  new Request('http://api.test/', authorization === undefined ? {} : { headers: { authorization } });

describe('bearerKeys', () => {
  it.each([
    ['a key', [{ key: KEY, ...alice }]],
    [
      'a digest',
      [
        { key: 'another-key-0123456789', id: 'bob', scopes: [] },
        { sha256, ...alice },
      ],
    ],
    ['a function', (digest: string) => (digest === sha256 ? alice : undefined)],
  ])('knows who has %s, and nobody else', async (_name, keys) => {
    const authorize = bearerKeys(keys);
    expect(await authorize(ask(`Bearer ${KEY}`), undefined)).toEqual(alice);
    expect(await authorize(ask(`bearer  ${KEY}`), undefined)).toEqual(alice);
    for (const wrong of [
      undefined,
      KEY,
      `Basic ${KEY}`,
      `Bearer ${KEY}x`,
      `Bearer ${KEY.slice(1)}`,
      `Bearer ${KEY} x`,
      'Bearer ',
      `Bearer ${'a'.repeat(600)}`,
    ])
      expect(await authorize(ask(wrong), undefined)).toBeUndefined();
  });

  it.each([
    [[], /^keys: expected a list of at least one key/],
    [[{ key: 'short', ...alice }], /^keys\[0\]\.key: expected 16 to 512/],
    [[{ key: 'with a space in the middle', ...alice }], /^keys\[0\]\.key: expected/],
    [
      [{ ...alice }],
      /^keys\[0\]: expected either key or sha256, got none\. Is an environment variable missing\?$/,
    ],
    [[{ key: KEY, sha256, ...alice }], /^keys\[0\]: expected either key or sha256, got both\.$/],
    [[{ sha256: 'abc', ...alice }], /^keys\[0\]\.sha256: expected 64 hex digits/],
    [
      [
        { key: KEY, ...alice },
        { key: `${KEY}2`, id: 'bob', scopes: ['read', 'admin'] as never },
      ],
      /^keys\[1\]\.scopes: expected a list of read, write, secrets, got "admin" \(string\)\.$/,
    ],
    [[{ key: KEY, id: 'bob' } as never], /^keys\[0\]\.scopes: expected a list of .*got undefined\.$/],
    [[{ key: KEY, scopes: [] } as never], /^keys\[0\]\.id: expected 1 to 256 characters/],
    [[{ key: KEY, ...alice, tenant: '' }], /^keys\[0\]\.tenant: expected 1 to 256 characters/],
  ])('refuses %j, without showing it', (keys, message) => {
    const create = (): unknown => bearerKeys(keys);
    expect(create).toThrow(message);
    expect(create).not.toThrow(/short|middle/);
  });
});
