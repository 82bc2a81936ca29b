/**
 * Who owns a folder: the process that listens on its control socket.
 *
 * Guarantee: at any time at most one living process has the known name, however many contend and die meanwhile.
 * 1. Names are taken by links, which are exclusive, and only by sockets that listen already (`Candidate`). So a socket
 *    with a known name that refuses connections belongs to a dead process, and stays dead.
 * 2. A dead socket is removed only by who holds the right to remove this very socket: an exclusive file named after its
 *    identity. It is a link to the contender's own listening socket, so the kernel tells when its holder died; no process
 *    id and no age is trusted. Who finds the right in dead hands contends for the right to that one, and so on.
 * 3. The right to a socket is given up only after that socket has gone from the known name. It never comes back, so a
 *    contender that acts on old knowledge finds another identity there, and removes nothing.
 * Who loses is connected to the winner at once, and notices the winner's end by the end of the connection: nobody polls.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock, Random } from '../../../clock.ts';
import { StoreError } from '../../../errors.ts';
import { Candidate } from './candidate.ts';
import { Door } from './door.ts';
import { folderError } from './folder-error.ts';
import { knock } from './knock.ts';
import { socketIdentity } from './socket-identity.ts';
import type { SocketPlace } from './socket-place.ts';

/** How the names of rights begin. */
export const RIGHT_PREFIX = 'take-';

/** How long to leave an owner alone that has too many connections waiting. */
const BUSY_MS = 20;

/** What `contend` needs. */
export interface ContendOptions {
  readonly place: SocketPlace;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when nobody wants the folder any more. */
  readonly signal: AbortSignal;
}

/** What came of it: the lock, or a connection to somebody who has it, or may get it, and answers once it has. */
export type Contention =
  { readonly kind: 'owner'; readonly door: Door } | { readonly kind: 'client'; readonly socket: Socket };

/**
 * Contends for a folder. A `client` whose connection ends before it was answered contends again.
 *
 * @throws StoreError (rejects) when sockets cannot be made or reached there
 * @throws the reason of the signal (rejects) when that was aborted
 */
export async function contend(options: ContendOptions): Promise<Contention> {
  const contender = new Contender(options);
  try {
    return await contender.run();
  } catch (error) {
    throw error instanceof StoreError || options.signal.aborted
      ? error
      : folderError(options.place.folder, error);
  } finally {
    contender.end();
  }
}

class Contender {
  readonly #options: ContendOptions;
  #candidate: Candidate | undefined;

  constructor(options: ContendOptions) {
    this.#options = options;
  }

  async run(): Promise<Contention> {
    const { place, signal } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const found = socketIdentity(place.path);
      if (found === undefined) {
        const candidate = await this.#ready();
        if (candidate.publish(place.path)) return this.#own(candidate);
        continue;
      }
      const reply = await knock(place.path);
      if (reply.kind === 'answered') return { kind: 'client', socket: reply.socket };
      if (reply.kind === 'busy') await this.#pause();
      // Only if the same socket was there before and after, it was this one that refused.
      if (reply.kind !== 'refused' || socketIdentity(place.path) !== found) continue;
      const holder = await this.#remove(found);
      if (holder !== undefined) return { kind: 'client', socket: holder };
    }
  }

  /** The socket of a contender that did not win. */
  end(): void {
    this.#candidate?.close();
  }

  #own(candidate: Candidate): Contention {
    this.#candidate = undefined;
    candidate.dropOwnName();
    return { kind: 'owner', door: new Door(this.#options.place, candidate) };
  }

  /** Removes a dead socket from the known name, or answers with a connection to the one who is doing that. */
  async #remove(dead: string): Promise<Socket | undefined> {
    const { folder, path } = this.#options.place;
    const candidate = await this.#ready();
    for (let link = dead; ;) {
      const right = join(folder, `${RIGHT_PREFIX}${digest(link)}`);
      if (candidate.publish(right)) {
        // Synchronous: a contender holds a right for microseconds.
        if (socketIdentity(path) === dead) rmSync(path, { force: true });
        rmSync(right, { force: true });
        return undefined;
      }
      const holder = socketIdentity(right);
      if (holder === undefined) return undefined;
      const reply = await knock(right);
      if (reply.kind === 'answered') return reply.socket;
      if (reply.kind === 'busy') await this.#pause();
      if (reply.kind !== 'refused' || socketIdentity(right) !== holder) return undefined;
      link = holder;
    }
  }

  async #ready(): Promise<Candidate> {
    const { place, random } = this.#options;
    this.#candidate ??= await Candidate.listen(place.folder, random);
    return this.#candidate;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimer(resolve, BUSY_MS, true));
  }
}

function digest(identity: string): string {
  return createHash('sha256').update(identity).digest('base64url').slice(0, 7);
}
