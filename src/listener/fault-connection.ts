import type { Socket } from 'node:net';

/** What the answer of a fault says, where the fault leaves that open. */
export interface Answer {
  readonly status: number;
  /** Further headers, ready to be sent: `name: value\r\n`. */
  readonly headers: string;
  /** Pause between the pieces of what drips. */
  readonly dripMs: number;
}

/** What all connections of a receiver share. */
export interface Traffic {
  bytesReceived: number;
  bytesSent: number;
}

/** One connection of a fault receiver: the ways to treat a peer badly. Writing to one that is gone does nothing. */
export class FaultConnection {
  /** Whole requests that came over this connection, the current one included. */
  requests = 0;
  /** What the answers of this receiver say. */
  readonly answer: Answer;
  /** The receiver keeps its half open when the peer ends its own. */
  keepsHalf = false;
  readonly #socket: Socket;
  /** Under TLS the connection below it, which alone can be reset. */
  readonly #wire: Socket;
  readonly #traffic: Traffic;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(parts: { socket: Socket; wire: Socket; answer: Answer; traffic: Traffic }) {
    this.answer = parts.answer;
    this.#socket = parts.socket;
    this.#wire = parts.wire;
    this.#traffic = parts.traffic;
    this.#socket.once('close', () => this.#stop());
    this.#socket.once('end', () => {
      if (!this.keepsHalf) this.#socket.end();
    });
  }

  /** Writes bytes as they are, text as latin1. Resolves when they have left, or never will. */
  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#socket.writable) return resolve();
      this.#count(bytes);
      this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () => resolve());
    });
  }

  /** Ends the connection in order (FIN), after what was written. */
  async end(bytes?: string | Uint8Array): Promise<void> {
    if (bytes !== undefined) await this.write(bytes);
    this.#socket.end();
  }

  /** Ends the connection at once (RST). */
  async reset(bytes?: string | Uint8Array): Promise<void> {
    if (bytes !== undefined) await this.write(bytes);
    if (this.#wire.destroyed) this.#socket.destroy();
    else this.#wire.resetAndDestroy();
  }

  /** Reads nothing any more. */
  pause(): void {
    this.#socket.pause();
  }

  /** Goes on writing a piece now and then, for as long as the peer stays. */
  drip(piece: string): Promise<void> {
    const timer = setInterval(() => void this.write(piece), this.answer.dripMs);
    this.#timers.add(timer);
    return this.write(piece);
  }

  /** Goes on writing a piece as fast as the peer reads, for as long as it stays. */
  flood(piece: string | Uint8Array): Promise<void> {
    const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
    const fill = (): void => {
      while (this.#socket.writable) {
        this.#count(bytes);
        if (!this.#socket.write(bytes)) return;
      }
    };
    this.#socket.on('drain', fill);
    fill();
    return Promise.resolve();
  }

  #count(bytes: string | Uint8Array): void {
    this.#traffic.bytesSent += bytes.length;
  }

  #stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
  }
}
