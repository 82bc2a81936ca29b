import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSystemRandom } from '../../src/clock.ts';
import { decodeEd25519Secret, decodeStandardSecret, encodeTextSecret } from '../../src/core/secret-format.ts';
import {
  completeSecret,
  generateSecret,
  publicKeyOf,
  shortSecretWarning,
  validateSecret,
} from '../../src/core/secret.ts';
import type { SignatureSetting } from '../../src/core/signature.ts';
import { derivePublicKey } from '../../src/engine/ed25519.ts';
import { OptionsError } from '../../src/errors.ts';

const SPEC_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const base64 = (size: number): string => Buffer.alloc(size, 0xfb).toString('base64');

function errorOf(secret: unknown, signatures: readonly SignatureSetting[]): OptionsError {
  try {
    validateSecret(secret, 'secret', signatures);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return error as OptionsError;
  }
  throw new Error('accepted');
}

describe('validateSecret', () => {
  it.each([
    [SPEC_SECRET],
    [SPEC_SECRET.slice('whsec_'.length)],
    [`whsec_${base64(24)}`],
    [`whsec_${base64(25)}`],
    [`whsec_${base64(26)}`],
    [`whsec_${base64(64)}`],
  ])('accepts %s for standard', (secret) => {
    expect(validateSecret(secret, 'secret', ['standard'])).toBe(secret);
  });

  it.each([
    ['nothing', ''],
    ['the prefix alone', 'whsec_'],
    ['23 bytes', `whsec_${base64(23)}`],
    ['65 bytes', `whsec_${base64(65)}`],
    ['what Buffer decodes to nothing', '%%%%'],
    ['missing padding', `whsec_${base64(25).replace(/=+$/, '')}`],
    ['the URL-safe alphabet', `whsec_${base64(24).replaceAll('+', '-').replaceAll('/', '_')}`],
    ['stray bits in the last character', `whsec_${base64(25).slice(0, -3)}x==`],
    ['white space in it', `whsec_${base64(24).slice(0, 16)} ${base64(24).slice(16)}`],
    ['a newline after it', `${SPEC_SECRET}\n`],
    ['the prefix in capitals', SPEC_SECRET.replace('whsec_', 'WHSEC_')],
    ['the prefix twice', `whsec_${SPEC_SECRET}`],
    ['an asymmetric key', `whsk_${base64(64)}`],
    ['a password', 'correct horse battery staple'],
  ])('refuses %s for standard', (_, secret) => {
    expect(errorOf(secret, ['standard']).path).toBe('secret');
  });

  it('says how long a key is that has the wrong length', () => {
    expect(errorOf(`whsec_${base64(16)}`, ['standard']).message).toBe(
      'secret: expected a secret, "whsec_" and the base64 of 24 to 64 bytes, as the signature scheme standard needs, got base64 of 16 bytes.',
    );
  });

  it.each(['github', 'stripe', 'shopify', 'hex', 'timestamped-hex', 'acmeFunction', 'none'])(
    'takes any text literally for %s',
    (scheme) => {
      for (const secret of ['x', "It's a Secret to Everybody", SPEC_SECRET, 'ключ 🔑', ' ', '%%%%']) {
        expect(validateSecret(secret, 'secret', [scheme])).toBe(secret);
      }
    },
  );

  it('refuses an empty text, and half a character', () => {
    expect(errorOf('', ['github']).message).toContain('at least one byte');
    expect(errorOf('key \ud83d', ['github']).message).toContain('half a surrogate pair');
  });

  it('wants what the strictest of several schemes wants', () => {
    expect(errorOf('correct horse battery staple', ['github', 'standard']).message).toContain('base64');
    expect(validateSecret(SPEC_SECRET, 'secret', ['github', 'standard'])).toBe(SPEC_SECRET);
  });

  it.each([[undefined], [null], [42], [['hunter2hunter2']], [{ value: 'hunter2hunter2' }]])(
    'refuses %j',
    (secret) => {
      expect(errorOf(secret, ['github']).message).toContain('expected a secret, a string');
    },
  );

  it('never shows a secret', () => {
    // Not base64, so that it is always refused.
    const secret = fc.string({ minLength: 8, maxLength: 100 }).map((text) => `%${text}`);
    fc.assert(
      fc.property(secret, fc.constantFrom('text', 'array', 'object'), (text, shape) => {
        const given = shape === 'text' ? text : shape === 'array' ? [text] : { value: text };
        expect(errorOf(given, ['standard']).message).not.toContain(text);
      }),
    );
  });
});

const SEED = '6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=';
const KEY_PAIR = '6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
const ED25519 = ['standard-ed25519'];

describe('validateSecret for standard-ed25519', () => {
  it.each([[KEY_PAIR], [`whsk_${KEY_PAIR}`], [SEED], [`whsk_${SEED}`]])('accepts %s', (secret) => {
    expect(validateSecret(secret, 'secret', ED25519)).toBe(secret);
  });

  it.each([
    ['31 bytes', `whsk_${base64(31)}`],
    ['33 bytes', `whsk_${base64(33)}`],
    ['63 bytes', `whsk_${base64(63)}`],
    ['a shared secret', SPEC_SECRET],
    ['a public key', PUBLIC_KEY],
    ['a password', 'correct horse battery staple'],
    ['nothing', 'whsk_'],
  ])('refuses %s without showing it', (_, secret) => {
    const { message } = errorOf(secret, ED25519);
    expect(message).toContain('as the signature scheme standard-ed25519 needs');
    expect(message).not.toContain(secret.slice(5, 30) || '\0');
  });
});

describe('completeSecret', () => {
  const complete = (secret: string, signatures: readonly string[]): string =>
    completeSecret(secret, 'secret', signatures, derivePublicKey);

  it('adds the public key to a seed, and the prefix', () => {
    for (const secret of [KEY_PAIR, `whsk_${KEY_PAIR}`, SEED, `whsk_${SEED}`])
      expect(complete(secret, ED25519)).toBe(`whsk_${KEY_PAIR}`);
  });

  it('refuses the public key of another seed, and shows neither', () => {
    const bytes = Buffer.from(KEY_PAIR, 'base64');
    bytes[63]! ^= 1;
    const odd = bytes.toString('base64');
    const refused = (): string => complete(odd, ED25519);
    expect(refused).toThrow(/got the public key of another seed/);
    expect(refused).not.toThrow(odd.slice(0, 20));
  });

  it('leaves other secrets as they are', () => {
    expect(complete(SPEC_SECRET, ['standard'])).toBe(SPEC_SECRET);
    expect(complete(`whsk_${SEED}`, ['github'])).toBe(`whsk_${SEED}`);
  });

  it('gives every seed the key that verifies what it signs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        const secret = complete(Buffer.from(seed).toString('base64'), ED25519);
        const pair = decodeEd25519Secret(secret, 'secret');
        expect(pair.seed).toEqual(seed);
        expect(pair.publicKey).toEqual(derivePublicKey(seed));
        expect(complete(secret, ED25519)).toBe(secret);
      }),
      { numRuns: 20 },
    );
  });
});

describe('publicKeyOf', () => {
  it('reads it from the secret, where ed25519 signs', () => {
    expect(publicKeyOf(`whsk_${KEY_PAIR}`, ED25519)).toBe(PUBLIC_KEY);
    expect(publicKeyOf(`whsk_${KEY_PAIR}`, ['github'])).toBeUndefined();
    expect(publicKeyOf(`whsk_${SEED}`, ED25519)).toBeUndefined();
  });
});

describe('decodeStandardSecret', () => {
  it('gives the bytes, with or without the prefix', () => {
    const key = new Uint8Array(Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'));
    expect(decodeStandardSecret(SPEC_SECRET, 'secret')).toEqual(key);
    expect(decodeStandardSecret(SPEC_SECRET.slice(6), 'secret')).toEqual(key);
  });
});

describe('encodeTextSecret', () => {
  it('gives the UTF-8 bytes of all of it', () => {
    expect(encodeTextSecret('whsec_é', 'secret')).toEqual(new Uint8Array(Buffer.from('whsec_é')));
  });
});

describe('shortSecretWarning', () => {
  it.each([
    ['fifteen bytes..', ['github'], true],
    ['sixteen bytes...', ['github'], false],
    ['é'.repeat(8), ['hex'], false],
    ['short', ['acmeFunction'], true],
    ['short', ['standard', 'github'], true],
    ['short', ['standard'], false],
    ['short', ['stripe'], true],
    ['short', ['standard-ed25519'], false],
    ['short', ['none'], false],
  ])('of %j for %j: %s', (secret, signatures, isWarned) => {
    const warning = shortSecretWarning(secret, 'endpoint.secret', signatures);
    expect(warning !== undefined).toBe(isWarned);
    expect(warning ?? '').not.toContain(secret);
  });
});

describe('generateSecret', () => {
  const random = createSystemRandom();

  it.each([
    [['standard'], /^whsec_[A-Za-z0-9+/]{43}=$/],
    [['github', 'standard'], /^whsec_[A-Za-z0-9+/]{43}=$/],
    [['standard-ed25519'], /^whsk_[A-Za-z0-9+/]{43}=$/],
    [['github', 'standard-ed25519'], /^whsk_[A-Za-z0-9+/]{43}=$/],
    [['github'], /^[0-9a-f]{64}$/],
    [['stripe', 'shopify'], /^[0-9a-f]{64}$/],
    [['timestamped-hex', 'acmeFunction'], /^[0-9a-f]{64}$/],
  ])('makes one that fits %j', (signatures, form) => {
    const secret = generateSecret(signatures, random)!;
    expect(secret).toMatch(form);
    expect(validateSecret(secret, 'secret', signatures)).toBe(secret);
    expect(shortSecretWarning(secret, 'secret', signatures)).toBeUndefined();
    expect(generateSecret(signatures, random)).not.toBe(secret);
  });

  it('makes none when nothing signs', () => {
    expect(generateSecret(['none'], random)).toBeUndefined();
  });
});
