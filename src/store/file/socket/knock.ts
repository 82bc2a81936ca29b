import { connect, type Socket } from 'node:net';
import { describeError, StoreError } from '../../../errors.ts';

/** What came of connecting to a socket. */
export type Reply =
  /** Its process lives. */
  | { readonly kind: 'answered'; readonly socket: Socket }
  /** Its process is dead, and the socket will never answer again. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'gone' }
  /** Its process lives, but takes no connections at the moment: too many wait already. */
  | { readonly kind: 'busy' };

const KINDS: Readonly<Record<string, 'refused' | 'gone' | 'busy'>> = {
  ECONNREFUSED: 'refused',
  ENOENT: 'gone',
  // It died, or stopped listening, in this very moment.
  ECONNRESET: 'gone',
  EAGAIN: 'busy',
};

/**
 * Connects to a socket. The kernel answers at once, whatever the process behind it does.
 *
 * @throws StoreError (rejects) when the socket cannot be reached for another reason, as of another user
 */
export function knock(path: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      resolve({ kind: 'answered', socket });
    });
    // Stays: an error between this answer and the next listener must not end the process.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const kind = KINDS[error.code ?? ''];
      if (kind !== undefined) return resolve({ kind });
      const hint = error.code === 'EACCES' ? ' It belongs to another user.' : '';
      reject(
        new StoreError(`Could not connect to ${path}: ${describeError(error)}.${hint}`, { cause: error }),
      );
    });
  });
}
