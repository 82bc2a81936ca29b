/** What keeps messages from being delivered, as far as a store or an API can tell. */
import type { Health } from '../health.ts';
import type { StatsResource, WebhookClient, WebhookResource } from '../http/index.ts';
import { everyPage } from './every-page.ts';
import { countOf } from './output/count-of.ts';
import { formatDuration, formatTime } from './output/format-time.ts';
import type { LocalSession, Session } from './session.ts';
import { firstSentence } from './troubles.ts';

export interface Finding {
  readonly level: 'ok' | 'notice' | 'problem';
  readonly about: string;
  readonly message: string;
}

/** Longer than any poll interval in use; what is due for so long has nobody who sends it. */
const OVERDUE_MS = 60_000;
/** A clock that is further off is worth a word: receivers refuse signatures that are five minutes old. */
const CLOCK_NOTICE_MS = 30_000;

export async function diagnose(session: Session): Promise<readonly Finding[]> {
  const { client, local } = session;
  const { items: endpoints } = await everyPage((page) => client.webhooks.list(page));
  const stats = await client.queue.stats();
  const now = local === undefined ? Date.now() : await local.store.now();
  return [
    ...(local === undefined ? await diagnoseApi(session) : await diagnoseStore(local)),
    ...diagnoseEndpoints(endpoints),
    ...(await diagnoseMessages(client, stats, now)),
    ...(await diagnoseDeliveries(client, stats, now, endpoints)),
  ];
}

async function diagnoseApi({ client }: Session): Promise<readonly Finding[]> {
  const { status, paused, store_problem: hasStoreProblem } = await client.health();
  return [
    status === 'stopped'
      ? problem('application', 'its dispatcher has been stopped')
      : ok('application', `its dispatcher is ${status}`),
    ...(paused ? [problem('switch', 'everything is disabled; nothing is sent until it is enabled')] : []),
    ...(hasStoreProblem
      ? [problem('store', 'somebody must repair something in it; its own health() says what')]
      : []),
  ];
}

async function diagnoseStore(local: LocalSession): Promise<readonly Finding[]> {
  const { dispatcher, store, text, configuration } = local;
  const health = await dispatcher.health();
  const troubles = diagnoseTroubles(local, health);
  const clockDifferenceMs = (await store.now()) - Date.now();
  return [
    ...(troubles.some(({ level }) => level === 'problem')
      ? []
      : [ok('store', `${text} (${store.name}) can be read and written`)]),
    ...troubles,
    configuration === undefined
      ? notice(
          'options',
          'no posthorn.config.mjs: functions, catalog, keys and network rules of the application are not known here',
        )
      : ok('options', `those of ${configuration}`),
    ...diagnoseHealth(health, configuration !== undefined),
    ...(Math.abs(clockDifferenceMs) > CLOCK_NOTICE_MS
      ? [
          notice(
            'clock',
            `the store is ${formatDuration(Math.abs(clockDifferenceMs))} ${clockDifferenceMs > 0 ? 'ahead of' : 'behind'} this machine`,
          ),
        ]
      : []),
    ...(store.capabilities.durable && !store.capabilities.encrypted
      ? [notice('secrets', 'they are stored unencrypted; the store option encryption changes that')]
      : []),
  ];
}

/** What somebody must repair in the store, and what was lost there already. Health and logger may tell of the same. */
function diagnoseTroubles(local: LocalSession, { storeProblem }: Health): readonly Finding[] {
  const lasting = storeProblem === undefined ? [] : [{ isHarm: true, message: storeProblem.message }];
  const bySentence = new Map(
    [...local.takeStoreTroubles(), ...lasting].map((trouble) => [firstSentence(trouble.message), trouble]),
  );
  return [...bySentence.values()].map(({ isHarm, message }) =>
    isHarm ? problem('store', message) : notice('store', message),
  );
}

function diagnoseHealth(health: Health, hasConfiguration: boolean): readonly Finding[] {
  const { whilePaused, unservedEndpoints } = health;
  return [
    ...(whilePaused === undefined
      ? []
      : [
          problem(
            'switch',
            `everything is disabled; what is emitted ${whilePaused === 'discard' ? 'is discarded' : 'waits'} until posthorn enable`,
          ),
        ]),
    // Without the options of the application nobody can tell what it could serve.
    ...unservedEndpoints.map(({ endpointId, why }) =>
      hasConfiguration
        ? problem(`endpoint ${endpointId}`, `cannot be served here: ${why}`)
        : notice(`endpoint ${endpointId}`, `whether the application can serve it is not known here: ${why}`),
    ),
  ];
}

function diagnoseEndpoints(endpoints: readonly WebhookResource[]): readonly Finding[] {
  if (endpoints.length === 0) return [notice('endpoints', 'there are none, so messages go nowhere')];
  return endpoints.flatMap((webhook) => {
    const about = `endpoint ${webhook.id}`;
    if (!webhook.active)
      return [
        notice(
          about,
          `is disabled${webhook.disabled_reason === undefined ? '' : ` (${webhook.disabled_reason})`}`,
        ),
      ];
    if (webhook.paused) return [notice(about, 'is paused; posthorn resume ends that')];
    if (webhook.blocked_reason !== undefined)
      return [
        problem(
          about,
          `is blocked until ${formatTime(webhook.blocked_until)}: ${webhook.blocked_reason === 'breaker' ? 'it keeps failing' : 'it asked for that by Retry-After'}`,
        ),
      ];
    if (webhook.consecutive_failures > 0)
      return [notice(about, `failed ${webhook.consecutive_failures} times in a row`)];
    return [];
  });
}

/** Whether somebody is there who matches what was stored without. */
async function diagnoseMessages(
  client: WebhookClient,
  { unmatched_messages: all = 0 }: StatsResource,
  now: number,
): Promise<readonly Finding[]> {
  if (all === 0) return [];
  const { unmatched_messages: overdue = 0 } = await client.queue.stats({ until: now - OVERDUE_MS });
  const what = `${countOf(all, 'message is', 'messages are')} stored and not matched with endpoints yet`;
  return [
    overdue > 0
      ? problem(
          'messages',
          `${what}; ${overdue} of them for over a minute, and nobody does it. Is a process of the application running that delivers?`,
        )
      : notice('messages', `${what}; a running application does that within its poll interval`),
  ];
}

/** Whether somebody is there who sends what is due. */
async function diagnoseDeliveries(
  client: WebhookClient,
  stats: StatsResource,
  now: number,
  endpoints: readonly WebhookResource[],
): Promise<readonly Finding[]> {
  const isFree = new Set(
    endpoints
      .filter(({ active, paused, blocked_reason: blocked }) => active && !paused && blocked === undefined)
      .map(({ id }) => id),
  );
  const { items } = await client.deliveries.list({ state: ['scheduled'], limit: 100 });
  const overdue = items.filter(
    (delivery) => isFree.has(delivery.webhook_id) && (delivery.next_attempt_at ?? now) < now - OVERDUE_MS,
  );
  const pending = stats.pending_deliveries;
  const backlog = `${countOf(pending, 'delivery waits', 'deliveries wait')}, ${stats.retry_queue_size} of them for another attempt`;
  return [
    overdue.length > 0
      ? problem(
          'deliveries',
          `${backlog}; ${overdue.length} or more have been due for over a minute and nobody sends them. Is a process of the application running that delivers?`,
        )
      : ok('deliveries', backlog),
    ...(stats.by_state.failed > 0
      ? [
          notice(
            'deliveries',
            `${stats.by_state.failed} failed by a fault of the dispatcher: posthorn deliveries --state failed`,
          ),
        ]
      : []),
  ];
}

const ok = (about: string, message: string): Finding => ({ level: 'ok', about, message });
const notice = (about: string, message: string): Finding => ({ level: 'notice', about, message });
const problem = (about: string, message: string): Finding => ({ level: 'problem', about, message });
