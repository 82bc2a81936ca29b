import { chmodSync, linkSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Random } from '../../../clock.ts';
import { giveSocketToFolder } from '../give-away.ts';
import { folderError } from './folder-error.ts';
import { socketIdentity } from './socket-identity.ts';

/** How the names begin of sockets that have no name yet which others know. */
export const CANDIDATE_PREFIX = 'sock-';

/**
 * A socket of this process that listens, and that can be given names others know.
 *
 * A socket that was just created refuses connections until it listens, and would pass for a dead one in between. So it
 * is created under a name of its own, closed to other users, and published by hard links: what has a known name
 * listens, or its process is dead. Links are exclusive: of many that want one name, one gets it.
 */
export class Candidate {
  /** See `socketIdentity`. */
  readonly identity: string;
  readonly #server: Server;
  readonly #path: string;
  #hasOwnName = true;
  /** Who connected before anybody was there to answer. */
  readonly #waiting: Set<Socket> = new Set<Socket>();
  #answer: ((socket: Socket) => void) | undefined;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
    this.identity = socketIdentity(path) ?? '';
    server.on('connection', (socket) => {
      if (this.#answer === undefined) this.#hold(socket);
      else this.#answer(socket);
    });
    // A connection that could not be taken (too many open files) is tried again by the one who wants it.
    server.on('error', () => undefined);
    server.unref();
  }

  /** @throws StoreError (rejects) when the folder cannot hold a socket */
  static async listen(folder: string, random: Random): Promise<Candidate> {
    const name = `${CANDIDATE_PREFIX}${Buffer.from(random.bytes(5)).toString('base64url')}`;
    const path = join(folder, name);
    const server = createServer({ pauseOnConnect: true });
    try {
      await listen(server, path);
      chmodSync(path, 0o600);
      giveSocketToFolder(path);
      return new Candidate(server, path);
    } catch (error) {
      server.close();
      throw folderError(folder, error);
    }
  }

  /** Gives the socket one more name. False when the name is taken. */
  publish(path: string): boolean {
    try {
      linkSync(this.#path, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** Removes its own name, once it has a better one. */
  dropOwnName(): void {
    if (!this.#hasOwnName) return;
    this.#hasOwnName = false;
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // The folder is closed to us by now. Who comes next sweeps it.
    }
  }

  /** From now on connections are answered, first those that wait. They come paused. */
  answer(onConnection: (socket: Socket) => void): void {
    this.#answer = onConnection;
    for (const socket of this.#waiting) {
      socket.removeAllListeners('error');
      onConnection(socket);
    }
    this.#waiting.clear();
  }

  /** Stops listening. Connections that nobody answered end; those that were answered stay. */
  close(): void {
    this.dropOwnName();
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting.clear();
  }

  #hold(socket: Socket): void {
    this.#waiting.add(socket);
    socket.unref();
    socket.on('error', () => undefined);
    socket.once('close', () => this.#waiting.delete(socket));
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: in a cluster the workers would otherwise share one socket, and all be its owner.
    server.listen({ path, exclusive: true }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}
