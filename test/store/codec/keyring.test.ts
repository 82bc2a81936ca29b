import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionsError, StoreError } from '../../../src/errors.ts';
import { createKeyring, type EncryptionOptions } from '../../../src/store/codec/keyring.ts';
import { isEncrypted, keyIdOf } from '../../../src/store/codec/sealed-text.ts';
import { errorOf } from './error-of.ts';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - 7 * index));
const OTHER_KEY = Buffer.alloc(32, 0x5a);
const place = { endpointId: 'ep_1', column: 'secrets' };

const keyring = createKeyring({ current: 'k1', keys: { k1: KEY } });
/** Any string at all: half surrogate pairs and control characters too. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
});

describe('createKeyring', () => {
  it.each<[string, string | Uint8Array]>([
    ['bytes', KEY],
    ['bytes that are no Buffer', Uint8Array.from(KEY)],
    ['base64', KEY.toString('base64')],
    ['base64 without padding', KEY.toString('base64').replace('=', '')],
    ['base64url', KEY.toString('base64url')],
    ['hexadecimal digits', KEY.toString('hex')],
    ['hexadecimal digits in capitals', KEY.toString('hex').toUpperCase()],
    ['a line of a file', `${KEY.toString('base64')}\n`],
  ])('takes a key as %s', (_, key) => {
    const value = keyring.encrypt('text', place);
    expect(createKeyring({ current: 'k1', keys: { k1: key } }).decrypt(value, place)).toBe('text');
  });

  it('copies the bytes it is given', () => {
    const bytes = Uint8Array.from(KEY);
    const copying = createKeyring({ current: 'k1', keys: { k1: bytes } });
    bytes.fill(0);
    expect(copying.decrypt(keyring.encrypt('text', place), place)).toBe('text');
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'got undefined; is the environment variable set?'],
    ['null', null, 'got null'],
    ['a number', 5, 'got a number'],
    ['an empty text', '', 'got a text of 0 characters'],
    ['31 bytes', KEY.subarray(1), 'got 31 bytes'],
    ['33 bytes', Buffer.alloc(33), 'got 33 bytes'],
    ['base64 of 31 bytes', KEY.subarray(1).toString('base64'), 'got a text of 44 characters'],
    ['base64 of 33 bytes', Buffer.alloc(33).toString('base64'), 'got a text of 44 characters'],
    ['63 hexadecimal digits', KEY.toString('hex').slice(1), 'got a text of 63 characters'],
    ['a passphrase', 'correct horse battery staple', 'got a text of 28 characters'],
    ['43 characters that nobody encoded', 'A'.repeat(42) + 'B', 'got a text of 43 characters'],
  ])('refuses %s as key', (_, key, got) => {
    const error = errorOf(() => createKeyring({ current: 'k1', keys: { k1: key } } as EncryptionOptions));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error).toMatchObject({ path: 'encryption.keys.k1' });
    expect(error.message).toBe(
      'encryption.keys.k1: expected a key of 32 bytes, as bytes, base64 or 64 hexadecimal digits, ' +
        `${got}. Make one with: openssl rand -base64 32`,
    );
  });

  it.each<[string, unknown, string, string]>([
    ['undefined', undefined, 'encryption', 'got undefined'],
    ['a text', 'k1', 'encryption', 'expected an object of current and keys'],
    ['an unknown member', { current: 'k1', key: {} }, 'encryption.key', 'Did you mean "keys"?'],
    ['no keys', { current: 'k1' }, 'encryption.keys', 'an object of key ids and keys, got undefined'],
    ['an empty object of keys', { current: 'k1', keys: {} }, 'encryption.keys', 'at least one key'],
    ['no current', { keys: { k1: KEY } }, 'encryption.current', 'got undefined. Known are k1.'],
    [
      'a current without key',
      { current: 'k2', keys: { k1: KEY } },
      'encryption.current',
      'Did you mean "k1"?',
    ],
    [
      'a current of Object',
      { current: 'toString', keys: { k1: KEY } },
      'encryption.current',
      'Known are k1.',
    ],
    ['an id with a colon', { current: 'a:b', keys: { 'a:b': KEY } }, 'encryption.keys', 'ids of 1 to 64'],
    ['an empty id', { current: '', keys: { '': KEY } }, 'encryption.keys', 'ids of 1 to 64'],
    [
      'an id too long',
      { current: 'k1', keys: { ['k'.repeat(65)]: KEY } },
      'encryption.keys',
      'ids of 1 to 64',
    ],
    [
      'one key under two ids',
      { current: 'new', keys: { old: KEY, new: KEY.toString('hex') } },
      'encryption.keys.new',
      'expected a key of its own, got that of old',
    ],
  ])('refuses %s', (_, options, path, text) => {
    const error = errorOf(() => createKeyring(options as EncryptionOptions));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error).toMatchObject({ path });
    expect(error.message).toContain(text);
  });

  it('shows no key in any error, wherever it was put', () => {
    const forms = (['base64', 'base64url', 'hex'] as const).map((encoding) => KEY.toString(encoding));
    for (const key of forms) {
      for (const options of [
        key,
        { current: key, keys: { k1: KEY } },
        { current: 'k1', keys: key },
        { current: 'k1', keys: [key] },
        { current: 'k1', keys: { [key]: 'k1' } },
        { current: 'k1', keys: { k1: `${key}x` } },
        { current: 'k1', keys: { k1: [key] } },
        { current: 'k1', keys: { k1: { key } } },
      ]) {
        const error = errorOf(() => createKeyring(options as unknown as EncryptionOptions));
        expect(inspect(error, { depth: 9 })).not.toContain(key.slice(0, 12));
      }
    }
  });

  it('shows no key when it is inspected or turned into JSON', () => {
    const shown = inspect(keyring, { depth: 9, showHidden: true }) + JSON.stringify(keyring);
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      expect(shown).not.toContain(KEY.toString(encoding));
    expect(shown).not.toMatch(/ff f8 f1|255,248/);
  });
});

describe('encrypt', () => {
  it('writes version, key id and base64url, different each time', () => {
    const values = Array.from({ length: 1000 }, () => keyring.encrypt('text', place));
    for (const value of values) expect(value).toMatch(/^enc:v1:k1:[A-Za-z0-9_-]+$/);
    expect(new Set(values.map((value) => value.slice(0, 'enc:v1:k1:'.length + 16))).size).toBe(1000);
    expect(keyIdOf(values[0]!)).toBe('k1');
    expect(isEncrypted(values[0]!)).toBe(true);
  });

  it('comes back from any text, in any place', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (text, endpointId, column) => {
        const value = keyring.encrypt(text, { endpointId, column });
        expect(keyring.decrypt(value, { endpointId, column })).toBe(text);
        expect(value).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });
});

describe('decrypt', () => {
  it('reads what an earlier version wrote', () => {
    expect(
      keyring.decrypt(
        'enc:v1:k1:SshJCwS3HE-X1ML5TMOdOzMAhN9Ig8SthCAjJbZt9fnl_7ihHv7el7Ll68_tZLVa6sUBNEs5gwGEITYh28ww7birJ5Q',
        place,
      ),
    ).toBe('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  });

  it('fails for a value that was changed at any position', () => {
    const text = 'the secret text';
    const value = keyring.encrypt(text, place);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:=+/. é';
    for (let position = 0; position < value.length; position += 1) {
      for (const character of alphabet) {
        if (character === value[position]) continue;
        const changed = value.slice(0, position) + character + value.slice(position + 1);
        expect(errorOf(() => keyring.decrypt(changed, place))).toBeInstanceOf(StoreError);
      }
    }
  });

  it('fails for every bit of the bytes that is turned', () => {
    const [head, payload] = keyring.encrypt('the secret text', place).split(/(?<=k1:)/) as [string, string];
    const bytes = Buffer.from(payload, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const error = errorOf(() => keyring.decrypt(head + changed.toString('base64url'), place));
      expect(error.code).toBe('decrypt_failed');
    }
  });

  it('fails for a value that was cut or prolonged', () => {
    const value = keyring.encrypt('the secret text', place);
    for (let length = 0; length < value.length; length += 1)
      expect(errorOf(() => keyring.decrypt(value.slice(0, length), place)).code).toBe('decrypt_failed');
    for (const end of ['A', 'AAAA', '=', '\n', ' '])
      expect(errorOf(() => keyring.decrypt(value + end, place)).code).toBe('decrypt_failed');
  });

  it('fails in every other place', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, anyText, (endpointId, column, otherId, otherColumn) => {
        fc.pre(endpointId !== otherId || column !== otherColumn);
        const value = keyring.encrypt('text', { endpointId, column });
        const error = errorOf(() => keyring.decrypt(value, { endpointId: otherId, column: otherColumn }));
        expect(error.code).toBe('decrypt_failed');
      }),
    );
  });

  it('tells places apart whose parts read the same when joined', () => {
    const value = keyring.encrypt('text', { endpointId: 'a', column: 'b","c' });
    const error = errorOf(() => keyring.decrypt(value, { endpointId: 'a","b', column: 'c' }));
    expect(error.code).toBe('decrypt_failed');
  });

  it('says which endpoint and column', () => {
    const value = keyring.encrypt('the secret text', place);
    const error = errorOf(() => keyring.decrypt(value, { endpointId: 'ep_2', column: 'headers.x-token' }));
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('decrypt_failed');
    expect(error.message).toBe(
      'Cannot decrypt headers.x-token of endpoint "ep_2": it was changed, or copied from another endpoint or ' +
        'field, or the id of the endpoint was changed, or the key k1 is not the one it was encrypted with. Is the key k1 right? ' +
        'If it is, restore what was stored, or put the plain value in its place: it is encrypted when the endpoint is next written.',
    );
    expect(inspect(error)).not.toContain(value);
  });

  it('fails with another key under the same id', () => {
    const stranger = createKeyring({ current: 'k1', keys: { k1: OTHER_KEY } });
    const error = errorOf(() => stranger.decrypt(keyring.encrypt('text', place), place));
    expect(error.code).toBe('decrypt_failed');
  });

  it('names a key that it does not have, and what to do', () => {
    const stranger = createKeyring({ current: 'k2', keys: { k2: OTHER_KEY } });
    const error = errorOf(() => stranger.decrypt(keyring.encrypt('text', place), place));
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('key_missing');
    expect(error.message).toBe(
      'Cannot decrypt secrets of endpoint "ep_1": it was encrypted with the key k1. Give the store this key, in ' +
        'encryption.keys. If it is lost, put the plain value in its place.',
    );
  });

  it.each([
    ['a later version', 'enc:v2:k1:AAAA', 'a form that this version of Posthorn does not know'],
    ['a plain value', 'whsec_abc', 'it is not encrypted'],
    ['nothing behind the key id', 'enc:v1:k1:', 'it is damaged'],
    ['no key id', 'enc:v1:AAAA', 'it is damaged'],
  ])('refuses %s', (_, value, why) => {
    const error = errorOf(() => keyring.decrypt(value, place));
    expect(error.code).toBe('decrypt_failed');
    expect(error.message).toContain(why);
  });
});

describe('rotation', () => {
  it('decrypts with every key, and encrypts with the current one', () => {
    const keys: Record<string, Uint8Array> = {};
    const written: string[] = [];
    for (const id of ['2024', '2025', 'k_3', 'K-4']) {
      keys[id] = randomBytes(32);
      const rotated = createKeyring({ current: id, keys });
      expect(rotated.current).toBe(id);
      written.push(rotated.encrypt(`by ${id}`, place));
      expect(keyIdOf(written.at(-1)!)).toBe(id);
      for (const value of written) expect(rotated.decrypt(value, place)).toBe(`by ${keyIdOf(value)}`);
    }
    const last = createKeyring({ current: 'K-4', keys });
    expect(['2024', 'k_3', 'K-4', 'k5'].map((id) => last.has(id))).toEqual([true, true, true, false]);
  });
});
