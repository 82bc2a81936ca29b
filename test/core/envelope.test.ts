import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildEnvelope,
  describeEnvelope,
  ENVELOPE_NAMES,
  toBytes,
  validateEnvelope,
} from '../../src/core/envelope.ts';
import type { EnvelopeSetting } from '../../src/core/endpoint.ts';
import type { Message } from '../../src/core/message.ts';
import { OptionsError, PayloadError } from '../../src/errors.ts';

function message(changes: Partial<Message> = {}): Message {
  return {
    id: 'msg_1',
    tenant: 'default',
    type: 'job.completed',
    dataJson: '{"jobId":"42"}',
    timestamp: Date.UTC(2025, 0, 15, 10, 30),
    idempotencyKey: undefined,
    orderingKey: undefined,
    metadata: { secret: 'of the sender' },
    trace: undefined,
    addressed: false,
    test: false,
    ...changes,
  };
}

describe('buildEnvelope', () => {
  it.each([
    ['standard', '{"type":"job.completed","timestamp":"2025-01-15T10:30:00.000Z","data":{"jobId":"42"}}'],
    [
      { name: 'standard' },
      '{"type":"job.completed","timestamp":"2025-01-15T10:30:00.000Z","data":{"jobId":"42"}}',
    ],
    [
      { name: 'standard', idInBody: true },
      '{"id":"msg_1","type":"job.completed","timestamp":"2025-01-15T10:30:00.000Z","data":{"jobId":"42"}}',
    ],
    ['raw', '{"jobId":"42"}'],
  ])('builds %j', (setting, body) => {
    expect(buildEnvelope(setting, message())).toEqual({ body, contentType: 'application/json' });
  });

  it.each(['acme', { name: 'acme' }, 'constructor', '__proto__'])('leaves %j to its function', (setting) => {
    expect(buildEnvelope(setting, message())).toBeUndefined();
  });

  it('embeds the data as it was serialised, byte by byte', () => {
    const odd = '{ "n" : 1.0, "big":12345678901234567890, "e":1E2, "dup":1,"dup":2, "u":"\\u20ac" }';
    expect(buildEnvelope('raw', message({ dataJson: odd }))!.body).toBe(odd);
    expect(buildEnvelope('standard', message({ dataJson: odd }))!.body).toContain(`"data":${odd}}`);
  });

  it('makes JSON that says what the message says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 8.64e15 }), (data, timestamp) => {
        const dataJson = JSON.stringify(data);
        const built = buildEnvelope({ name: 'standard', idInBody: true }, message({ dataJson, timestamp }))!;
        const parsed: unknown = JSON.parse(built.body as string);
        expect(parsed).toEqual({
          id: 'msg_1',
          type: 'job.completed',
          timestamp: new Date(timestamp).toISOString(),
          data: JSON.parse(dataJson),
        });
        expect(Object.keys(parsed as object)).toEqual(['id', 'type', 'timestamp', 'data']);
      }),
    );
  });
});

describe('cloudevents', () => {
  const STRUCTURED = 'application/cloudevents+json; charset=utf-8';

  it.each([
    [
      'cloudevents',
      '{"specversion":"1.0","id":"msg_1","source":"/default","type":"job.completed","time":"2025-01-15T10:30:00.000Z","datacontenttype":"application/json","data":{"jobId":"42"}}',
    ],
    [
      { name: 'cloudevents', source: 'https://example.com/jobs', subject: 'a "job" \u2028' },
      '{"specversion":"1.0","id":"msg_1","source":"https://example.com/jobs","type":"job.completed","subject":"a \\"job\\" \u2028","time":"2025-01-15T10:30:00.000Z","datacontenttype":"application/json","data":{"jobId":"42"}}',
    ],
  ])('writes the whole event for %j', (setting, body) => {
    expect(buildEnvelope(setting, message())).toEqual({ body, contentType: STRUCTURED });
  });

  it('writes attributes as headers in binary mode, percent-encoded', () => {
    expect(buildEnvelope('cloudevents-binary', message())).toEqual({
      body: '{"jobId":"42"}',
      contentType: 'application/json',
      headers: {
        'ce-specversion': '1.0',
        'ce-id': 'msg_1',
        'ce-source': '/default',
        'ce-type': 'job.completed',
        'ce-time': '2025-01-15T10:30:00.000Z',
      },
    });
    const subject = 'Euro € 😀 "100%"';
    expect(buildEnvelope({ name: 'cloudevents-binary', subject }, message())!.headers!['ce-subject']).toBe(
      'Euro%20%E2%82%AC%20%F0%9F%98%80%20%22100%25%22',
    );
  });

  it('makes a source of any tenant', () => {
    const sourceOf = (tenant: string): unknown =>
      (JSON.parse(buildEnvelope('cloudevents', message({ tenant }))!.body as string) as { source: unknown })
        .source;
    expect(sourceOf('a b/"ü"')).toBe('/a%20b%2F%22%C3%BC%22');
    const binary = buildEnvelope('cloudevents-binary', message({ tenant: 'a b' }))!;
    expect(binary.headers!['ce-source']).toBe('/a%2520b');
  });

  it('puts any data in as it was serialised', () => {
    for (const dataJson of ['null', '"x"', '[1,{"a":1.0}]', '{ "n" : 1E2 }']) {
      expect(buildEnvelope('cloudevents', message({ dataJson }))!.body).toContain(`"data":${dataJson}}`);
      expect(buildEnvelope('cloudevents-binary', message({ dataJson }))!.body).toBe(dataJson);
    }
  });

  it('leaves out a time that RFC 3339 cannot write', () => {
    const late = message({ timestamp: 8.64e15 });
    expect(buildEnvelope('cloudevents', late)!.body).not.toContain('"time"');
    expect(buildEnvelope('cloudevents-binary', late)!.headers).not.toHaveProperty('ce-time');
  });
});

describe('form', () => {
  const fieldsOf = (data: unknown, setting: EnvelopeSetting = 'form'): [string, string][] => {
    const built = buildEnvelope(setting, message({ dataJson: JSON.stringify(data) }))!;
    expect(built.contentType).toBe('application/x-www-form-urlencoded');
    expect(built.body).toMatch(/^[\x21-\x7e]*$/);
    return [...new URLSearchParams(built.body as string)];
  };

  it.each([
    [
      { name: 'Zoë & Co', empty: '' },
      [
        ['name', 'Zoë & Co'],
        ['empty', ''],
      ],
    ],
    [
      { n: 1.5, yes: true, none: null },
      [
        ['n', '1.5'],
        ['yes', 'true'],
        ['none', ''],
      ],
    ],
    [
      { tag: ['a', 'b c', 3, null] },
      [
        ['tag', 'a'],
        ['tag', 'b c'],
        ['tag', '3'],
        ['tag', ''],
      ],
    ],
    [
      { to: { city: 'Graz' }, list: [[1], { a: 1 }] },
      [
        ['to', '{"city":"Graz"}'],
        ['list', '[1]'],
        ['list', '{"a":1}'],
      ],
    ],
    [{ 'a=b&c': 'x=y&z', nothing: [] }, [['a=b&c', 'x=y&z']]],
    [{}, []],
    ['text', [['data', 'text']]],
    [42, [['data', '42']]],
    [null, [['data', '']]],
    [
      ['a', 'b'],
      [
        ['data', 'a'],
        ['data', 'b'],
      ],
    ],
  ])('writes %j as fields', (data, fields) => {
    expect(fieldsOf(data)).toEqual(fields);
  });

  it('writes members with names of every object', () => {
    const built = buildEnvelope('form', message({ dataJson: '{"__proto__":"a","constructor":"b"}' }))!;
    expect(built.body).toBe('__proto__=a&constructor=b');
  });

  it('puts the JSON text of the data into one field', () => {
    const odd = '{ "n" : 1.0, "big":12345678901234567890 }';
    const { body } = buildEnvelope({ name: 'form', field: 'payload' }, message({ dataJson: odd }))!;
    expect([...new URLSearchParams(body as string)]).toEqual([['payload', odd]]);
    expect(fieldsOf([1], { name: 'form', field: 'p' })).toEqual([['p', '[1]']]);
  });
});

describe('bytes', () => {
  it('sends what the base64 stands for', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const dataJson = JSON.stringify(Buffer.from(bytes).toString('base64'));
        expect(buildEnvelope('bytes', message({ dataJson }))).toEqual({
          body: bytes,
          contentType: 'application/octet-stream',
        });
      }),
    );
    const setting = { name: 'bytes', contentType: 'image/png' };
    expect(buildEnvelope(setting, message({ dataJson: '"\\/w=="' }))).toEqual({
      body: new Uint8Array([0xff]),
      contentType: 'image/png',
    });
  });

  it.each([
    ['{"pin":"hunter2"}', 'got an object'],
    ['null', 'got null'],
    ['12', 'got a number'],
    ['"hunter2!"', 'got another text'],
    ['"YQ"', 'got another text'],
    ['"_-8="', 'got another text'],
    ['"YQ==\\n"', 'got another text'],
  ])('refuses %s and says what to do', (dataJson, got) => {
    const build = (): unknown => buildEnvelope('bytes', message({ dataJson }));
    expect(build).toThrow(PayloadError);
    expect(build).toThrow(got);
    expect(build).toThrow('Emit a Uint8Array or its base64, or give the endpoint another envelope.');
    expect(build).not.toThrow('hunter2');
  });

  it('sends the message of a test as its JSON text', () => {
    const built = buildEnvelope('bytes', message({ test: true, dataJson: '{"test":true}' }))!;
    expect(built.body).toBe('{"test":true}');
  });
});

describe('toBytes', () => {
  it('encodes text as UTF-8 and leaves bytes as they are', () => {
    expect(toBytes('€😀')).toEqual(new Uint8Array(Buffer.from('€😀')));
    const bytes = new Uint8Array([0xff, 0x00]);
    expect(toBytes(bytes)).toBe(bytes);
  });
});

describe('describeEnvelope', () => {
  it('knows what the built-in ones write, and expects JSON of functions', () => {
    const described = ENVELOPE_NAMES.map((name) => {
      const { isBuiltIn, contentType, headerNames } = describeEnvelope(name);
      return [name, isBuiltIn, contentType, headerNames];
    });
    const eventHeaders = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-time'];
    expect(described).toEqual([
      ['standard', true, 'application/json', []],
      ['raw', true, 'application/json', []],
      ['cloudevents', true, 'application/cloudevents+json; charset=utf-8', []],
      ['cloudevents-binary', true, 'application/json', eventHeaders],
      ['form', true, 'application/x-www-form-urlencoded', []],
      ['bytes', true, 'application/octet-stream', []],
    ]);
    expect(describeEnvelope({ name: 'bytes', contentType: 'application/pdf' }).contentType).toBe(
      'application/pdf',
    );
    expect(describeEnvelope({ name: 'cloudevents-binary', subject: 'x' }).headerNames).toContain(
      'ce-subject',
    );
    expect(describeEnvelope({ name: 'acme' })).toMatchObject({
      isBuiltIn: false,
      contentType: 'application/json',
    });
  });
});

describe('validateEnvelope', () => {
  it.each([
    ['standard'],
    ['raw'],
    ['form'],
    [{ name: 'standard', idInBody: false }],
    [{ name: 'raw' }],
    ['anything'],
    [{ name: 'cloudevents', source: '/' }],
    [{ name: 'cloudevents', source: 'jobs' }],
    [{ name: 'cloudevents', source: 'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66' }],
    [{ name: 'cloudevents', source: 'mailto:cncf-wg-serverless@lists.cncf.io' }],
    [{ name: 'cloudevents', source: 'https://[2001:db8::1]:8443/a/b;c?d=e/f?g#h' }],
    [{ name: 'cloudevents-binary', source: '/a%20b', subject: 'Zoë 😀' }],
    [{ name: 'cloudevents', source: undefined }],
    [{ name: 'form', field: 'payload' }],
    [{ name: 'bytes', contentType: 'application/pdf' }],
    [{ name: 'bytes', contentType: 'text/csv; charset=utf-8' }],
  ])('accepts %j', (setting) => {
    expect(validateEnvelope(setting, 'envelope')).toBe(setting);
  });

  it.each([
    [1, 'envelope', 'got 1 (number)'],
    ['', 'envelope', 'got "" (string)'],
    [{}, 'envelope.name', 'got undefined'],
    [{ name: 'standard', idInbody: true }, 'envelope.idInbody', 'Did you mean "idInBody"?'],
    [{ name: 'standard', idInBody: 'yes' }, 'envelope.idInBody', 'true or false'],
    [{ name: 'raw', idInBody: true }, 'envelope.idInBody', 'Unknown key'],
    [{ name: 'acme', idInBody: true }, 'envelope.idInBody', 'Unknown key'],
    [{ name: 'cloudevents', source: '' }, 'envelope.source', 'a URI-reference'],
    [{ name: 'cloudevents', source: 'a b' }, 'envelope.source', 'percent-encoded'],
    [{ name: 'cloudevents', source: '/ü' }, 'envelope.source', 'a URI-reference'],
    [{ name: 'cloudevents', source: '/"' }, 'envelope.source', 'a URI-reference'],
    [{ name: 'cloudevents', source: '/100%' }, 'envelope.source', 'a URI-reference'],
    [{ name: 'cloudevents', source: '1a:b' }, 'envelope.source', 'a URI-reference'],
    [{ name: 'cloudevents', source: '/a#b#c' }, 'envelope.source', 'a URI-reference'],
    [{ name: 'cloudevents', source: '/[a]' }, 'envelope.source', 'a URI-reference'],
    [{ name: 'cloudevents', source: 'x'.repeat(1025) }, 'envelope.source', 'at most 1024 characters'],
    [{ name: 'cloudevents', source: 7 }, 'envelope.source', 'got 7 (number)'],
    [{ name: 'cloudevents-binary', subject: '' }, 'envelope.subject', 'got 0 characters'],
    [{ name: 'cloudevents-binary', subject: 'a\nb' }, 'envelope.subject', 'control character'],
    [{ name: 'cloudevents-binary', subject: '\ud83d' }, 'envelope.subject', '1 to 1024 characters'],
    [{ name: 'cloudevents', idInBody: true }, 'envelope.idInBody', 'Unknown key'],
    [{ name: 'form', field: '' }, 'envelope.field', 'the name of a form field'],
    [{ name: 'form', feild: 'x' }, 'envelope.feild', 'Did you mean "field"?'],
    [{ name: 'bytes', contentType: 'pdf' }, 'envelope.contentType', 'a media type'],
    [{ name: 'bytes', contentType: 'a/b; c=\u20ac' }, 'envelope.contentType', 'U+20AC'],
    [{ name: 'bytes', contentType: 'a/b\r\nx: y' }, 'envelope.contentType', 'a media type'],
  ])('refuses %j', (setting, path, text) => {
    const refused = (): unknown => validateEnvelope(setting, 'envelope');
    expect(refused).toThrow(OptionsError);
    expect(refused).toThrow(expect.objectContaining({ path }));
    expect(refused).toThrow(text);
  });

  it('refuses functions that are not registered, when it knows those that are', () => {
    const names = new Set(['acmeBody']);
    expect(validateEnvelope('acmeBody', 'envelope', names)).toBe('acmeBody');
    expect(() => validateEnvelope('acmeBodi', 'envelope', names)).toThrow('Did you mean "acmeBody"?');
    expect(() => validateEnvelope('standrd', 'envelope', names)).toThrow('Did you mean "standard"?');
  });
});
