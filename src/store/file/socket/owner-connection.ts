import type { Socket } from 'node:net';
import type { Clock } from '../../../clock.ts';
import type { StoreChange } from '../../store.ts';
import { decodeHello, decodeMessage, encodeHello, encodeMessage, type Frame } from './frame.ts';
import { FrameChannel } from './frame-channel.ts';
import { findMismatch, isClientHello, isHello, type OwnerHello } from './hello.ts';
import { PendingChanges } from './pending-changes.ts';
import { holderOf, isStoreCall, type StoreCall } from './store-calls.ts';
import { toWireError } from './wire-error.ts';
import type { ClientMessage, OwnerMessage } from './wire-message.ts';

/** Calls of one client that run at once; more wait in its socket. */
const MAX_RUNNING = 64;

/** How long a client may take to say hello. */
const HELLO_LIMIT_MS = 10_000;

/** What an `OwnerConnection` needs of its owner. */
export interface OwnerConnectionOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly unreadLimitMs: number;
  readonly hello: OwnerHello;
  /** Makes a call of the local store; `undefined` when the owner is closing, and makes none any more. */
  readonly call: (call: StoreCall, params: unknown) => Promise<unknown> | undefined;
  /** What a client that has just said hello is told at once. */
  readonly lasting: () => StoreChange | undefined;
  /** Called once, when the connection is no more. */
  readonly onEnd: () => void;
  /** The last call that ran has been answered. */
  readonly onIdle: () => void;
  /** A call ended after its client had gone: what it leased is nobody's. */
  readonly onOrphan: (holder: string) => void;
  readonly log: (message: string) => void;
}

/** A client, as its owner sees it. Whatever it does harms nobody else: at worst it is dropped, with a line in the log. */
export class OwnerConnection {
  readonly #options: OwnerConnectionOptions;
  readonly #channel: FrameChannel;
  readonly #changes = new PendingChanges();
  /** The owners of leases that the client has named. */
  readonly holders = new Set<string>();
  #state: 'new' | 'greeted' | 'left' | 'ended' = 'new';
  #client = 'a process that said no hello';
  #running = 0;

  constructor(options: OwnerConnectionOptions) {
    const { socket, clock, unreadLimitMs } = options;
    this.#options = options;
    const timer = clock.setTimer(() => {
      if (this.#state === 'new') this.#channel.drop(`it said no hello for ${HELLO_LIMIT_MS} ms`);
    }, HELLO_LIMIT_MS);
    this.#channel = new FrameChannel({
      socket,
      clock,
      unreadLimitMs,
      onFrame: (frame) => this.#onFrame(frame),
      onDrain: () => this.#onDrain(),
      onClose: (reason) => {
        timer.cancel();
        this.#onClose(reason);
      },
    });
  }

  /** Whether no call of it runs. */
  get isIdle(): boolean {
    return this.#running === 0;
  }

  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  /** Tells of a change, or keeps it until the client has read what it was told before. */
  tell(change: StoreChange, bytes: Buffer): void {
    if (this.#state !== 'greeted') return;
    if (this.#channel.isFull) this.#changes.add(change);
    else this.#sendInTurn(bytes);
  }

  /** What was kept is told first: who is given a message is to know of the endpoints that were changed before it. */
  #sendInTurn(bytes: Buffer): void {
    this.#tellKept();
    this.#channel.send(bytes);
  }

  #tellKept(): void {
    if (this.#changes.isEmpty) return;
    for (const change of this.#changes.take())
      this.#channel.send(encodeMessage({ kind: 'change', change } satisfies OwnerMessage, 'a change'));
  }

  /** Says that the store is closed, and ends once the client has read that. */
  close(): void {
    if (this.#state === 'greeted')
      this.#channel.send(encodeMessage({ kind: 'closed' } satisfies OwnerMessage, 'the end'));
    this.#leave();
  }

  /** Ends now. */
  drop(): void {
    if (this.#state !== 'ended') this.#state = 'left';
    this.#channel.drop();
  }

  #leave(): void {
    if (this.#state !== 'ended') this.#state = 'left';
    // What it still sends is read, and ignored: its own end comes after that.
    this.#channel.resume();
    this.#channel.end();
  }

  #onFrame(frame: Frame): void {
    if (this.#state === 'left') return;
    if (this.#state === 'new') {
      if (frame.kind !== 'hello') throw new Error('it said no hello');
      return this.#greet(decodeHello(frame.body));
    }
    const message = decodeMessage(frame.body) as Partial<ClientMessage> | null;
    if (message?.kind === 'goodbye') return this.#leave();
    if (message?.kind !== 'call' || !Number.isSafeInteger(message.id) || !isStoreCall(message.call)) {
      throw new Error('it sent something that is no call');
    }
    void this.#serve(message as ClientMessage & { readonly kind: 'call' });
  }

  #greet(hello: unknown): void {
    if (!isHello(hello)) throw new Error('it said no hello');
    this.#client = `process ${hello.pid}`;
    const bytes = encodeHello(this.#options.hello);
    // It hears who we are, so that it can say why it cannot talk to us.
    const mismatch = findMismatch(hello);
    if (mismatch !== undefined) {
      this.#options.log(`Refused a client: ${mismatch}.`);
      this.#channel.send(bytes);
      return this.#leave();
    }
    if (!isClientHello(hello)) throw new Error('it said no hello');
    for (const holder of hello.holders) this.holders.add(holder);
    this.#channel.greeted();
    this.#state = 'greeted';
    this.#channel.send(bytes);
    const change = this.#options.lasting();
    if (change !== undefined)
      this.#channel.send(encodeMessage({ kind: 'change', change } satisfies OwnerMessage, 'a change'));
  }

  async #serve({ id, call, params }: ClientMessage & { readonly kind: 'call' }): Promise<void> {
    const holder = holderOf(call, params);
    const answer = this.#options.call(call, params);
    if (answer === undefined) return;
    if (holder !== undefined) this.holders.add(holder);
    this.#began();
    try {
      this.#send({ kind: 'answer', id, value: await answer }, call);
    } catch (error) {
      this.#send({ kind: 'error', id, error: toWireError(error) }, call);
    }
    if (holder !== undefined && this.#state === 'ended') this.#options.onOrphan(holder);
    this.#finished();
  }

  #send(message: OwnerMessage, call: StoreCall): void {
    if (this.#state !== 'ended') this.#sendInTurn(encodeMessage(message, `the answer to ${call}`));
  }

  #began(): void {
    this.#running += 1;
    this.#channel.hold(true);
    this.#regulate();
  }

  #finished(): void {
    this.#running -= 1;
    this.#regulate();
    if (this.#running > 0) return;
    this.#channel.hold(false);
    this.#options.onIdle();
  }

  /** Takes no more calls than run at once, and none while the answers are not read. */
  #regulate(): void {
    if (this.#running >= MAX_RUNNING || this.#channel.isFull) this.#channel.pause();
    else this.#channel.resume();
  }

  #onDrain(): void {
    this.#tellKept();
    this.#regulate();
  }

  #onClose(reason: string | undefined): void {
    const hasLeft = this.#state === 'left';
    this.#state = 'ended';
    if (reason !== undefined) this.#options.log(`Dropped a client, ${this.#client}: ${reason}.`);
    else if (!hasLeft) this.#options.log(`A client has gone without closing its store: ${this.#client}.`);
    this.#options.onEnd();
  }
}
