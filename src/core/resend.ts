/** Whether a request is sent once more within its attempt: the one repetition that is not a retry. */

/** A request that was lost. */
export interface LostRequest {
  /** The connection was lost, rather than refused, too slow or spoiled by what came over it. */
  readonly isReset: boolean;
  /** It went over a connection that had carried a request before. */
  readonly wasReused: boolean;
  /** Bytes that came back for it, interim responses included. */
  readonly bytesBack: number;
  /** Milliseconds since it was handed to the transport. */
  readonly elapsedMs: number;
  /** How often it was sent, 1 for the first time. */
  readonly sent: number;
}

/**
 * Servers close connections that idle, and a request may cross the close on its way. Such a request was in all
 * likelihood never read, and the next connection will do. Everything else is left to the retry policy: whatever came back
 * was from a server that read something, and one that takes its time before it resets has had time to work.
 *
 * @param withinMs longest time after which it is sent again; 0: never
 */
export function shouldResend(lost: LostRequest, withinMs: number): boolean {
  return (
    lost.isReset && lost.wasReused && lost.bytesBack === 0 && lost.sent === 1 && lost.elapsedMs < withinMs
  );
}
