import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  decodeHello,
  decodeMessage,
  encodeHello,
  encodeMessage,
  type Frame,
  FrameReader,
  MAX_FRAME_BYTES,
} from '../../../../src/store/file/socket/frame.ts';

function read(reader: FrameReader): Frame[] {
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  return frames;
}

function roundTrip(value: unknown): unknown {
  const reader = new FrameReader(() => MAX_FRAME_BYTES);
  reader.push(encodeMessage(value, 'a value'));
  return decodeMessage(reader.next()!.body);
}

describe('frames', () => {
  it('carry what JSON does not', () => {
    const value = {
      nothing: undefined,
      for: Infinity,
      slots: new Map([['lane', 0]]),
      bytes: new Uint8Array([1, 2, 3]),
      half: '\ud800',
      text: 'ä€😀',
      at: -0,
      big: 2n ** 70n,
      list: [undefined, null, Number.NaN],
    };
    const back = roundTrip(value) as typeof value;
    expect(back).toEqual(value);
    expect(Object.keys(back)).toEqual(Object.keys(value));
    expect(Object.is(back.at, -0)).toBe(true);
    expect(back.bytes).toBeInstanceOf(Uint8Array);
  });

  it('arrive whole, however they are cut', () => {
    const messages = fc.array(fc.jsonValue(), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (values, cuts) => {
        const bytes = Buffer.concat([
          encodeHello({ hello: 'ä' }),
          ...values.map((one) => encodeMessage(one, 'it')),
        ]);
        const reader = new FrameReader(() => MAX_FRAME_BYTES);
        const frames: Frame[] = [];
        for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
          const end = start + cuts[turn % cuts.length]!;
          reader.push(bytes.subarray(start, end));
          frames.push(...read(reader));
          start = end;
        }
        expect(frames.map(({ kind }) => kind)).toEqual(['hello', ...values.map(() => 'message')]);
        expect(decodeHello(frames[0]!.body)).toEqual({ hello: 'ä' });
        expect(frames.slice(1).map(({ body }) => decodeMessage(body))).toEqual(values);
      }),
    );
  });

  it('arrive byte by byte in the time of their size', () => {
    const text = 'x'.repeat(200_000);
    const bytes = encodeMessage(text, 'it');
    const reader = new FrameReader(() => MAX_FRAME_BYTES);
    const frames: Frame[] = [];
    for (let at = 0; at < bytes.length; at += 1) {
      reader.push(bytes.subarray(at, at + 1));
      frames.push(...read(reader));
    }
    expect(frames.map(({ body }) => decodeMessage(body))).toEqual([text]);
  });

  it('are refused when they are too large, naming the size', () => {
    expect(() => encodeMessage('x'.repeat(MAX_FRAME_BYTES), 'the answer to list')).toThrow(
      /^Could not send the answer to list .* it has 671\d+ bytes, at most 67108864/,
    );
    const reader = new FrameReader(() => 10);
    reader.push(encodeMessage('longer than ten bytes', 'it'));
    expect(() => reader.next()).toThrow(/^a frame of 2\d bytes, at most 10 are taken$/);
  });

  it('are refused when they are something else', () => {
    const frame = encodeMessage(1, 'it');
    for (const [at, value] of [
      [4, 2],
      [5, 3],
      [6, 1],
      [7, 1],
    ] as const) {
      const reader = new FrameReader(() => MAX_FRAME_BYTES);
      const bytes = Buffer.from(frame);
      bytes[at] = value;
      reader.push(bytes);
      expect(() => reader.next()).toThrow('this is not a frame of version 1');
    }
  });

  it('refuse what cannot be cloned', () => {
    expect(() => encodeMessage({ token: () => 'x' }, 'it')).toThrow('could not be cloned');
  });
});
