/**
 * Which connection carries a request. undici does not say: its errors name a socket or not, depending on how it ended,
 * and never whether it was reused. So each of its clients, which have one connection at a time, is given its own connector.
 */
import type { Socket } from 'node:net';
import type { buildConnector, Client, Dispatcher, Pool } from 'undici';
import type { Undici } from './load-undici.ts';

/** An undici client: the owner of one connection, over which requests go one after the other. */
export interface Carrier {
  /** The last connection that was made, open or not. */
  readonly socket: Socket | undefined;
}

/** Dispatch options that want to know who carries them. */
export interface Carried {
  /** Bytes on the wire after which an answer is given up; see {@link maxAnswerBytes}. */
  readonly maxAnswerBytes: number;
  /** Called when the request was given to a client, before it is written. */
  onAssigned(carrier: Carrier): void;
}

/** What interim responses, a status line, chunk sizes and the like may take beside head and body. */
const MAX_WRAPPING_BYTES = 256 * 1024;
/** Each byte of a body that comes as chunks of one takes six. */
const WIRE_BYTES_PER_BODY_BYTE = 16;

/**
 * How much of an answer is read at most. The parser bounds headers, and whoever keeps the body bounds that; what stands before and between
 * them could go on as fast as it comes, until the deadline.
 */
export function maxAnswerBytes(maxBodyBytes: number): number {
  return MAX_WRAPPING_BYTES + WIRE_BYTES_PER_BODY_BYTE * maxBodyBytes;
}

/** The `factory` of an Agent whose clients tell requests who carries them. */
export function createCarrierFactory(
  undici: Undici,
  connect: buildConnector.connector,
): (origin: string | URL, options: object) => Dispatcher {
  class CarrierClient extends undici.Client implements Carrier {
    socket: Socket | undefined = undefined;
    /** `bytesRead` of the connection at which the answer that comes now is given up. */
    private readUpTo = Infinity;
    private maxAnswerBytes = Infinity;

    constructor(origin: URL, options: Client.Options) {
      super(origin, {
        ...options,
        connect: (parameters, callback) =>
          connect(parameters, (...[error, socket]) => {
            if (error !== null) return callback(error, null);
            this.socket = socket;
            this.expectAnswer();
            callback(null, socket);
            // After the one of undici, which has parsed by then what was read.
            socket.on('readable', () => this.checkRead(socket));
          }),
      });
    }

    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      const carried = options as Partial<Carried>;
      carried.onAssigned?.(this);
      this.maxAnswerBytes = carried.maxAnswerBytes ?? Infinity;
      this.expectAnswer();
      return super.dispatch(options, handler);
    }

    private expectAnswer(): void {
      this.readUpTo = (this.socket?.bytesRead ?? 0) + this.maxAnswerBytes;
    }

    private checkRead(socket: Socket): void {
      if (socket.bytesRead <= this.readUpTo || socket.destroyed) return;
      socket.destroy(
        new undici.errors.ResponseExceededMaxSizeError(
          `the answer took more than ${this.maxAnswerBytes} bytes`,
        ),
      );
    }
  }
  return (origin, options) =>
    new undici.Pool(origin, {
      ...(options as Pool.Options),
      factory: (to, settings) => new CarrierClient(to, settings),
    });
}
