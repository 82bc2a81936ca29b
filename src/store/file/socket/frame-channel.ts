import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../clock.ts';
import { describeError } from '../../../errors.ts';
import { type Frame, FrameReader, MAX_FRAME_BYTES } from './frame.ts';

/** Largest body from somebody who has not said hello yet. */
const MAX_HELLO_BYTES = 64 * 1024;

/** What `FrameChannel` needs. */
export interface FrameChannelOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  /** How long the other side may leave what it was sent unread before it is dropped. `Infinity`: for ever. */
  readonly unreadLimitMs: number;
  /** May throw: the channel is dropped then, with the message as reason. */
  readonly onFrame: (frame: Frame) => void;
  /** What was sent has been taken; only called after `send` answered false. */
  readonly onDrain: () => void;
  /** Called once. The reason is that of `drop`; `undefined` when the connection ended otherwise. */
  readonly onClose: (reason: string | undefined) => void;
}

/**
 * Frames through a socket, in both directions. Does not keep the process alive. Whatever the other side sends, or fails
 * to read, ends this channel at worst.
 */
export class FrameChannel {
  readonly #options: FrameChannelOptions;
  readonly #reader: FrameReader;
  #hasGreeted = false;
  #isPaused = false;
  #isReading = false;
  #reason: string | undefined;
  #unread: Timer | undefined;

  constructor(options: FrameChannelOptions) {
    const { socket } = options;
    this.#options = options;
    this.#reader = new FrameReader(() => (this.#hasGreeted ? MAX_FRAME_BYTES : MAX_HELLO_BYTES));
    socket.unref();
    socket.on('data', (piece: Buffer) => {
      this.#reader.push(piece);
      this.#read();
    });
    socket.on('drain', () => this.#drained());
    // Whatever the error is, the connection closes: the other side is gone.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#closed());
    socket.resume();
  }

  /** True until everything that was sent has been handed to the other side. */
  get isFull(): boolean {
    return this.#options.socket.writableNeedDrain;
  }

  /** From now on frames may be large. */
  greeted(): void {
    this.#hasGreeted = true;
  }

  /** False when the other side does not keep up: `onDrain` tells when it has. */
  send(bytes: Buffer): boolean {
    const { socket, clock, unreadLimitMs } = this.#options;
    if (!socket.writable) return true;
    if (socket.write(bytes)) return true;
    if (unreadLimitMs < Infinity) {
      const late = (): void => this.drop(`it has not read its answers for ${unreadLimitMs} ms`);
      this.#unread ??= clock.setTimer(late, unreadLimitMs);
    }
    return false;
  }

  /** Stops reading: what the other side sends stays with it. */
  pause(): void {
    this.#isPaused = true;
    this.#options.socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#options.socket.resume();
    this.#read();
  }

  /** While held, the connection keeps the process alive. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#options.socket.ref();
    else this.#options.socket.unref();
  }

  /** Ends the connection once everything was sent. */
  end(): void {
    this.#options.socket.end();
  }

  /** Ends the connection now. */
  drop(reason?: string): void {
    this.#reason ??= reason;
    this.#options.socket.destroy();
  }

  #read(): void {
    // A frame may lead to `resume`, in the middle of this loop.
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (!this.#isPaused && !this.#options.socket.destroyed) {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        this.#options.onFrame(frame);
      }
    } catch (error) {
      this.drop(describeError(error));
    } finally {
      this.#isReading = false;
    }
  }

  #drained(): void {
    this.#unread?.cancel();
    this.#unread = undefined;
    this.#options.onDrain();
  }

  #closed(): void {
    this.#unread?.cancel();
    this.#options.onClose(this.#reason);
  }
}
