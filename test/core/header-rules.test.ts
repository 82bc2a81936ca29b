import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  COMPUTED_HEADERS,
  validateComputedHeaders,
  validateHeaderName,
  validateHeaders,
  validateHeaderValue,
} from '../../src/core/header-rules.ts';
import { OptionsError } from '../../src/errors.ts';

/** Each is written by somebody else, or fails every request that carries it. */
const RESERVED = [
  ...[
    'Host',
    'Content-Length',
    'Content-Encoding',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'Upgrade',
  ],
  ...['TE', 'Trailer', 'Trailers', 'Expect', 'Accept-Encoding', 'User-Agent', 'Cookie'],
  ...[
    'Proxy-Authorization',
    'Proxy-Connection',
    'proxy-',
    'Webhook-Id',
    'webhook-signature',
    'WEBHOOK-ANYTHING',
  ],
];

describe('validateHeaders', () => {
  it('accepts credentials and names of any kind', () => {
    const headers = {
      Authorization: 'Bearer abc',
      'X-API-Key': 'k',
      'X-Webhook-Secret': 'your-secret-token-here',
      'X-Webhook-Event': 'job.completed',
      "!#$%&'*+-.^_`|~": 'odd, but a token',
      'x-latin': 'caf\u00e9 \u00ff\ttab',
      'x-empty': '',
    };
    expect(validateHeaders(headers, 'headers')).toEqual(headers);
  });

  it.each(RESERVED)('refuses %s in any case', (name) => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(() => validateHeaders({ [spelling]: 'x' }, 'headers')).toThrow(OptionsError);
      expect(() => validateHeaders({ [spelling]: 'x' }, 'headers')).toThrow('cannot be set here');
    }
  });

  it('says where the user agent belongs', () => {
    expect(() => validateHeaders({ 'user-agent': 'x' }, 'headers')).toThrow(
      'set the option userAgent instead',
    );
  });

  it.each(['', ' ', 'a b', 'a:b', 'a\nb', 'é', 'a,b', '"a"', 'a\0', 'x'.repeat(257)])(
    'refuses the name %j',
    (name) => {
      expect(() => validateHeaders({ [name]: 'x' }, 'headers')).toThrow(OptionsError);
    },
  );

  it.each([
    ['a line feed', 'a\nX-Injected: 1'],
    ['a carriage return', 'a\rb'],
    ['a NUL', 'a\0b'],
    ['DEL', 'a\u007fb'],
    ['an escape', '\u001b[31m'],
    ['what is no byte', 'a€b'],
    ['an emoji', '😀'],
    ['more than 8 KiB', 'x'.repeat(8193)],
  ])('refuses %s in a value, and does not show the value', (_, value) => {
    const refused = (): unknown => validateHeaders({ 'X-Token': value }, 'endpoint.headers');
    expect(refused).toThrow(OptionsError);
    expect(refused).toThrow(expect.objectContaining({ path: 'endpoint.headers["X-Token"]' }));
    expect(refused).not.toThrow(value);
  });

  it.each([[undefined], [null], [1], [['a']], [{ secret: 'x' }]])('refuses %j as value', (value) => {
    expect(() => validateHeaders({ 'X-A': value }, 'headers')).toThrow(
      /expected a string as value of the header X-A/,
    );
  });

  it.each([[undefined], [null], ['X-A: 1'], [[['X-A', '1']]]])('refuses %j as headers', (headers) => {
    expect(() => validateHeaders(headers, 'headers')).toThrow('headers: expected an object of header names');
  });

  it.each([
    ['Headers', new Headers({ 'X-A': '1' })],
    ['a Map', new Map([['X-A', '1']])],
  ])('refuses %s, of which nothing would be sent', (_what, headers) => {
    expect(() => validateHeaders(headers, 'headers')).toThrow(
      'headers: expected an object of header names, each with its value, got an object to iterate over, such as a Map or Headers. Give what Object.fromEntries makes of it.',
    );
  });

  it('refuses names that differ only by case', () => {
    expect(() => validateHeaders({ 'X-Token': 'a', 'x-token': 'b' }, 'headers')).toThrow(
      'X-Token and x-token are the same header',
    );
  });

  it('takes 64 headers and not one more', () => {
    const many = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, 'v']));
    expect(Object.keys(validateHeaders(many(64), 'headers'))).toHaveLength(64);
    expect(() => validateHeaders(many(65), 'headers')).toThrow('at most 64 headers, got 65');
  });

  it('accepts a content type that equals the envelope, and drops it', () => {
    for (const value of ['application/json', 'Application/JSON', ' application/json']) {
      const headers = validateHeaders({ 'Content-Type': value, 'X-A': '1' }, 'headers', {
        contentType: 'application/json',
      });
      expect(headers).toEqual({ 'X-A': '1' });
    }
    const withCharset = { 'content-type': 'application/json;charset=utf-8' };
    expect(
      validateHeaders(withCharset, 'headers', { contentType: 'application/json; charset=UTF-8' }),
    ).toEqual({});
  });

  it('refuses another content type than that of the envelope', () => {
    const refused = (): unknown =>
      validateHeaders({ 'Content-Type': 'text/plain' }, 'headers', { contentType: 'application/json' });
    expect(refused).toThrow('the envelope writes it, as application/json');
  });

  it('keeps a content type while the envelope is not known', () => {
    expect(validateHeaders({ 'Content-Type': 'text/plain' }, 'headers')).toEqual({
      'Content-Type': 'text/plain',
    });
  });

  it('refuses names that others write, and says who', () => {
    const alsoReserved = new Map([['x-hub-signature-256', 'the signature scheme "github"']]);
    expect(() => validateHeaders({ 'X-Hub-Signature-256': 'x' }, 'headers', { alsoReserved })).toThrow(
      'the signature scheme "github" writes it',
    );
    expect(validateHeaders({ 'X-Other': 'x' }, 'headers', { alsoReserved })).toEqual({ 'X-Other': 'x' });
  });

  it('treats names like members of every object as data', () => {
    const headers = validateHeaders(JSON.parse('{"__proto__":"a","constructor":"b"}'), 'headers');
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  it('lets nothing through that the Headers class of fetch refuses', () => {
    const character = fc.oneof(
      fc.constantFrom(...'azAZ09-_ \t:'),
      fc.integer({ min: 0, max: 0x180 }).map((code) => String.fromCharCode(code)),
    );
    const text = fc.string({ unit: character, minLength: 1, maxLength: 4 });
    let accepted = 0;
    fc.assert(
      fc.property(text, text, (name, value) => {
        try {
          validateHeaders({ [name]: value }, 'headers');
        } catch (error) {
          expect(error).toBeInstanceOf(OptionsError);
          return;
        }
        accepted += 1;
        expect(() => new Headers([[name, value]])).not.toThrow();
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(10);
  });
});

describe('validateHeaderValue', () => {
  it('gives the value back, or names header and place', () => {
    expect(validateHeaderValue('user-agent', 'Acme/1.0 (+https://acme.example)', 'userAgent')).toBe(
      'Acme/1.0 (+https://acme.example)',
    );
    expect(() => validateHeaderValue('user-agent', 'a\r\nb', 'userAgent')).toThrow(
      'userAgent: expected Latin-1 text without control characters as value of the header user-agent, got U+000D at position 1.',
    );
    expect(() => validateHeaderValue('x-a', 1)).toThrow(expect.objectContaining({ path: 'x-a' }));
  });
});

describe('validateHeaderName', () => {
  it('leaves webhook- names to signature schemes', () => {
    expect(validateHeaderName('Webhook-Signature', 'header')).toBe('Webhook-Signature');
  });

  it.each(['host', 'Content-Type', 'proxy-x', 'a b', '', 7])('refuses %j', (name) => {
    expect(() => validateHeaderName(name, 'header')).toThrow(OptionsError);
  });
});

describe('validateComputedHeaders', () => {
  it('accepts built-in values and registered functions', () => {
    const headers = { 'X-Webhook-Event': 'message.type', 'X-Event-ID': 'message.id', 'X-Mine': 'myHeader' };
    expect(validateComputedHeaders(headers, 'computedHeaders')).toEqual(headers);
    expect(validateComputedHeaders(headers, 'computedHeaders', new Set(['myHeader']))).toEqual(headers);
  });

  it('refuses unknown values with the nearest known one', () => {
    expect(() => validateComputedHeaders({ 'X-A': 'message.typ' }, 'computedHeaders', new Set())).toThrow(
      'Did you mean "message.type"?',
    );
    expect(() => validateComputedHeaders({ 'X-A': 'toString' }, 'computedHeaders', new Set())).toThrow(
      OptionsError,
    );
    expect(() => validateComputedHeaders({ 'X-A': 1 }, 'computedHeaders')).toThrow('got 1 (number)');
  });

  it.each([...RESERVED, 'Content-Type', 'bad name'])('refuses the header %s', (name) => {
    expect(() => validateComputedHeaders({ [name]: 'message.id' }, 'computedHeaders')).toThrow(OptionsError);
  });
});

describe('COMPUTED_HEADERS', () => {
  const source = {
    message: { id: 'msg_1', type: 'job.completed' },
    endpoint: { id: 'ep_1' },
    deliveryId: 'dlv_1',
    attempt: 3,
    timestamp: 1614265330,
  };

  it.each([
    ['message.id', 'msg_1'],
    ['message.type', 'job.completed'],
    ['endpoint.id', 'ep_1'],
    ['delivery.id', 'dlv_1'],
    ['attempt', '3'],
    ['timestamp', '1614265330'],
  ])('%s is %s', (name, expected) => {
    expect(COMPUTED_HEADERS[name]!(source)).toBe(expected);
  });

  it('has no others', () => {
    expect(Object.keys(COMPUTED_HEADERS)).toHaveLength(6);
  });
});
