import type { Socket } from 'node:net';
import type { Clock, Random } from '../../../clock.ts';
import { describeError, StoreError } from '../../../errors.ts';
import type { KeyFingerprints } from '../../codec/key-fingerprints.ts';
import type { StoreChange } from '../../store.ts';
import { contend } from './contend.ts';
import type { Door } from './door.ts';
import { LinkEnded } from './link-ended.ts';
import type { LocalStore } from './local-store.ts';
import { OwnerLink } from './owner-link.ts';
import { OwnerServer } from './owner-server.ts';
import { findSocketPlace } from './socket-place.ts';
import type { StoreCall } from './store-calls.ts';
import { sweepSockets } from './sweep-sockets.ts';

/** So many owners may end while they are greeted, or follow, before the next one is given time. */
const QUICK_TRIES = 3;

/** So many times another process may take the folder over while it is opened: after that, something else is at its files. */
const FOLLOWED_TRIES = 10;

const PAUSE_MS = 50;

/** What is logged when another process took the folder over. */
export const FOLLOWED =
  'Another process owns the folder: its control socket was removed. Becoming its client.';

/** What `arrive` needs. */
export interface ArriveOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** How long an owner may take to say hello. */
  readonly answerLimitMs: number;
  /** How long a client may leave its answers unread. */
  readonly unreadLimitMs: number;
  /** Highest number of an owner so far. */
  readonly lastEpoch: number;
  /** Those of this process. As the owner it tells them to clients, as a client it compares them with those of the owner. */
  readonly keys: KeyFingerprints | undefined;
  readonly openLocal: () => Promise<LocalStore>;
  /** Makes a call of the local store for a client. */
  readonly callLocal: (local: LocalStore, call: StoreCall, params: unknown) => Promise<unknown>;
  /** Owners of leases that this process has named. */
  readonly holders: ReadonlySet<string>;
  readonly onChange: (change: StoreChange) => void;
  /** What of these still lasts. */
  readonly lasting: () => StoreChange | undefined;
  readonly onLost: (link: OwnerLink) => void;
  readonly log: (message: string) => void;
}

/** How this process reaches the store of the folder. */
export type Station =
  | { readonly kind: 'owner'; readonly local: LocalStore; readonly server: OwnerServer }
  | { readonly kind: 'client'; readonly link: OwnerLink };

/**
 * Becomes the owner of a folder, or a client of its owner.
 *
 * @throws StoreError (rejects) when the local store cannot be opened (the lock is given up then), or the owner cannot
 *   be talked to, or has keys that do not go with those of this process
 * @throws the reason of the signal (rejects) when that was aborted
 */
export async function arrive(options: ArriveOptions): Promise<Station> {
  const { dir, clock, random, signal, log } = options;
  let followed = 0;
  for (let tries = 1; ; tries += 1) {
    // Again each time: the folder may have been removed meanwhile.
    const place = await findSocketPlace(dir, random);
    const result = await contend({ place, clock, random, signal });
    try {
      return result.kind === 'owner' ? await own(result.door, options) : await meet(result.socket, options);
    } catch (error) {
      if (isFollowed(error) && followed < FOLLOWED_TRIES) {
        followed += 1;
        log(FOLLOWED);
      } else if (!(error instanceof LinkEnded)) throw error;
    }
    if (tries > QUICK_TRIES)
      await new Promise<void>((resolve) => void clock.setTimer(resolve, PAUSE_MS, true));
  }
}

function isFollowed(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'store_owner_lost';
}

async function own(door: Door, options: ArriveOptions): Promise<Station> {
  const { clock, signal, unreadLimitMs, keys, openLocal, callLocal, holders, onChange, lasting, log } =
    options;
  let local: LocalStore | undefined;
  try {
    local = await openLocal();
    signal.throwIfAborted();
  } catch (error) {
    await local?.store.close();
    door.release();
    throw error;
  }
  const opened = local;
  const server = new OwnerServer({
    door,
    local,
    keys,
    clock,
    unreadLimitMs,
    ownHolders: holders,
    call: (call, params) => callLocal(opened, call, params),
    onChange,
    lasting,
    log,
  });
  // What remains is swept by the next owner.
  sweepSockets(door.place, clock).catch((error: unknown) =>
    log(`Could not remove what killed processes left in ${door.place.folder}: ${describeError(error)}.`),
  );
  return { kind: 'owner', local, server };
}

async function meet(socket: Socket, options: ArriveOptions): Promise<Station> {
  const { signal } = options;
  const abort = (): void => void socket.destroy();
  signal.addEventListener('abort', abort);
  try {
    return await greet(options, socket);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function greet(options: ArriveOptions, socket: Socket): Promise<Station> {
  const { clock, answerLimitMs: limitMs, lastEpoch, holders, keys, onChange, onLost } = options;
  const link: OwnerLink = await OwnerLink.greet({
    socket,
    clock,
    limitMs,
    holders,
    keys,
    onChange,
    onLost: () => onLost(link),
  });
  if (link.epoch >= lastEpoch) return { kind: 'client', link };
  await link.close();
  throw new StoreError(
    `Could not use the file store: its owner has the number ${link.epoch}, but number ${lastEpoch} was there before. ` +
      'The folder was replaced by an older one; restart this process.',
  );
}
