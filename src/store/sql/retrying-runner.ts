import pRetry from 'p-retry';
import { createSystemRandom } from '../../clock.ts';
import { describeError, isPosthornError, StoreError } from '../../errors.ts';
import { adviceOnRefusal } from './refusal-advice.ts';
import type { Script } from './script.ts';
import type { ScriptRunner } from './script-runner.ts';
import { CallTimeoutError, type Trouble, troubleOf } from './trouble.ts';

/** How long somebody else may be in the way: a transaction of the application, or many processes at once. */
const BUSY_LIMIT_MS = 20_000;
/** Waits double from the first to the longest, both lengthened at random, so that those who met do not meet again. */
const FIRST_WAIT_MS = 2;
const LONGEST_WAIT_MS = 20;
/** Tries after a lost connection. The engine goes on trying; here only what is over at once is bridged, a server that restarts or fails over. */
const RECONNECTS = 3;

const random = createSystemRandom();

/** Runs scripts again when the trouble is likely to be over soon, and turns what remains into `StoreError`. */
export class RetryingRunner implements ScriptRunner {
  readonly #inner: ScriptRunner;
  #isClosed = false;
  /** One for all calls: it is kept for as long as the options of a call are, and must not keep what the call was given. */
  readonly #mayRetry = (): boolean => !this.#isClosed;

  constructor(inner: ScriptRunner) {
    this.#inner = inner;
  }

  run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    return retryTransient(() => this.#inner.run(isTransaction, begin), this.#mayRetry);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#inner.close();
  }
}

/**
 * Repeats a call while the trouble is likely to be over soon.
 *
 * @param mayRetry - false ends it: nobody waits for the answer any more
 * @throws StoreError of code `store_unavailable` or `store_failed`, with the error of the driver as `cause`; what is wrong in the call, as it is
 */
export async function retryTransient<T>(
  call: () => Promise<T>,
  mayRetry: () => boolean = () => true,
): Promise<T> {
  let lost = 0;
  try {
    return await pRetry(call, {
      minTimeout: FIRST_WAIT_MS,
      maxTimeout: LONGEST_WAIT_MS * (0.5 + random.fraction()),
      randomize: true,
      retries: Infinity,
      maxRetryTime: BUSY_LIMIT_MS,
      shouldRetry: ({ error }) => {
        // Its caller has waited as long as he may.
        if (error instanceof CallTimeoutError) return false;
        const trouble = troubleOf(error);
        if (trouble === 'unavailable') lost += 1;
        return trouble !== undefined && lost <= RECONNECTS && mayRetry();
      },
    });
  } catch (error) {
    throw toStoreError(error);
  }
}

/** The error for users of the store. Mistakes in a call stay what they are. */
export function toStoreError(error: unknown): unknown {
  if (isPosthornError(error) || error instanceof TypeError) return error;
  const trouble: Trouble | undefined = troubleOf(error);
  return trouble === 'unavailable'
    ? new StoreError(
        `The database cannot be reached, or does not answer: ${describeError(error)}. ${adviceOnRefusal(error) ?? 'Is it running, and is the address right?'}`,
        { code: 'store_unavailable', cause: error },
      )
    : new StoreError(
        trouble === 'busy'
          ? `The database was kept busy by others for too long: ${describeError(error)}. Does a transaction of the application stay open?`
          : describeRefusal(error),
        { cause: error },
      );
}

function describeRefusal(error: unknown): string {
  const advice = adviceOnRefusal(error);
  const what = `The database refused: ${describeError(error)}`;
  return advice === undefined ? what : `${what.replace(/\.$/, '')}. ${advice}`;
}
