import { describe, expect, it } from 'vitest';
import type { KeyFingerprints } from '../../../../src/store/codec/key-fingerprints.ts';
import { findKeyConflict } from '../../../../src/store/file/socket/compare-keys.ts';

/** `*a b`: the keys a and b, of which a is current. `a'` has the id of a, and is another key. */
function keysOf(text: string): KeyFingerprints | undefined {
  if (text === '') return undefined;
  const words = text.split(' ');
  const idOf = (word: string): string => word.replace(/[*']/g, '');
  return {
    current: idOf(words.find((word) => word.startsWith('*'))!),
    keys: words.map((word) => [idOf(word), word.replace('*', '')]),
  };
}

function compare(own: string, owners: string): Error | undefined {
  return findKeyConflict({ own: keysOf(own), owners: keysOf(owners), pid: 7 });
}

const MISSING = 'key_missing';
const DIFFERENT = 'decrypt_failed';

describe('findKeyConflict', () => {
  it.each([
    ['', ''],
    ['*a', '*a'],
    ['*a b', '*a'],
    ['*a b', 'a *b'],
    ['*a b', '*b a c'],
    ['*b', 'a *b'],
  ])('lets those share a folder that read each other: %j and %j', (one, other) => {
    expect(compare(one, other)).toBeUndefined();
    expect(compare(other, one)).toBeUndefined();
  });

  it.each([
    ['', '*a', MISSING, /encrypts with the key a, and this process has no keys\. Give the store of this/],
    ['*a', '', MISSING, /this process encrypts with the key a, and the owner has no keys.* Stop the owner/],
    ['*a', '*b', MISSING, /the owner encrypts with the key b, which .* And this process encrypts .* key a/],
    ['*a', 'a *b', MISSING, /owner, process 7: the owner encrypts with the key b, which this process does/],
    ['a *b', '*a', MISSING, /owner, process 7: this process encrypts with the key b, which the owner does/],
    ['*a', "*a'", DIFFERENT, /both have a key a, but not the same one/],
    ["*a b'", '*a b', DIFFERENT, /both have a key b, but not the same one/],
    ["*a'", 'a *b', DIFFERENT, /both have a key a/],
  ])('refuses %j where the owner has %j', (own, owners, code, message) => {
    expect(compare(own, owners)).toMatchObject({
      name: 'StoreError',
      code,
      message: expect.stringMatching(message),
    });
  });
});
