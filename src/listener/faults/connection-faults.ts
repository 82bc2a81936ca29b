import { answering, type Fault, NO_CONTENT } from './fault.ts';

/** Connections that are refused, lost, or of no use. */
export const connectionFaults = {
  connection_refused: { does: 'refuses connections', port: 'refused' },
  reset_on_connect: {
    does: 'accepts connections and resets them',
    onConnected: (connection) => connection.reset(),
  },
  close_on_connect: {
    does: 'accepts connections and closes them',
    onConnected: (connection) => connection.end(),
  },
  reset_after_request: {
    does: 'reads the request, then resets the connection',
    onRequested: (connection) => connection.reset(),
  },
  close_after_request: {
    does: 'reads the request, then closes the connection',
    onRequested: (connection) => connection.end(),
  },
  reset_on_reuse: {
    does: 'answers the first request of a connection, and resets it at the second',
    onRequested: (connection) =>
      connection.requests === 1 ? connection.write(NO_CONTENT) : connection.reset(),
  },
  close_on_reuse: {
    does: 'answers the first request of a connection, and closes it at the second',
    onRequested: (connection) =>
      connection.requests === 1 ? connection.write(NO_CONTENT) : connection.end(),
  },
  close_when_idle: answering(
    'answers, then closes the connection that could have been kept',
    () => NO_CONTENT,
    'end',
  ),
  never_answers: { does: 'reads the request and never answers', onRequested: () => undefined },
  never_reads: {
    does: 'accepts connections and never reads from them',
    onConnected: (connection) => connection.pause(),
  },
  half_open: {
    does: 'vanishes after the request: neither reads, nor writes, nor closes',
    onRequested(connection) {
      connection.keepsHalf = true;
      connection.pause();
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;
