/** Who wants what in the story: each as the body that registers it, and once more in plain code, which the verdict goes by. */
import { type MonitorEvent, WEBHOOK_EVENT_TYPES } from './webhooks.ts';

export interface Subscription {
  readonly name: string;
  readonly about: string;
  /** What `POST /api/webhooks` is given, beside the URL. */
  readonly webhook: {
    readonly events: readonly string[];
    readonly secret?: string;
    readonly filters?: object;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** Whether an event should arrive there. */
  readonly wants: (event: MonitorEvent) => boolean;
}

/** A story is told in seconds; without it retries come after 1 s and 2 s. */
export const STORY_RETRIES = {
  max_attempts: 3,
  initial_delay_ms: 100,
  backoff_multiplier: 2,
  max_delay_ms: 1_000,
};

export const SUBSCRIPTIONS: readonly Subscription[] = [
  {
    name: 'billing',
    about: 'comfyui jobs of priority 1 to 3, signed, with a token',
    webhook: {
      events: ['job.submitted', 'job.completed', 'job.failed'],
      secret: 'the-secret-of-billing',
      filters: { job_types: ['comfyui'], job_priorities: [1, 2, 3] },
      headers: { Authorization: 'Bearer token-of-billing' },
    },
    wants: ({ type, job_type, job_priority }) =>
      ['job.submitted', 'job.completed', 'job.failed'].includes(type) &&
      job_type === 'comfyui' &&
      [1, 2, 3].includes(job_priority as number),
  },
  {
    name: 'workflow',
    about: 'steps of workflows that are done',
    webhook: { events: ['job.completed'], filters: { job_types: ['workflow-step'] } },
    wants: ({ type, job_type }) => type === 'job.completed' && job_type === 'workflow-step',
  },
  {
    name: 'dashboard',
    about: 'progress, machines and workers of prod-cluster-*',
    webhook: {
      events: ['job.progress', 'machine.startup', 'worker.connected'],
      filters: { machine_ids: ['prod-cluster-*'] },
    },
    wants: ({ type, machine_id }) =>
      ['job.progress', 'machine.startup', 'worker.connected'].includes(type) &&
      String(machine_id).startsWith('prod-cluster-'),
  },
  {
    name: 'pager',
    about: 'what went wrong; it is down itself at first',
    webhook: { events: ['job.failed', 'job.timeout'] },
    wants: ({ type }) => type === 'job.failed' || type === 'job.timeout',
  },
  {
    name: 'audit',
    about: 'everything',
    webhook: { events: WEBHOOK_EVENT_TYPES },
    wants: () => true,
  },
];
