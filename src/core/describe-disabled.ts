/** Why an endpoint is disabled, in words. */
import type { EndpointRecord } from './endpoint.ts';
import { describeUnverified, type Explained } from './verification.ts';

/** How many attempts failed in a row, as the lane of the endpoint knows it. */
export interface FailingStreak {
  readonly consecutiveFailures: number;
  /** Epoch ms. */
  readonly failingSince: number | undefined;
}

/** Why an endpoint is disabled, and what its operator can do. */
export function describeDisabled(record: EndpointRecord, streak: FailingStreak): Explained {
  const { disabledReason = 'manual' } = record;
  switch (disabledReason) {
    case 'gone':
      return {
        why: 'it answered 410 Gone',
        remedy:
          "If it is to get messages after all, update it with status: 'enabled', and with its new url if it has one.",
      };
    case 'failing':
      return {
        why: describeStreak(streak),
        remedy: "When it is mended, update it with status: 'enabled'; endpoints.test tries it before that.",
      };
    case 'manual':
      return { why: 'somebody disabled it', remedy: "Update it with status: 'enabled' to send to it again." };
    case 'unverified':
      return describeUnverified(record);
  }
}

function describeStreak({ consecutiveFailures, failingSince }: FailingStreak): string {
  // A later test or an edit may have ended the streak.
  if (failingSince === undefined) return 'nothing but failures came from it for too long';
  return `nothing but failures came from it since ${new Date(failingSince).toISOString()}, ${consecutiveFailures} in a row`;
}
