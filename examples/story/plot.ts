/** Who takes part in the story, what happens, and what has to come of it. */
import type { DeliverySettings, EndpointInput } from 'posthorn';
import type { ReceiverPlan } from './report.ts';
import type { Expectation } from './verdict.ts';

/** What the application emits, in this order. */
export const EVENTS = [
  ['job.started', { jobId: '42' }],
  ['job.progress', { jobId: '42', percent: 50 }],
  ['job.completed', { jobId: '42', pages: 12 }],
  ['job.failed', { jobId: '43', error: 'out of paper' }],
] as const;

/** Nobody wants to watch a story for the 27 hours of the default policy. The first wait leaves time for a kill. */
export const RETRY = {
  kind: 'schedule',
  delaysMs: [1_500, 400],
  jitter: 0,
} as const satisfies DeliverySettings['retry'];

const MAX_ATTEMPTS = RETRY.delaysMs.length + 1;

/** One endpoint: how it is registered, how its receiver behaves, what has to come of it. */
export interface Role {
  readonly about: string;
  readonly plan: ReceiverPlan;
  readonly endpoint: Omit<EndpointInput, 'url'> & { readonly id: string };
  readonly expectation: Expectation;
}

const OUTCOMES = ['job.completed', 'job.failed'] as const;

export const ROLES: readonly Role[] = [
  {
    about: 'healthy: answers 204',
    plan: { name: 'dashboard', failures: 0, isClosed: false },
    endpoint: { id: 'dashboard', events: ['job.*'] },
    expectation: {
      name: 'dashboard',
      arrives: EVENTS.map(([type]) => type),
      givenUp: [],
      requests: EVENTS.length,
      attempts: MAX_ATTEMPTS,
    },
  },
  {
    about: 'overloaded: answers 503 twice, then 204; wants its messages in order',
    plan: { name: 'billing', failures: 2, isClosed: false },
    endpoint: { id: 'billing', events: OUTCOMES, ordering: 'fifo' },
    expectation: {
      name: 'billing',
      arrives: OUTCOMES,
      givenUp: [],
      requests: OUTCOMES.length + 2,
      attempts: MAX_ATTEMPTS,
    },
  },
  {
    about: 'down: nobody listens, connections are refused',
    plan: { name: 'archive', failures: 0, isClosed: true },
    endpoint: { id: 'archive', events: OUTCOMES },
    expectation: { name: 'archive', arrives: [], givenUp: OUTCOMES, requests: 0, attempts: MAX_ATTEMPTS },
  },
];

/** Deliveries that the events become. */
export const DELIVERY_COUNT: number = ROLES.reduce(
  (sum, { expectation }) => sum + expectation.arrives.length + expectation.givenUp.length,
  0,
);
