/**
 * Fan-out: messages that were stored without deliveries (by a process that only stores) are claimed, matched and
 * completed here. Runs when woken and at every poll; no error ends it.
 */
import type { Timer } from '../clock.ts';
import type { Message } from '../core/message.ts';
import type { CompleteFanOutResult, FanOutClaim, NewDelivery, NewMessage } from '../store/store.ts';
import { backoffMs } from './backoff.ts';
import type { ChangeReads } from './change-reads.ts';
import type { EngineContext } from './engine-context.ts';
import { within } from './within.ts';

const BATCH = 100;
/** Others are at it. If they end in the middle, what is left waits no longer than this and their lease. */
const BUSY_MS = 1_000;
/** Longest time for one batch to be matched: who dies in the middle of it holds up the others, which come in turn. */
const MAX_LEASE_MS = 10_000;

/** Deliveries of a message, or `undefined` when this process lacks a function needed to tell. */
export type MatchMessage = (message: Message) => readonly NewDelivery[] | undefined;

export interface FanOutOptions extends Omit<EngineContext, 'activity' | 'owner'> {
  /** False: this process leaves all messages to others. */
  readonly deliver: boolean;
  /** Longest time between two looks: for messages of other processes, and those whose lease ran out. */
  readonly maxSleepMs: number;
  readonly match: MatchMessage;
  readonly changes: Pick<ChangeReads, 'upToDate'>;
  /** False while this process cannot tell who gets a message, whichever it is: others are not kept from telling. */
  readonly canMatch: () => boolean;
  readonly onFannedOut: (message: NewMessage, deliveries: readonly NewDelivery[]) => void;
  readonly onWork: () => void;
}

export class FanOut {
  readonly #options: FanOutOptions;
  #run: Promise<number> | undefined;
  #isWakePending = false;
  #isStopped = false;
  #failures = 0;
  /** When messages that were claimed here and not matched can be claimed again. */
  #unfinishedUntil = Infinity;
  #timer: Timer | undefined;

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  get #leaseMs(): number {
    return Math.min(this.#options.leaseMs, MAX_LEASE_MS);
  }

  wake(): void {
    if (this.#isWakePending || this.#isStopped || !this.#options.deliver) return;
    this.#isWakePending = true;
    this.#options.clock.defer(() => {
      this.#isWakePending = false;
      void this.#runSafely();
    });
  }

  /** Matches all that waits; how many messages that were. */
  async runAll(): Promise<number> {
    while (this.#run !== undefined) await this.#run.catch(() => 0);
    this.#run = this.#drain().finally(() => {
      this.#run = undefined;
    });
    return this.#run;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#run?.catch(() => 0);
  }

  async #runSafely(): Promise<void> {
    const { reporter, random, maxSleepMs, clock } = this.#options;
    try {
      await this.runAll();
      this.#failures = 0;
      // No longer than a lease, to be there when that of another process is over, which died or lacks a function.
      const untilNextMs =
        this.#unfinishedUntil === Infinity ? this.#leaseMs : this.#unfinishedUntil - clock.now();
      this.#sleep(Math.min(maxSleepMs, untilNextMs));
    } catch (error) {
      this.#failures += 1;
      reporter.error(error, 'match stored messages');
      this.#sleep(backoffMs(this.#failures, random));
    }
  }

  #sleep(delayMs: number): void {
    this.#timer?.cancel();
    if (!this.#isStopped) this.#timer = this.#options.clock.setTimer(() => this.wake(), delayMs);
  }

  #lookAgainAt(instant: number): void {
    this.#unfinishedUntil = Math.min(this.#unfinishedUntil, instant);
  }

  async #drain(): Promise<number> {
    const { store, clock, token, canMatch } = this.#options;
    const leaseMs = this.#leaseMs;
    let total = 0;
    if (this.#unfinishedUntil <= clock.now()) this.#unfinishedUntil = Infinity;
    while (!this.#isStopped && canMatch()) {
      const turn = token();
      const { claims, busy } = await store.claimFanOut({ limit: BATCH, leaseMs, lease: turn });
      if (busy) this.#lookAgainAt(clock.now() + BUSY_MS);
      if (claims.length === 0) break;
      const claimedAt = clock.now();
      let completed: number;
      try {
        completed = await this.#complete(claims, turn);
      } catch (error) {
        this.#lookAgainAt(claimedAt + leaseMs);
        throw error;
      }
      // After two leases and not one: in between, a process that has the missing function comes first.
      if (completed < claims.length) this.#lookAgainAt(claimedAt + 2 * leaseMs);
      total += completed;
    }
    return total;
  }

  /** A message that this process cannot match is left to others: its lease runs out. */
  async #complete(claims: readonly FanOutClaim[], turn: string): Promise<number> {
    const isUpToDate = await this.#upToDate();
    const matched = (isUpToDate ? claims : []).flatMap((claim) => {
      const deliveries = this.#match(claim.message);
      return deliveries === undefined ? [] : [{ ...claim, deliveries }];
    });
    const completed = await this.#store(matched, turn);
    if (matched.length === 0) return 0;
    for (const [index, { message, deliveries }] of matched.entries()) {
      const stored = new Set(completed[index]!.stored);
      const own = deliveries.filter(({ id }) => stored.has(id));
      // None of those that it should have: another process had its lease, and tells of it.
      if (own.length > 0 || deliveries.length === 0)
        this.#options.onFannedOut({ ...message, fingerprint: undefined }, own);
    }
    this.#options.onWork();
    return matched.length;
  }

  /** False when a stop comes first, or the end of the lease. */
  #upToDate(): Promise<boolean> {
    const { changes, clock } = this.#options;
    return within(changes.upToDate(), this.#leaseMs, clock).catch(() => false);
  }

  /** One message that cannot be read must not keep the others from being matched. */
  #match(message: Message): readonly NewDelivery[] | undefined {
    try {
      return this.#options.match(message);
    } catch (error) {
      this.#options.reporter.error(error, `match message ${message.id}`);
      return undefined;
    }
  }

  #store(matched: readonly Matched[], turn: string): Promise<readonly CompleteFanOutResult[]> {
    const results = matched.map(({ message, lease, deliveries }) => ({
      messageId: message.id,
      lease,
      deliveries,
    }));
    return this.#options.store.completeFanOut({ results, turn });
  }
}

interface Matched extends FanOutClaim {
  readonly deliveries: readonly NewDelivery[];
}
