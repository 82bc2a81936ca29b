/** What the five systems do, line by line. Each line is a heading of docs/systems.md, with the tests that show it. */
import type { DocumentName } from '../support/system-documents.ts';

interface SystemRows {
  readonly title: string;
  readonly about: string;
  readonly rows: Readonly<Record<string, string>>;
}

export const SYSTEMS = {
  'print-service': {
    title: 'Print service',
    about: 'A print job brings the URL that wants to hear of it.',
    rows: {
      destination:
        'The URL comes with the job, nothing is registered before; a registered endpoint does as well',
      body: 'Flat body `{event, job_id, status, timestamp, job}`, exactly what `JSON.stringify` gives',
      headers: '`Content-Type`, `User-Agent` and `X-Print-Service-Event`, made from the name of the event',
      transitions: 'Sent for the named transitions of the status and for every failure, for nothing else',
      retries:
        '3 retries with exponential backoff, 10 s for each; none on 4xx, on 5xx and network failures yes',
      'never-in-the-way': 'A webhook that fails neither holds up nor breaks the job',
      signature: '`x-print-service-signature`, verified by the printed code, which serialises the body again',
      receivers: 'The printed Next.js routes accept what is sent',
      'log-lines': 'The three log lines of the service',
      weaknesses: 'What was fire and forget survives a killed process, is on record and can be sent again',
    },
  },
  'glasses-dashboard': {
    title: 'AI glasses dashboard',
    about: 'A matcher with a configuration file that people edit, and a command line.',
    rows: {
      body: 'Body `{event, timestamp, data}` for match, upload and rebuild, as printed',
      'config-file':
        '`webhook_config.json`, edited by hand: headers, events, a switch for each and for all; a running application takes it up',
      'command-line': '`add`, `list`, `test`, `remove`, `stats`, `enable`, `disable`, and what `list` shows',
      'sent-once': 'Sent once; again where retries are configured',
      'secret-header': '`X-Webhook-Secret`, checked by the printed code',
      'time-limit': 'A receiver has 10 s; one that answers within 5 s and works afterwards is never cut off',
      receivers: 'The printed receivers for Express, Flask and PHP accept what is sent',
      weaknesses: 'One attempt and nothing else: retries, a record and replay are settings',
    },
  },
  'emp-job-queue': {
    title: 'EMP job queue',
    about: 'A queue whose event broadcaster also feeds webhooks, on several API instances.',
    rows: {
      broadcaster: '`broadcast(event)` also calls `processEvent(event).catch(…)`, and is never held up',
      body: 'Twelve event types; the body with `webhook_id`, and `metadata` that changes from attempt to attempt',
      filters:
        '`job_types`, `job_priorities`, `machine_ids` with `prod-cluster-*`, `worker_ids`, `custom_filters`',
      headers:
        '`User-Agent`, `X-Webhook-Event`, `X-Webhook-ID`, `X-Event-ID`; custom ones, `Authorization` and `X-API-Key` among them',
      signature: '`X-Webhook-Signature: sha256=…` where there is a secret, verified by the printed code',
      retries:
        '3 attempts, 1 s, doubled, at most 30 s, per webhook; failure is 400 and above, 30 s without an answer, network, DNS, TLS',
      rest: 'The REST calls in the printed JSON shapes, ids `wh_…` and `evt_…`',
      'test-payload': 'The test request as printed',
      'log-lines': 'The four log lines as printed',
      receivers:
        'The printed handler accepts what is sent, once it parses: it awaits in a function that is not async',
      monitoring: 'Alerts for deliveries that fail, and success and latency for Prometheus',
      'one-at-a-time': 'Weakness gone: one delivery at a time for each instance',
      'state-per-instance':
        'Weakness gone: three instances on one database deliver each event once, and survive `kill -9` of one',
      'dead-letters': 'Weakness gone: what was given up is listed and sent again',
      'rate-limit': 'Weakness gone: a rate limit for each webhook',
      memory: 'Weakness gone: no history of 1,000 events in memory',
    },
  },
  imggo: {
    title: 'ImgGo',
    about: 'Image jobs; webhooks are registered over REST.',
    rows: {
      events: '`job.completed`, `job.failed`, and `job.queued` for those who ask; flat bodies as printed',
      signature: '`X-ImgGo-Signature`, hex HMAC-SHA256 of the raw body, without a prefix',
      schedule:
        'At once, then after 30 s, 2 min, 10 min, 30 min and 1 h; failed after six; only 200 is a success',
      registration: 'Registered by REST with `{url, events, secret}` and a bearer key; HTTPS only',
      receivers:
        'The printed receivers for Flask and Express accept what is sent, and refuse another signature',
      'receive-well':
        'Raw-body verification, acting once (as printed by job id alone, which takes `job.completed` for a repetition of `job.queued`; better by event and job id), schema validation, work after the answer, fan-out',
      'success-rate': 'The success rate, and an alert when it falls below 95 %',
      weaknesses: 'After six attempts not lost: listed, counted, sent again',
    },
  },
  'remotedev-cloud': {
    title: 'RemoteDevAI cloud',
    about: 'A cloud application whose users own their webhooks.',
    rows: {
      environment:
        'PostgreSQL; concurrency and rate limit from the environment; the worker starts with the server; no Redis',
      tenants:
        '`triggerEvent({ eventType, userId, data })`: only the endpoints of that user; 23 event types in 8 groups',
      body: 'Body `{id, type, data, …}`',
      'time-limit': 'A receiver has 30 s',
      signature:
        '`X-Webhook-Timestamp` and `X-Webhook-Signature` over both, fresh on each retry; older than 300 s is refused',
      secret: 'The secret is made and returned on creation, and never again',
      rest: 'Create, test, deliveries, statistics, queue statistics, retry of what failed, with a bearer key',
      receivers:
        'The printed Express receiver and its integrations accept what is sent; the printed Flask receiver refuses it, for it signs what `json.dumps` writes, and verifies once it takes the raw body',
      'queue-statistics': 'The statistics of the queue',
      weaknesses: 'What failed is kept and sent again, for one webhook or for all; a kill loses nothing',
    },
  },
} as const satisfies Readonly<Record<DocumentName, SystemRows>>;

export type RowOf<System extends DocumentName> = keyof (typeof SYSTEMS)[System]['rows'] & string;

declare module 'vitest' {
  interface TaskMeta {
    /** `print-service/body` */
    rows?: readonly string[];
  }
}

/** Options of a test: the rows that it shows. */
export function shows<System extends DocumentName>(
  system: System,
  ...rows: readonly RowOf<System>[]
): { readonly meta: { readonly rows: readonly string[] } } {
  return { meta: { rows: rows.map((row) => `${system}/${row}`) } };
}
