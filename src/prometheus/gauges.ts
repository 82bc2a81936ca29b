import { Gauge, type Registry } from 'prom-client';
import type { WebhookDispatcher } from '../dispatcher.ts';
import type { Health } from '../health.ts';
import type { Stats } from '../stats.ts';
import { METRICS } from './metrics.ts';

type GaugeName = keyof typeof METRICS.gauges;

/** Gauges that are read from the health of the dispatcher. */
const OF_HEALTH: Readonly<Partial<Record<GaugeName, (health: Health) => number>>> = {
  endpoints: ({ endpoints }) => endpoints,
  endpoints_unserved: ({ unservedEndpoints }) => unservedEndpoints.length,
  in_flight: ({ inFlight }) => inFlight,
  queued: ({ queued }) => queued,
  pending_messages: ({ pendingMessages }) => pendingMessages,
  pending_outcomes: ({ pendingOutcomes }) => pendingOutcomes,
  refused_events: ({ refusedEvents }) => refusedEvents,
  paused: ({ whilePaused }) => (whilePaused === undefined ? 0 : 1),
};

/** Gauges that are read from the store. */
const OF_STATS: Readonly<Partial<Record<GaugeName, (stats: Stats) => number>>> = {
  deliveries_pending: ({ pending }) => pending,
  deliveries_waiting_for_retry: ({ waitingForRetry }) => waitingForRetry,
  // Of all endpoints, so it is there.
  messages_unmatched: ({ unmatchedMessages = 0 }) => unmatchedMessages,
};

/** Registers them, to be read whenever somebody scrapes. Their names, without the prefix. */
export function createGauges(
  dispatcher: WebhookDispatcher,
  registry: Registry,
  prefix: string,
): readonly GaugeName[] {
  const create = (
    name: GaugeName,
    labelNames: string[],
    read: (gauge: Gauge) => Promise<void>,
  ): GaugeName => {
    const { help } = METRICS.gauges[name];
    new Gauge({
      name: prefix + name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        await read(this);
      },
    });
    return name;
  };
  const readStats = shareReads(dispatcher);
  return [
    ...entriesOf(OF_HEALTH).map(([name, pick]) =>
      create(name, [], async (gauge) => gauge.set(pick(await dispatcher.health()))),
    ),
    ...entriesOf(OF_STATS).map(([name, pick]) =>
      create(name, [], async (gauge) => {
        const stats = await readStats();
        if (stats !== undefined) gauge.set(pick(stats));
      }),
    ),
    create('deliveries', ['state'], async (gauge) => {
      const stats = await readStats();
      for (const [state, number] of Object.entries(stats?.byState ?? {})) gauge.set({ state }, number);
    }),
  ];
}

/**
 * All gauges of one scrape share one reading. A store that fails must not fail the scrape, which has more to tell: they keep their last values. Nor
 * must a scrape start a dispatcher.
 */
function shareReads(dispatcher: WebhookDispatcher): () => Promise<Stats | undefined> {
  let reading: Promise<Stats | undefined> | undefined;
  return () => {
    reading ??= read(dispatcher).finally(() => {
      reading = undefined;
    });
    return reading;
  };
}

async function read(dispatcher: WebhookDispatcher): Promise<Stats | undefined> {
  if ((await dispatcher.health()).status !== 'running') return undefined;
  return dispatcher.stats().catch(() => undefined);
}

function entriesOf<Read>(
  of: Readonly<Partial<Record<GaugeName, Read>>>,
): readonly (readonly [GaugeName, Read])[] {
  return Object.entries(of) as unknown as readonly (readonly [GaugeName, Read])[];
}
