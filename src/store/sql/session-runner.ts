import { systemClock } from '../../clock.ts';
import type { Script, Statement } from './script.ts';
import type { ScriptRunner } from './script-runner.ts';
import type { Session, SessionSource } from './session.ts';
import { runInSession } from './run-in-session.ts';
import { CallTimeoutError, troubleOf } from './trouble.ts';

/** Options of {@link SessionRunner}. */
export interface SessionRunnerOptions {
  readonly source: SessionSource;
  /**
   * Longest time that a script may take, from asking for a connection to the commit. A server that vanished without a word is not noticed
   * otherwise for as long as the kernel sends again, a quarter of an hour.
   */
  readonly timeoutMs: number;
  /** Longest time to wait for a connection, if that is less. */
  readonly acquireTimeoutMs?: number | undefined;
  /** Takes the statements that are to be sent after the commit. */
  readonly afterCommit?: ((statements: readonly Statement[]) => void) | undefined;
}

/** Runs scripts on the connections of a pool. */
export class SessionRunner implements ScriptRunner {
  readonly #options: SessionRunnerOptions;

  constructor(options: SessionRunnerOptions) {
    this.#options = options;
  }

  async run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    const { timeoutMs, acquireTimeoutMs = timeoutMs } = this.#options;
    const call = new SessionCall(this.#options);
    const timers = [
      // First, because it says more, where both are as long.
      systemClock.setTimer(() => call.expireUnacquired(acquireTimeoutMs), acquireTimeoutMs, true),
      systemClock.setTimer(() => call.expire(timeoutMs), timeoutMs, true),
    ];
    try {
      return await call.run(isTransaction, begin);
    } finally {
      for (const timer of timers) timer.cancel();
    }
  }

  close(): Promise<void> {
    return this.#options.source.close();
  }
}

/** One script on one session, which is given back exactly once, whatever happens. */
class SessionCall {
  readonly #options: SessionRunnerOptions;
  readonly #expired: Promise<never>;
  #reject!: (error: Error) => void;
  #session: Session | undefined;
  #isExpired = false;
  #hasBegun = false;

  constructor(options: SessionRunnerOptions) {
    this.#options = options;
    this.#expired = new Promise<never>((_, reject) => (this.#reject = reject));
    this.#expired.catch(() => undefined);
  }

  /** The time is over. Nobody uses the connection again: what it is doing cannot be known. */
  expire(timeoutMs: number): void {
    this.#isExpired = true;
    this.#release(true);
    this.#reject(new CallTimeoutError('A call of the database', timeoutMs));
  }

  /** So long no connection was free, or could be made. */
  expireUnacquired(timeoutMs: number): void {
    if (this.#hasBegun) return;
    this.#isExpired = true;
    this.#reject(new CallTimeoutError('Waiting for a connection', timeoutMs));
  }

  async run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    const session = await Promise.race([this.#acquire(), this.#expired]);
    try {
      const late: Statement[] = [];
      const result = await Promise.race([runInSession(session, isTransaction, begin(), late), this.#expired]);
      this.#release(false);
      if (late.length > 0) this.#options.afterCommit?.(late);
      return result;
    } catch (error) {
      const isLost = this.#isExpired || troubleOf(error) === 'unavailable';
      this.#release(isLost || !(await Promise.race([isUsable(session, isTransaction), this.#expired])));
      throw error;
    }
  }

  async #acquire(): Promise<Session> {
    const session = await this.#options.source.acquire();
    this.#session = session;
    this.#hasBegun = true;
    if (this.#isExpired) this.#release(false);
    return session;
  }

  #release(isBroken: boolean): void {
    const session = this.#session;
    this.#session = undefined;
    session?.release(isBroken);
  }
}

/** Ends what a failed script left open. A connection that cannot even do that is of no use to anybody. */
async function isUsable(session: Session, isTransaction: boolean): Promise<boolean> {
  if (!isTransaction) return true;
  return session.rollback().then(
    () => true,
    () => false,
  );
}
