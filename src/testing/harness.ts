import { z } from 'zod';
import { createSystemRandom, type Random } from '../clock.ts';
import type { Attempt, Delivery } from '../core/delivery.ts';
import type { EndpointInput } from '../core/endpoint-input.ts';
import type { EventPattern } from '../core/event-pattern.ts';
import type { OperationalPattern } from '../core/operational-event.ts';
import { parseInput } from '../core/parse-input.ts';
import { WebhookDispatcher } from '../dispatcher.ts';
import type { CreatedEndpoint } from '../endpoints.ts';
import type { Receiver, ReceiverOptions } from '../listener/receiver.ts';
import { OptionsError } from '../errors.ts';
import { createReceiver } from '../listener/recording-receiver.ts';
import type { DispatcherOptions } from '../options.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { Settling } from './settling.ts';

/** Options of `createHarness`. */
export interface HarnessOptions<Events extends object = Record<string, unknown>> {
  /** First time of the clock, epoch ms. Default: 2026-01-01T00:00:00Z. */
  readonly startAt?: number;
  /** Options of the dispatcher. Clock, exact delays (no jitter) and access to 127.0.0.1 are set, unless given here. */
  readonly dispatcher?: DispatcherOptions<Events>;
  /** Options of the receiver. */
  readonly receiver?: ReceiverOptions;
  /**
   * Real time without anything that happens, after which `advance` takes a request for one that nobody answers, and goes on: it ends at its deadline.
   * Requests that `receiver` holds are known, and not waited for. Milliseconds. Default 200.
   */
  readonly quietMs?: number;
}

/** A delivery with its attempts, oldest first. */
export interface DeliveryReport extends Delivery {
  readonly attemptLog: readonly Attempt[];
}

/** A dispatcher on a manual clock and a receiver for it. */
export interface Harness<Events extends object = Record<string, unknown>> extends AsyncDisposable {
  readonly dispatcher: WebhookDispatcher<Events>;
  readonly clock: ManualClock;
  /** A real HTTP server on 127.0.0.1 that records what arrives and answers as told. */
  readonly receiver: Receiver;
  /** Registers an endpoint at the receiver. Default: all events. */
  createEndpoint(
    input?: Partial<EndpointInput<EventPattern<keyof Events & string> | OperationalPattern>>,
  ): Promise<CreatedEndpoint>;
  /**
   * Moves time forward. Before each timer, everything that is due is really sent and written: a retry schedule of 27
   * hours runs over real HTTP in milliseconds. Requests that nobody answers, and functions that never settle, end at their deadline:
   * after `quietMs` of real time without anything that happens, time goes on without them.
   */
  advance(ms: number): Promise<void>;
  /** All deliveries to an endpoint with their attempts, oldest first. */
  deliveriesTo(endpoint: string | { readonly id: string }): Promise<readonly DeliveryReport[]>;
  /** Stops dispatcher and receiver. Also called by `await using`. */
  close(): Promise<void>;
}

const schema = z.strictObject({
  startAt: z.number().optional(),
  dispatcher: z.unknown().optional(),
  receiver: z.unknown().optional(),
  quietMs: z.number().min(1).max(600_000).optional(),
});

const DEFAULT_QUIET_MS = 200;

/** Delays come out exact, ids stay random. */
export function createExactRandom(): Random {
  return { ...createSystemRandom(), fraction: () => 0.5 };
}

/** Everything a test of webhooks needs, in one call. */
export async function createHarness<Events extends object = Record<string, unknown>>(
  options: HarnessOptions<Events> = {},
): Promise<Harness<Events>> {
  const { quietMs = DEFAULT_QUIET_MS } = parseInput(schema, options, 'harness');
  const clock = createManualClock(options.startAt === undefined ? {} : { startAt: options.startAt });
  const receiver = await createReceiver(options.receiver);
  const dispatcher = new WebhookDispatcher<Events>({
    clock,
    random: createExactRandom(),
    network: { allowPrivate: ['127.0.0.0/8', '::1/128'] },
    ...options.dispatcher,
  });
  const settling = new Settling({ dispatcher, receiver, quietMs });
  const close = async (): Promise<void> => {
    await dispatcher.stop({ timeoutMs: 0 });
    await receiver.close();
  };
  return {
    dispatcher,
    clock,
    receiver,
    createEndpoint: (input = {}) => dispatcher.endpoints.create({ url: receiver.url, ...input }),
    advance: (ms) => advance(settling, clock, ms),
    deliveriesTo: (endpoint) =>
      deliveriesTo(dispatcher, typeof endpoint === 'string' ? endpoint : endpoint.id),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function advance(settling: Settling, clock: ManualClock, ms: number): Promise<void> {
  if (!(typeof ms === 'number' && ms >= 0 && ms < Infinity))
    throw new OptionsError('ms', `ms: expected a finite number of at least 0, got ${String(ms)}`);
  const until = clock.now() + ms;
  for (;;) {
    await settling.settle();
    const next = clock.nextTimerAt;
    if (next === undefined || next > until) break;
    await clock.advance(Math.max(0, next - clock.now()));
  }
  await clock.advance(Math.max(0, until - clock.now()));
  await settling.settle();
}

async function deliveriesTo(
  dispatcher: Pick<WebhookDispatcher, 'deliveries'>,
  endpointId: string,
): Promise<DeliveryReport[]> {
  const reports: DeliveryReport[] = [];
  let cursor: string | undefined;
  do {
    const page = await dispatcher.deliveries.list({
      endpointId,
      limit: 500,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { id } of page.items) reports.push(await dispatcher.deliveries.get(id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return reports.reverse();
}
