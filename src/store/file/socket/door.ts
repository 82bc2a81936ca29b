import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Candidate } from './candidate.ts';
import { socketIdentity } from './socket-identity.ts';
import type { SocketPlace } from './socket-place.ts';

/**
 * The lock of a folder, held: the control socket, which only this process listens on. The kernel ends it with the
 * process.
 */
export class Door {
  readonly place: SocketPlace;
  readonly #candidate: Candidate;

  constructor(place: SocketPlace, candidate: Candidate) {
    this.place = place;
    this.#candidate = candidate;
  }

  /** Whether the socket is still there. False when somebody removed it by hand: then another process may own the folder. */
  isHeld(): boolean {
    try {
      return socketIdentity(this.place.path) === this.#candidate.identity;
    } catch {
      return false;
    }
  }

  /** From now on connections are answered, first those that wait. They come paused. */
  answer(onConnection: (socket: Socket) => void): void {
    this.#candidate.answer(onConnection);
  }

  /** Gives the lock up. Nothing may be written to the folder any more. */
  release(): void {
    // The name goes first: a socket that has it and does not listen would pass for one of a dead process.
    try {
      if (this.isHeld()) rmSync(this.place.path, { force: true });
    } catch {
      // The folder is closed to us by now. Who comes next finds the socket of a dead process.
    }
    this.#candidate.close();
  }
}
