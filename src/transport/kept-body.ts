/** The first bytes of a response body. */
export class KeptBody {
  /** More bytes came than are kept. */
  isTruncated = false;
  private bytes: Uint8Array = NOTHING;
  private length = 0;
  private readonly limit: number;

  /** @param limit bytes to keep; 0 keeps none, `Infinity` all */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Takes the next bytes. False when they do not all fit: nothing further is needed. */
  add(chunk: Uint8Array): boolean {
    const room = this.limit - this.length;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.isTruncated = part.length < chunk.length;
    if (this.length === 0) {
      // Nearly every body is one chunk: it is kept as it came.
      this.bytes = part;
    } else {
      this.append(part);
    }
    this.length += part.length;
    return !this.isTruncated;
  }

  /** The bytes kept so far. */
  take(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Doubles, so that a body which drips in costs its own size and not that of its chunks. */
  private append(part: Uint8Array): void {
    const needed = this.length + part.length;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(this.length * 2, this.limit)));
      grown.set(this.take());
      this.bytes = grown;
    }
    this.bytes.set(part, this.length);
  }
}

const NOTHING = new Uint8Array(0);
