import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serializeJson } from '../../../src/core/json.ts';
import type { Message } from '../../../src/core/message.ts';
import { StoreError } from '../../../src/errors.ts';
import { fromMessageColumns, toMessageColumns } from '../../../src/store/codec/message-codec.ts';
import { errorOf } from './error-of.ts';

type NewMessage = Message & { readonly fingerprint: string | undefined };

const MINIMAL: NewMessage = {
  id: 'msg_1',
  tenant: 'default',
  type: 'job.completed',
  dataJson: '{"jobId":"42"}',
  timestamp: 1_795_417_210_181,
  idempotencyKey: undefined,
  orderingKey: undefined,
  metadata: undefined,
  trace: undefined,
  addressed: false,
  test: false,
  fingerprint: undefined,
};
const FULL: NewMessage = {
  ...MINIMAL,
  idempotencyKey: 'once',
  orderingKey: 'order-7',
  metadata: { region: 'eu', list: [1, null] },
  trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' },
  addressed: true,
  test: true,
  fingerprint: 'abc=',
};

const withoutFingerprint = ({ fingerprint: _, ...message }: NewMessage): Message => message;

describe('message columns', () => {
  it('have null where a message has nothing', () => {
    expect(toMessageColumns(MINIMAL)).toEqual({
      id: 'msg_1',
      tenant: 'default',
      type: 'job.completed',
      dataJson: '{"jobId":"42"}',
      timestamp: 1_795_417_210_181,
      idempotencyKey: null,
      orderingKey: null,
      fingerprint: null,
      addressed: false,
      test: false,
      extra: null,
    });
  });

  it.each([
    ['nothing extra', MINIMAL],
    ['everything', FULL],
    ['metadata alone', { ...FULL, trace: undefined }],
    ['a trace alone', { ...FULL, metadata: undefined }],
    ['a trace without state', { ...FULL, trace: { traceparent: FULL.trace!.traceparent } }],
    ['an empty object as metadata', { ...FULL, metadata: {} }],
  ])('bring back a message with %s', (_, message) => {
    expect(fromMessageColumns(toMessageColumns(message))).toEqual(withoutFingerprint(message));
  });

  it.each([
    ['numbers and text', { addressed: 1, test: 0, timestamp: '1795417210181' }],
    ['bigints', { addressed: true, test: 0, timestamp: 1_795_417_210_181n }],
  ])('may come back as %s', (_, members) => {
    const message = fromMessageColumns({ ...toMessageColumns(FULL), ...members });
    expect(message).toEqual({ ...withoutFingerprint(FULL), addressed: true, test: false });
  });

  it('hold no U+0000 and no half surrogate pair, whatever is emitted', () => {
    const unit = fc.oneof(
      fc.constantFrom('\0', '\ud800', '\udfff', '\\', '"'),
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    );
    const text = fc.string({ unit, maxLength: 20 });
    const value = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(text, text, value, (key, member, data) => {
        const metadata = JSON.parse(JSON.stringify({ [key]: member, data })) as Message['metadata'];
        const message = { ...FULL, dataJson: serializeJson({ [key]: [member, data] }, 'data'), metadata };
        const columns = toMessageColumns(message);
        for (const column of [columns.dataJson, columns.extra!]) {
          expect(column).not.toContain('\0');
          expect(column).not.toMatch(/\p{Surrogate}/u);
        }
        expect(fromMessageColumns(columns)).toEqual(withoutFingerprint(message));
      }),
    );
  });

  it.each([
    ['no JSON', 's3cr3t', 'extra: expected JSON, got something else.'],
    ['no object', '5', 'extra: expected an object, got a number.'],
    [
      'metadata of another type',
      '{"metadata":["s3cr3t"]}',
      'extra.metadata: expected an object, got an array.',
    ],
    ['half a trace', '{"trace":{}}', 'extra.trace.traceparent: expected a string, got undefined.'],
  ])('are refused with %s as extra', (_, extra, why) => {
    const error = errorOf(() => fromMessageColumns({ ...toMessageColumns(FULL), extra }));
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('record_invalid');
    expect(error.message).toContain(`Cannot read the message "msg_1" that is stored: ${why}`);
    expect(error.message).not.toContain('s3cr3t');
  });

  it('may have members in extra that are not known', () => {
    const extra = '{"metadata":{"a":1},"later":true}';
    expect(fromMessageColumns({ ...toMessageColumns(MINIMAL), extra }).metadata).toEqual({ a: 1 });
  });
});
