import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../clock.ts';
import { describeError } from '../../../errors.ts';
import type { KeyFingerprints } from '../../codec/key-fingerprints.ts';
import type { StoreChange } from '../../store.ts';
import type { Door } from './door.ts';
import { encodeMessage } from './frame.ts';
import { ownerHello } from './hello.ts';
import type { LocalStore } from './local-store.ts';
import { OwnerConnection } from './owner-connection.ts';
import type { StoreCall } from './store-calls.ts';
import type { OwnerMessage } from './wire-message.ts';

/** Until then the clients of the owner before have come back. */
const HOLDERS_KNOWN_MS = 5_000;

/** How long clients that do not read may hold up the end. */
const CLOSE_LIMIT_MS = 1_000;

/** What `OwnerServer` needs. */
export interface OwnerServerOptions {
  readonly door: Door;
  readonly local: LocalStore;
  /** Told to clients, which compare them with their own. */
  readonly keys: KeyFingerprints | undefined;
  readonly clock: Clock;
  readonly unreadLimitMs: number;
  /** Makes a call of the local store. */
  readonly call: (call: StoreCall, params: unknown) => Promise<unknown>;
  /** The owners of leases that this process has named itself. */
  readonly ownHolders: ReadonlySet<string>;
  /** Changes for this process. */
  readonly onChange: (change: StoreChange) => void;
  /** What of these still lasts. */
  readonly lasting: () => StoreChange | undefined;
  readonly log: (message: string) => void;
}

/** The owner of a folder, towards its clients. */
export class OwnerServer {
  readonly #options: OwnerServerOptions;
  /** Also those that have ended while a call of theirs still runs. */
  readonly #connections = new Set<OwnerConnection>();
  readonly #unwatch: () => void;
  readonly #holdersKnown: Timer;
  #isClosing = false;
  /** Looked at whenever a connection ends, or has nothing more to do. */
  readonly #waiting = new Set<() => void>();

  constructor(options: OwnerServerOptions) {
    const { door, local, clock } = options;
    this.#options = options;
    this.#unwatch = local.store.watch((change) => this.#tell(change));
    this.#holdersKnown = clock.setTimer(() => this.#tellHolders(), HOLDERS_KNOWN_MS);
    door.answer((socket) => this.#welcome(socket));
  }

  /** Takes no more calls, answers those that run, closes the local store, and only then gives up the lock. */
  async close(): Promise<void> {
    const { door, local } = this.#options;
    this.#isClosing = true;
    this.#stop();
    await this.#idle();
    try {
      await local.store.close();
    } finally {
      door.release();
      await this.#part((connection) => connection.close());
    }
  }

  /** The folder has another owner. The local store is closed, clients are left to find the other one. */
  async abandon(): Promise<void> {
    const { door, local } = this.#options;
    this.#isClosing = true;
    this.#stop();
    door.release();
    const parted = this.#part((connection) => connection.drop());
    await this.#idle();
    await local.store.close();
    await parted;
  }

  #stop(): void {
    this.#unwatch();
    this.#holdersKnown.cancel();
  }

  #welcome(socket: Socket): void {
    const { clock, unreadLimitMs, local, keys, call, lasting, log } = this.#options;
    const connection: OwnerConnection = new OwnerConnection({
      socket,
      clock,
      unreadLimitMs,
      log,
      lasting,
      hello: ownerHello(local.epoch, keys),
      call: (name, params) => (this.#isClosing ? undefined : call(name, params)),
      onEnd: () => this.#ended(connection),
      onIdle: () => this.#settle(connection),
      onOrphan: (holder) => this.#gone(holder),
    });
    this.#connections.add(connection);
  }

  #tell(change: StoreChange): void {
    this.#options.onChange(change);
    if (this.#connections.size === 0) return;
    const bytes = encodeMessage({ kind: 'change', change } satisfies OwnerMessage, 'a change');
    for (const connection of this.#connections) connection.tell(change, bytes);
  }

  #ended(connection: OwnerConnection): void {
    for (const holder of connection.holders) this.#gone(holder);
    this.#settle(connection);
  }

  /** Unless a dispatcher of that name is here still: it has come back already. */
  #gone(holder: string): void {
    // The next owner will find out.
    if (this.#isClosing) return;
    const { local, ownHolders } = this.#options;
    const isHere = [...this.#connections].some(({ hasEnded, holders }) => !hasEnded && holders.has(holder));
    if (isHere || ownHolders.has(holder)) return;
    this.#safely(() => local.onHolderGone(holder));
  }

  #tellHolders(): void {
    const { local, ownHolders } = this.#options;
    const present = new Set(ownHolders);
    for (const { holders } of this.#connections) for (const holder of holders) present.add(holder);
    this.#safely(() => local.onHoldersKnown?.(present));
  }

  #safely(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#options.log(`Could not end the leases of a process that is gone: ${describeError(error)}.`);
    }
  }

  #settle(connection: OwnerConnection): void {
    if (connection.hasEnded && connection.isIdle) this.#connections.delete(connection);
    for (const check of [...this.#waiting]) check();
  }

  /** Waits until no call runs. */
  #idle(): Promise<void> {
    return this.#until(() => [...this.#connections].every(({ isIdle }) => isIdle));
  }

  /** Ends all connections, those that take too long at once. */
  async #part(leave: (connection: OwnerConnection) => void): Promise<void> {
    for (const connection of this.#connections) leave(connection);
    const dropAll = (): void => this.#connections.forEach((connection) => connection.drop());
    const timer = this.#options.clock.setTimer(dropAll, CLOSE_LIMIT_MS, true);
    await this.#until(() => [...this.#connections].every(({ hasEnded }) => hasEnded));
    timer.cancel();
  }

  #until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!isTrue()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}
