/** Names of all metrics, without their prefix, and what they are about; docs/reference/metrics.md is made of it. */
export const METRICS = {
  counters: {
    messages_accepted_total: { help: 'Messages that this process stored' },
    attempts_total: { help: 'Attempts of this process, tests aside, by outcome: delivered or failed' },
    deliveries_total: {
      help: 'Deliveries that ended in this process, by state: succeeded, exhausted, failed or discarded',
    },
    errors_total: { help: 'Troubles of the dispatcher itself, by code' },
  },
  histograms: {
    attempt_duration_seconds: { help: 'How long attempts of this process took, by outcome' },
  },
  gauges: {
    deliveries: { help: 'Deliveries that the store keeps, by state; of all processes' },
    deliveries_pending: { help: 'Deliveries that are not finished; of all processes' },
    deliveries_waiting_for_retry: {
      help: 'Deliveries that failed and wait for another attempt; of all processes',
    },
    messages_unmatched: { help: 'Messages that are stored and not matched yet; of all processes' },
    endpoints: { help: 'Endpoints that this process knows' },
    endpoints_unserved: { help: 'Endpoints that this process cannot serve' },
    in_flight: { help: 'Attempts that this process is making' },
    queued: { help: 'Deliveries that this process has leased and that wait for a free slot' },
    pending_messages: { help: 'Messages of this process on their way into the store' },
    pending_outcomes: { help: 'Outcomes of this process that are not written yet' },
    refused_events: { help: 'Events of attached sources that were refused because too many waited' },
    paused: { help: '1 while everything is paused' },
  },
} as const;
