import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_STORED_HEADER_LENGTH,
  MAX_STORED_HEADERS,
  type ReceivedResponse,
  toStoredResponse,
} from '../../src/core/stored-response.ts';

function received(changes: Partial<ReceivedResponse> = {}): ReceivedResponse {
  return {
    status: 200,
    headers: {},
    body: new Uint8Array(),
    bodyTruncated: false,
    bodyComplete: true,
    ...changes,
  };
}

const bytes = (...values: (string | number)[]): Uint8Array =>
  Buffer.concat(
    values.map((value) => (typeof value === 'string' ? Buffer.from(value) : Buffer.from([value]))),
  );

describe('toStoredResponse', () => {
  describe('keeps the body', () => {
    it('as text when it is UTF-8, control characters and markup included', () => {
      const body = 'ok \u0000\u001b[31m <script>alert(1)</script> € 😀 \u2028\ufeff';
      expect(toStoredResponse(received({ body: bytes(body) }))).toMatchObject({ body, bodyEncoding: 'utf8' });
    });

    it('empty when there is none', () => {
      expect(toStoredResponse(received({ status: 204 }))).toEqual({
        status: 204,
        headers: {},
        body: '',
        bodyEncoding: 'utf8',
        bodyTruncated: false,
        bodyComplete: true,
      });
    });

    it('with its byte order mark', () => {
      expect(toStoredResponse(received({ body: bytes('\ufeffok') })).body).toBe('\ufeffok');
    });

    it.each([
      ['a lone 0xff', bytes('ok', 0xff, 'ok')],
      ['a character cut in the middle of the text', bytes('a', 0xf0, 0x9f, 'b')],
      ['an encoded surrogate', bytes(0xed, 0xa0, 0x80)],
      ['an overlong encoding', bytes(0xc0, 0xaf)],
      ['compressed bytes', bytes(0x1f, 0x8b, 0x08, 0x00)],
    ])('as base64 when it has %s', (_, body) => {
      const stored = toStoredResponse(received({ body }));
      expect(stored.bodyEncoding).toBe('base64');
      expect(Buffer.from(stored.body, 'base64')).toEqual(Buffer.from(body));
    });

    it.each([
      ['truncated', { bodyTruncated: true, bodyComplete: false }],
      ['truncated after it came whole', { bodyTruncated: true, bodyComplete: true }],
      ['broken off', { bodyTruncated: false, bodyComplete: false }],
    ])('without the rest of a character at its end when it was %s', (_, state) => {
      for (const tail of [[0xf0], [0xf0, 0x9f], [0xf0, 0x9f, 0x98], [0xe2, 0x82], [0xc3]]) {
        const stored = toStoredResponse(received({ body: bytes('text', ...tail), ...state }));
        expect(stored).toMatchObject({ body: 'text', bodyEncoding: 'utf8', ...state });
      }
    });

    it('as base64 when it ends inside a character although it is whole', () => {
      expect(toStoredResponse(received({ body: bytes('text', 0xe2, 0x82) })).bodyEncoding).toBe('base64');
    });

    it('as base64 when it is cut and broken before the cut', () => {
      const body = bytes(0xff, 'text', 0xe2);
      expect(toStoredResponse(received({ body, bodyTruncated: true })).bodyEncoding).toBe('base64');
    });

    it('so that whole bodies can be read back byte by byte', () => {
      const character = fc.constantFrom('a', '\0', '\x1b', '\x7f', '\xe9', '€', '😀', '\ufeff');
      const text = fc.string({ unit: character }).map((characters) => bytes(characters));
      const body = fc.oneof(fc.uint8Array(), text);
      fc.assert(
        fc.property(body, (given) => {
          const stored = toStoredResponse(received({ body: given }));
          const encoding = stored.bodyEncoding === 'utf8' ? 'utf8' : 'base64';
          expect(Buffer.from(stored.body, encoding)).toEqual(Buffer.from(given));
        }),
      );
    });

    it('independently of its neighbours: a cut character does not leak into the next body', () => {
      toStoredResponse(received({ body: bytes('a', 0xe2, 0x82), bodyTruncated: true }));
      expect(toStoredResponse(received({ body: bytes('b') })).body).toBe('b');
      expect(toStoredResponse(received({ body: bytes('b'), bodyTruncated: true })).body).toBe('b');
    });
  });

  describe('keeps the headers', () => {
    it('as they came when they fit', () => {
      const headers = { date: 'x', 'content-type': 'text/plain', 'x-odd': '<b>\u00ff</b>' };
      expect(toStoredResponse(received({ headers })).headers).toEqual(headers);
    });

    it('with repeated ones joined, and without undefined ones', () => {
      const headers = { 'set-cookie': ['a=1', 'b=2'], vary: undefined, server: 's' };
      expect(toStoredResponse(received({ headers })).headers).toEqual({
        'set-cookie': 'a=1, b=2',
        server: 's',
      });
    });

    it('up to 64', () => {
      const headers = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`x-${index}`, 'v']));
      const kept = toStoredResponse(received({ headers })).headers;
      expect(Object.keys(kept)).toEqual(Object.keys(headers).slice(0, MAX_STORED_HEADERS));
    });

    it('up to 8 KiB, leaving out whole headers that do not fit', () => {
      const headers = { a: 'x'.repeat(4000), b: 'y'.repeat(5000), c: 'z'.repeat(4000), d: 'w'.repeat(400) };
      expect(Object.keys(toStoredResponse(received({ headers })).headers)).toEqual(['a', 'c']);
    });

    it('with Retry-After whatever else came', () => {
      const crowd = Object.fromEntries(
        Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'v'.repeat(100)]),
      );
      const kept = toStoredResponse(received({ headers: { ...crowd, 'retry-after': '120' } })).headers;
      expect(kept['retry-after']).toBe('120');
    });

    it('named like members of every object, as data', () => {
      const headers = JSON.parse('{"__proto__":"a","constructor":"b","x":["c"]}') as Record<string, string>;
      const kept = toStoredResponse(received({ headers })).headers;
      expect(Object.entries(kept)).toEqual([
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['x', 'c'],
      ]);
      expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
    });

    it('within the bounds, whatever comes', () => {
      const value = fc.oneof(
        fc.string({ maxLength: 3000 }),
        fc.array(fc.string({ maxLength: 500 })),
        fc.constant(undefined),
      );
      fc.assert(
        fc.property(fc.dictionary(fc.string(), value, { maxKeys: 100, size: 'max' }), (headers) => {
          const kept = Object.entries(toStoredResponse(received({ headers })).headers);
          expect(kept.length).toBeLessThanOrEqual(MAX_STORED_HEADERS);
          expect(kept.flat().join('').length).toBeLessThanOrEqual(MAX_STORED_HEADER_LENGTH);
          expect(kept.every(([, text]) => typeof text === 'string')).toBe(true);
        }),
        { numRuns: 50 },
      );
    });
  });
});
