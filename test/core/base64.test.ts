import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../src/core/base64.ts';

describe('encodeBase64', () => {
  it('writes what Buffer writes, and reads it back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64'));
        expect(decodeBase64(text)).toEqual(bytes);
      }),
    );
  });

  it('takes more bytes than a function can take arguments', () => {
    const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
    expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
  });
});

describe('decodeBase64', () => {
  it.each(['%%%%', 'YQ', 'YQ=', 'YR==', ' YQ==', 'YQ==\n', '_-8=', 'Y', 'é', 'YQ==YQ=='])(
    'refuses %j',
    (text) => {
      expect(decodeBase64(text)).toBeUndefined();
    },
  );
});
