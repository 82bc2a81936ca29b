/**
 * What travels through the control socket: frames of a fixed head and a body.
 *
 * | bytes | head |
 * | --- | --- |
 * | 0 to 3 | length of the body, most significant byte first |
 * | 4 | version of the frames |
 * | 5 | kind: 1 hello, a JSON text that every version reads; 2 message, a structured clone |
 * | 6, 7 | 0 |
 */
import { DefaultSerializer, deserialize } from 'node:v8';
import { StoreError } from '../../../errors.ts';

/** Largest body, in bytes. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** Another one is not understood. */
const FRAME_VERSION = 1;

/** Bytes before the body; the body stays aligned. */
export const HEAD_BYTES = 8;

const KINDS = { hello: 1, message: 2 } as const;

/** What a frame holds. */
export interface Frame {
  readonly kind: keyof typeof KINDS;
  readonly body: Buffer;
}

/**
 * The bytes of a message: a structured clone, so that `undefined`, `Infinity`, maps and bytes arrive as they are.
 *
 * @param what how to call the message in the error: `the answer to list`
 * @throws StoreError when it is larger than a frame may be, naming the size
 * @throws Error (`DataCloneError`) when it holds what cannot be cloned, such as a function
 */
export function encodeMessage(message: unknown, what: string): Buffer {
  const serializer = new DefaultSerializer();
  serializer.writeRawBytes(Buffer.alloc(HEAD_BYTES));
  serializer.writeHeader();
  serializer.writeValue(message);
  const bytes = serializer.releaseBuffer();
  const size = bytes.length - HEAD_BYTES;
  if (size > MAX_FRAME_BYTES) {
    throw new StoreError(
      `Could not send ${what} to another process: it has ${size} bytes, at most ${MAX_FRAME_BYTES} are possible. ` +
        'Ask for less at once.',
    );
  }
  return withHead(bytes, 'message');
}

/** @throws Error when the bytes are no structured clone */
export function decodeMessage(body: Buffer): unknown {
  return deserialize(body);
}

/** The bytes of a hello. */
export function encodeHello(hello: object): Buffer {
  return withHead(Buffer.from('\0'.repeat(HEAD_BYTES) + JSON.stringify(hello)), 'hello');
}

/** @throws Error when the bytes are no JSON text */
export function decodeHello(body: Buffer): unknown {
  return JSON.parse(body.toString());
}

function withHead(bytes: Buffer, kind: Frame['kind']): Buffer {
  bytes.writeUInt32BE(bytes.length - HEAD_BYTES, 0);
  bytes[4] = FRAME_VERSION;
  bytes[5] = KINDS[kind];
  return bytes;
}

/**
 * Puts frames together from the pieces in which they arrive. Holds at most twice what has arrived, whatever a head
 * promises, and copies each byte a few times at most, however small the pieces are.
 */
export class FrameReader {
  readonly #maxBytes: () => number;
  /** What arrived and was not read yet stands between start and end. What stands before belongs to frames handed out. */
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** @param maxBytes largest body to take, asked for each frame */
  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  push(piece: Buffer): void {
    if (this.#start === this.#end) {
      this.#buffer = piece;
      this.#start = 0;
      this.#end = piece.length;
      return;
    }
    const size = this.#end - this.#start;
    if (this.#end + piece.length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * size, size + piece.length));
      this.#buffer.copy(larger, 0, this.#start, this.#end);
      this.#buffer = larger;
      this.#start = 0;
      this.#end = size;
    }
    piece.copy(this.#buffer, this.#end);
    this.#end += piece.length;
  }

  /**
   * The next frame, if all of it is there.
   *
   * @throws Error when what arrived is no frame; nothing more can be read then
   */
  next(): Frame | undefined {
    if (this.#end - this.#start < HEAD_BYTES) return undefined;
    const head = this.#buffer.subarray(this.#start, this.#start + HEAD_BYTES);
    const kind = head[5] === KINDS.hello ? 'hello' : 'message';
    if (head[4] !== FRAME_VERSION || head[5] !== KINDS[kind] || head.readUInt16BE(6) !== 0) {
      throw new Error(`this is not a frame of version ${FRAME_VERSION}`);
    }
    const length = head.readUInt32BE(0);
    if (length > this.#maxBytes()) {
      throw new Error(`a frame of ${length} bytes, at most ${this.#maxBytes()} are taken`);
    }
    const start = this.#start + HEAD_BYTES;
    if (this.#end - start < length) return undefined;
    this.#start = start + length;
    return { kind, body: this.#buffer.subarray(start, this.#start) };
  }
}
