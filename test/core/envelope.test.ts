import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildEnvelope,
  describeEnvelope,
  ENVELOPE_NAMES,
  toBytes,
  validateEnvelope,
} from '../../src/core/envelope.ts';
import type { Message } from '../../src/core/message.ts';
import { OptionsError } from '../../src/errors.ts';

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

describe('toBytes', () => {
  it('encodes text as UTF-8 and leaves bytes as they are', () => {
    expect(toBytes('€😀')).toEqual(new Uint8Array(Buffer.from('€😀')));
    const bytes = new Uint8Array([0xff, 0x00]);
    expect(toBytes(bytes)).toBe(bytes);
  });
});

describe('describeEnvelope', () => {
  it('knows what the built-in ones write, and expects JSON of functions', () => {
    expect(ENVELOPE_NAMES).toEqual(['standard', 'raw']);
    for (const name of ENVELOPE_NAMES) {
      expect(describeEnvelope(name)).toEqual({
        name,
        isBuiltIn: true,
        contentType: 'application/json',
        headerNames: [],
      });
    }
    expect(describeEnvelope({ name: 'acme' })).toMatchObject({
      isBuiltIn: false,
      contentType: 'application/json',
    });
  });
});

describe('validateEnvelope', () => {
  it.each([['standard'], ['raw'], [{ name: 'standard', idInBody: false }], [{ name: 'raw' }], ['anything']])(
    'accepts %j',
    (setting) => {
      expect(validateEnvelope(setting, 'envelope')).toBe(setting);
    },
  );

  it.each([
    [1, 'envelope', 'got 1 (number)'],
    ['', 'envelope', 'got "" (string)'],
    [{}, 'envelope.name', 'got undefined'],
    [{ name: 'standard', idInbody: true }, 'envelope.idInbody', 'Did you mean "idInBody"?'],
    [{ name: 'standard', idInBody: 'yes' }, 'envelope.idInBody', 'true or false'],
    [{ name: 'raw', idInBody: true }, 'envelope.idInBody', 'Unknown key'],
    [{ name: 'acme', idInBody: true }, 'envelope.idInBody', 'Unknown key'],
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
