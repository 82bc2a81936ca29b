import { describe, expect, it } from 'vitest';
import { isKeyFingerprints, type KeyFingerprints } from '../../../src/store/codec/key-fingerprints.ts';
import { createKeyring } from '../../../src/store/codec/keyring.ts';

const ONE = '11'.repeat(32);
const TWO = '22'.repeat(32);

function fingerprintsOf(current: string, keys: Readonly<Record<string, string>>): KeyFingerprints {
  return createKeyring({ current, keys }).fingerprints;
}

describe('fingerprints of a keyring', () => {
  it('tell keys apart, whatever their ids are, and stay the same', () => {
    const { current, keys } = fingerprintsOf('b', { a: ONE, b: TWO });
    expect(current).toBe('b');
    // HMAC-SHA256 of the label, made elsewhere: another value would part processes of two versions.
    expect(keys).toEqual([
      ['a', '6kPBWjitQFLMVnVd9RAJ7w'],
      ['b', 'y69uBL7BpnXs_Uk1jEH4jA'],
    ]);
    expect(fingerprintsOf('z', { z: TWO }).keys).toEqual([['z', keys[1]![1]]]);
  });

  it('show no key, in any form', () => {
    const bytes = Buffer.from(ONE, 'hex');
    const text = JSON.stringify(fingerprintsOf('a', { a: ONE }));
    for (const form of ['hex', 'base64', 'base64url'] as const)
      expect(text).not.toContain(bytes.toString(form).slice(0, 16));
  });
});

describe('isKeyFingerprints', () => {
  const print = 'A'.repeat(22);

  it('knows those of a keyring, after they were sent', () => {
    const sent: unknown = JSON.parse(JSON.stringify(fingerprintsOf('__proto__', { ['__proto__']: ONE })));
    expect(isKeyFingerprints(sent)).toBe(true);
  });

  it.each([
    [null],
    ['text'],
    [{ current: 'a' }],
    [{ current: 'a', keys: [] }],
    [{ current: 'a', keys: { a: print } }],
    [{ current: 'b', keys: [['a', print]] }],
    [{ current: 'a', keys: [['a', print], null] }],
    [{ current: 'a', keys: [['a', `${print}A`]] }],
    [{ current: 'a', keys: [['a', 1]] }],
    [{ current: 'a\n', keys: [['a\n', print]] }],
  ])('refuses %j', (value) => {
    expect(isKeyFingerprints(value)).toBe(false);
  });
});
