import { backoffMs } from './backoff.ts';
import type { EngineContext } from './engine-context.ts';

/** What {@link keepTrying} works with. */
export type TryingContext = Pick<EngineContext, 'clock' | 'random' | 'activity' | 'reporter'>;

const MAX_TRIES = 8;

/**
 * Does something that must not be forgotten because the store fails for a moment. Resolves when it is done, or given up; never rejects.
 *
 * @param what - for the report of a failure: `apply what endpoint e answered`
 */
export async function keepTrying(
  what: string,
  act: () => Promise<void>,
  { clock, random, activity, reporter }: TryingContext,
): Promise<void> {
  activity.begin(1);
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    try {
      await act();
      break;
    } catch (error) {
      reporter.error(error, what);
      const delayMs = backoffMs(tries, random);
      if (tries < MAX_TRIES) await new Promise<void>((resolve) => clock.setTimer(resolve, delayMs));
    }
  }
  activity.end(1);
}
