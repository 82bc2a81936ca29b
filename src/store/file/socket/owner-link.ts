import type { Socket } from 'node:net';
import type { Clock } from '../../../clock.ts';
import { StoreError } from '../../../errors.ts';
import type { KeyFingerprints } from '../../codec/key-fingerprints.ts';
import type { AppendResult, ClaimResult, LeasedDelivery, StoreChange } from '../../store.ts';
import { findKeyConflict } from './compare-keys.ts';
import { decodeHello, decodeMessage, encodeHello, encodeMessage, type Frame } from './frame.ts';
import { FrameChannel } from './frame-channel.ts';
import { clientHello, findMismatch, isHello, isOwnerHello } from './hello.ts';
import { LinkEnded } from './link-ended.ts';
import { lateError, PendingCalls } from './pending-calls.ts';
import type { StoreCall } from './store-calls.ts';
import { fromWireError } from './wire-error.ts';
import type { ClientMessage, OwnerMessage } from './wire-message.ts';

/** How long an owner that does not read may hold up `close`. */
const CLOSE_LIMIT_MS = 1_000;

/** What an `OwnerLink` needs. */
export interface OwnerLinkOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  /** How long the owner may take for its hello. */
  readonly limitMs: number;
  /** Owners of leases that this process has named. */
  readonly holders: ReadonlySet<string>;
  /** Those of this process. */
  readonly keys: KeyFingerprints | undefined;
  readonly onChange: (change: StoreChange) => void;
  /** The connection has ended after the owner said hello; not by `close`. */
  readonly onLost: () => void;
}

/** The owner of a folder, as its client sees it. */
export class OwnerLink {
  readonly #options: OwnerLinkOptions;
  readonly #channel: FrameChannel;
  readonly #calls: PendingCalls;
  readonly #ended: Promise<void>;
  #onEnded: () => void = () => undefined;
  #epoch = 0;
  #state: 'new' | 'greeted' | 'left' | 'ended' = 'new';
  /** The owner has said that it made no call which it did not answer. */
  #isClosed = false;
  /** Why this process does not stay, although both understand each other. */
  #refusal: StoreError | undefined;
  #greeting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  private constructor(options: OwnerLinkOptions) {
    const { socket, clock } = options;
    this.#options = options;
    this.#calls = new PendingCalls({
      clock,
      channel: () => this.#channel,
      onLate: (call, value) => this.#giveBack(call, value),
    });
    this.#ended = new Promise((resolve) => (this.#onEnded = resolve));
    this.#channel = new FrameChannel({
      socket,
      clock,
      // A call that takes too long fails by itself. An owner that was only busy must not find its clients gone.
      unreadLimitMs: Infinity,
      onFrame: (frame) => this.#onFrame(frame),
      onDrain: () => this.#calls.flush(),
      onClose: (reason) => this.#onClose(reason),
    });
  }

  /**
   * Says hello and waits for the answer, which comes when the owner has opened its store.
   *
   * @throws LinkEnded (rejects) when the connection ends before: there is, or will be, another owner
   * @throws StoreError (rejects) when owner and client cannot understand each other, no answer comes in time, or their keys
   *   do not go together (code `key_missing` or `decrypt_failed`)
   */
  static async greet(options: OwnerLinkOptions): Promise<OwnerLink> {
    const link = new OwnerLink(options);
    const { clock, limitMs, holders } = options;
    const greeted = new Promise<void>((resolve, reject) => (link.#greeting = { resolve, reject }));
    const late = (): void => {
      link.#greeting?.reject(lateError('said hello', limitMs));
      link.#channel.drop();
    };
    const timer = clock.setTimer(late, limitMs, true);
    link.#channel.send(encodeHello(clientHello(holders)));
    try {
      await greeted;
      return link;
    } finally {
      timer.cancel();
    }
  }

  /** Number of the owner among all owners of the folder, one after the other. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Makes a call.
   *
   * @throws LinkEnded (rejects) when the connection has ended, or ends before the answer
   * @throws StoreError (rejects) when no answer comes within `limitMs`, or the call is too large
   * @throws what the store threw (rejects), as an error of the same code
   */
  async call(call: StoreCall, params: unknown, limitMs: number): Promise<unknown> {
    if (this.#state !== 'greeted') throw new LinkEnded(true);
    return this.#calls.add(call, params, limitMs);
  }

  /** Says goodbye. Calls without an answer are rejected. */
  async close(): Promise<void> {
    if (this.#state === 'greeted') {
      this.#channel.send(encodeMessage({ kind: 'goodbye' } satisfies ClientMessage, 'goodbye'));
      this.#state = 'left';
    }
    this.#channel.end();
    this.#calls.end(false);
    const timer = this.#options.clock.setTimer(() => this.#channel.drop(), CLOSE_LIMIT_MS, true);
    await this.#ended;
    timer.cancel();
  }

  #onFrame(frame: Frame): void {
    if (this.#state === 'new') return this.#greeted(frame);
    const message = decodeMessage(frame.body) as OwnerMessage;
    switch (message.kind) {
      case 'answer':
        return this.#calls.settle(message.id, { value: message.value });
      case 'error':
        return this.#calls.settle(message.id, { error: fromWireError(message.error) });
      case 'change':
        if (this.#state === 'greeted') this.#options.onChange(message.change);
        return;
      case 'closed':
        this.#isClosed = true;
        return;
      default:
        throw new Error('it sent something that is no answer');
    }
  }

  #greeted(frame: Frame): void {
    const hello = frame.kind === 'hello' ? decodeHello(frame.body) : undefined;
    if (!isHello(hello)) throw new Error('it said no hello');
    const mismatch = findMismatch(hello);
    if (mismatch !== undefined) throw new Error(mismatch);
    if (!isOwnerHello(hello)) throw new Error('it said no hello');
    this.#epoch = hello.epoch;
    this.#state = 'greeted';
    this.#channel.greeted();
    this.#refusal = findKeyConflict({ own: this.#options.keys, owners: hello.keys, pid: hello.pid });
    if (this.#refusal === undefined) return this.#greeting?.resolve();
    // `greet` fails once the connection has ended.
    void this.close();
  }

  /** A caller that was told that its call failed does not work on what the call leased. */
  #giveBack(call: StoreCall, value: unknown): void {
    const leases = leasedBy(call, value).map(({ id, lease }) => ({ deliveryId: id, lease }));
    if (leases.length === 0) return;
    // If that fails as well they expire.
    this.call('release', { leases, refund: true }, CLOSE_LIMIT_MS).catch(() => undefined);
  }

  #onClose(reason: string | undefined): void {
    const wasGreeted = this.#state === 'greeted';
    this.#state = 'ended';
    const why = reason === undefined ? new LinkEnded(true) : cannotTalk(reason);
    this.#greeting?.reject(this.#refusal ?? why);
    this.#calls.end(this.#isClosed);
    this.#onEnded();
    if (wasGreeted) this.#options.onLost();
  }
}

function cannotTalk(reason: string): StoreError {
  return new StoreError(`Cannot talk to the owner of the file store: ${reason}.`);
}

function leasedBy(call: StoreCall, value: unknown): readonly LeasedDelivery[] {
  if (call === 'claimDue') return (value as ClaimResult).leased;
  if (call !== 'append') return [];
  return (value as readonly AppendResult[]).flatMap((result) =>
    result.kind === 'stored' ? result.leased : [],
  );
}
