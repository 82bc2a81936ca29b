const LINE_FEED = 0x0a;
/** Longest line that is read, between chunks; extensions of chunks are skipped. */
const MAX_LINE_LENGTH = 64;

/** Takes a body in chunks apart (RFC 9112 section 7.1). */
export class ChunkDecoder {
  /** The last chunk, and what may follow it, has been read. */
  isDone = false;
  #line = '';
  #dataLeft = 0;
  /** Bytes of the line end behind the data of a chunk. */
  #endLeft = 0;
  #isLast = false;

  /** Reads up to the end of the body, handing its data to `keep`. @returns how many bytes that took */
  read(bytes: Buffer, keep: (data: Buffer) => void): number {
    let at = 0;
    while (at < bytes.length && !this.isDone) {
      if (this.#dataLeft > 0) {
        const data = bytes.subarray(at, at + this.#dataLeft);
        keep(data);
        at += data.length;
        this.#dataLeft -= data.length;
      } else if (this.#endLeft > 0) {
        at += 1;
        this.#endLeft -= 1;
      } else {
        this.#readLine(bytes[at]!);
        at += 1;
      }
    }
    return at;
  }

  #readLine(byte: number): void {
    if (byte !== LINE_FEED) {
      if (this.#line.length < MAX_LINE_LENGTH) this.#line += String.fromCharCode(byte);
      return;
    }
    const line = this.#line.trim();
    this.#line = '';
    if (this.#isLast) {
      this.isDone = line === '';
      return;
    }
    const size = Number.parseInt(line, 16);
    if (size > 0) [this.#dataLeft, this.#endLeft] = [size, 2];
    else this.#isLast = true;
  }
}
