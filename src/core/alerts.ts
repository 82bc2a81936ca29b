/** When somebody is to be woken: rules over numbers that are looked at now and then. */
import type { AttemptShare } from './attempt-window.ts';

/** What is worth an `alert.raised` event. */
export interface AlertOptions {
  /** Too few attempts of this process are delivered. Default: no alert. */
  readonly successRate?:
    | {
        /** Raised below this share of the attempts that were delivered or failed by the endpoint; above 0, at most 1. */
        readonly below: number;
        /** The attempts of the last while count, to a tenth of it: never less than this, and up to a tenth more. 60000 (a minute) to 86400000 (a day). Default 600000. */
        readonly windowMs?: number | undefined;
        /** With fewer attempts within `windowMs` nothing is raised, and nothing is cleared. 1 to 1000000. Default 20. */
        readonly minAttempts?: number | undefined;
      }
    | undefined;
  /** Too much waits in the store, for all processes together. Counted once a minute, so it costs a large store some work. Default: no alert. */
  readonly backlog?:
    | {
        /** Raised when more than this wait: deliveries that are `scheduled` or `sending`, and messages that are not matched yet. A whole number of at least 0. */
        readonly above: number;
      }
    | undefined;
}

/** Kinds of alerts. */
export type AlertKind = 'success_rate' | 'backlog';

/** What an alert looks at. */
export interface Measured {
  readonly value: number;
  readonly threshold: number;
}

/** Whether an alert stands, and the value that says so; `undefined`: there are too few attempts to raise or to clear it, so it stays as it is. */
export function judgeSuccessRate(
  { attempts, failures }: AttemptShare,
  { below, minAttempts }: { readonly below: number; readonly minAttempts: number },
): (Measured & { readonly isRaised: boolean }) | undefined {
  if (attempts < minAttempts) return undefined;
  const value = (attempts - failures) / attempts;
  return { value, threshold: below, isRaised: value < below };
}
