import type { Socket } from 'node:net';
import { shouldResend } from '../core/resend.ts';
import type { Carrier } from './carrier.ts';
import type { TransportFailure } from './classify-error.ts';
import type { TransportContext } from './transport.ts';

/** The part of the context that says how soon a lost request may be sent again. */
type ResendContext = Pick<TransportContext, 'clock' | 'resendWithinMs'>;

/**
 * The way of one request to the server, as far as it decides whether the request may be sent again.
 *
 * A connection that had bytes written to it before has carried a request. No other can have used it since, because
 * clients carry one request at a time; so bytes that were written afterwards are those of this request, and bytes that
 * came afterwards answer it.
 */
export class Passage {
  /** Who carries the request; the last one, if it is sent again. */
  carrier: Carrier | undefined;
  private readonly context: ResendContext;
  private readonly startedAt: number;
  private sent = 1;
  private socket: Socket | undefined;
  private writtenBefore = 0;
  private readBefore = 0;

  constructor(context: ResendContext) {
    this.context = context;
    this.startedAt = context.clock.elapsed();
  }

  /** The request was given to a client, whose connection may be there already. */
  assign(carrier: Carrier): void {
    this.carrier = carrier;
    this.socket = carrier.socket;
    if (this.socket === undefined) return;
    this.writtenBefore = this.socket.bytesWritten;
    this.readBefore = this.socket.bytesRead;
  }

  /** Whether the request is to be sent once more, on a fresh connection. Says yes once at most. */
  takeResend(failure: TransportFailure): boolean {
    const { socket, context } = this;
    if (socket === undefined) return false;
    const isCarried = socket.bytesWritten > this.writtenBefore;
    const isWanted = shouldResend(
      {
        isReset: failure.reason === 'connection_reset',
        wasReused: this.writtenBefore > 0 && isCarried,
        bytesBack: socket.bytesRead - this.readBefore,
        elapsedMs: context.clock.elapsed() - this.startedAt,
        sent: this.sent,
      },
      context.resendWithinMs,
    );
    if (isWanted) this.sent += 1;
    return isWanted;
  }

  /** The failure, which says so if the request was sent twice. */
  describe(failure: TransportFailure): TransportFailure {
    if (this.sent === 1) return failure;
    return { ...failure, detail: `sent again after a kept connection was lost; then ${failure.detail}` };
  }
}
