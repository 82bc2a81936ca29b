import type { Backlog, BacklogEndpoint } from './backlog-rows.ts';

/** What waits in the tables, by the mode of the case. */
export const MODES = ['empty', 'scheduled', 'blocked'] as const;
export type BacklogMode = (typeof MODES)[number];

/** Endpoints that get fresh events, beside those whose deliveries wait. */
export const FRESH = 10;
/** Most requests of one endpoint whose deliveries wait. */
export const CAP = 2;
/** The endpoint that has so many requests in flight, in the mode `blocked`. */
export const CAPPED = 'held-capped';

const PAUSED = 'held-paused';
const BLOCKED = 'held-blocked';
/** Endpoints whose deliveries are due later: half of the deliveries are of the first. */
const LATER = 1_000;

/** A backlog, and what is done with it. */
export interface BacklogPlan {
  readonly backlog: Backlog;
  /** How many deliveries that is. */
  readonly deliveries: number;
  /** Ids of endpoints that are paused and resumed. */
  readonly switched: readonly string[];
}

/**
 * - `scheduled`: so many deliveries that are due later.
 * - `blocked`: as many overdue ones for each of three endpoints: one is paused, one blocked, one has all its requests in flight.
 * - `empty`: the three endpoints, and nothing that waits.
 */
export function planBacklog(mode: BacklogMode, rows: number): BacklogPlan {
  if (mode === 'scheduled') {
    const [first, ...others] = Array.from({ length: LATER }, (_, index): BacklogEndpoint => ({
      id: `later-${index}`,
    }));
    return {
      backlog: { messages: rows / 2, groups: [[first!], others], due: 'later' },
      deliveries: rows,
      switched: [first!.id],
    };
  }
  const messages = mode === 'empty' ? 0 : rows;
  const endpoints = [{ id: PAUSED, isPaused: true }, { id: BLOCKED, isBlocked: true }, { id: CAPPED }];
  return {
    backlog: {
      messages,
      groups: endpoints.map((endpoint) => [endpoint]),
      due: 'overdue',
    },
    deliveries: endpoints.length * messages,
    switched: [PAUSED, CAPPED],
  };
}
