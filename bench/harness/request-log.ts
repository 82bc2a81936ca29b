/** A request as it came. */
export interface LoggedRequest {
  readonly head: string;
  readonly body: Buffer;
  /** When its last byte came, as far as the receiver cared. */
  readonly receivedAt: number;
}

const SLAB_BYTES = 16 * 1024 * 1024;
const HEAD_END = '\r\n\r\n';

/**
 * Requests, kept as their bytes in large blocks that are used again: adding one costs a copy of about a kilobyte and
 * leaves nothing for the garbage collector.
 */
export class RequestLog {
  readonly #slabs: Buffer[] = [Buffer.alloc(SLAB_BYTES, 1)];
  /** For each request: slab, start and end, and when it came. */
  #places: number[] = [];
  #slab = 0;
  #used = 0;

  /** Adds the bytes of one whole request. */
  add(bytes: Buffer, receivedAt = 0): void {
    if (this.#used + bytes.length > SLAB_BYTES) {
      this.#slab += 1;
      this.#used = 0;
      if (this.#slab === this.#slabs.length) this.#slabs.push(Buffer.alloc(SLAB_BYTES, 1));
    }
    bytes.copy(this.#slabs[this.#slab]!, this.#used);
    this.#places.push(this.#slab, this.#used, this.#used + bytes.length, receivedAt);
    this.#used += bytes.length;
  }

  /** All requests, oldest first. They must be read before the next one is added. */
  *takeAll(): Generator<LoggedRequest> {
    const places = this.#places;
    this.#places = [];
    this.#slab = 0;
    this.#used = 0;
    for (let index = 0; index < places.length; index += 4) {
      const bytes = this.#slabs[places[index]!]!.subarray(places[index + 1], places[index + 2]);
      const headEnd = bytes.indexOf(HEAD_END);
      yield {
        head: bytes.toString('latin1', 0, headEnd),
        body: bytes.subarray(headEnd + HEAD_END.length),
        receivedAt: places[index + 3]!,
      };
    }
  }
}
