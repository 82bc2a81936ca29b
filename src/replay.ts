/** `dispatcher.replay`: stored messages again. */
import { z } from 'zod';
import { DELIVERY_STATES, type DeliveryState, FINAL_STATES } from './core/delivery.ts';
import { isPattern, PATTERN_EXPECTED } from './core/pattern.ts';
import type { ReplayOrder, ReplayResult } from './engine/replayer.ts';
import type { Reporter } from './engine/reporter.ts';
import type { EngineHost } from './engine-host.ts';
import { StoppedError } from './errors.ts';
import { instant, parseListRequest, rangeShape, soughtName } from './page-request.ts';

/** Which messages to replay. Members that are left out do not restrict. */
export interface ReplayRequest {
  /** Only deliveries to this endpoint. */
  endpointId?: string | undefined;
  /** Only messages of this tenant. */
  tenant?: string | undefined;
  /** Only these event types; patterns work: `job.*`. */
  types?: readonly string[] | undefined;
  /** Only messages stored at or after; Date or epoch ms. */
  since?: Date | number | undefined;
  /** Only messages stored before; Date or epoch ms. Not before `since`. */
  until?: Date | number | undefined;
  /**
   * Existing deliveries in these states are sent again. Default: all final ones, **`succeeded` included**. With
   * `scheduled`, deliveries that wait for their next attempt are due now. `sending` is left alone always. Empty, with
   * `createMissing: true`: only what is missing.
   */
  states?: readonly Exclude<DeliveryState, 'sending'>[] | undefined;
  /** Only these messages; at most 1,000. Unknown ids are passed over. */
  messageIds?: readonly string[] | undefined;
  /**
   * Endpoints that match a message now, and have no delivery of it, get one. Default: true without `states`, false with
   * them. Messages that were emitted `to` named endpoints stay with those.
   */
  createMissing?: boolean | undefined;
  /**
   * Deliveries that were created or ended after this instant are left alone; Date or epoch ms by the clock of the store.
   * Default, and latest: now. Repeating a replay with the `asOf` of its result sends nothing again that it has sent. The
   * millisecond itself counts as before: while a manual clock stands still, nothing is after it.
   */
  asOf?: Date | number | undefined;
  /** Only counts. Default false. */
  dryRun?: boolean | undefined;
  /** Ends the replay; what it did stays done. Default: none. */
  signal?: AbortSignal | undefined;
}

const name = soughtName.optional();
const replayable = DELIVERY_STATES.filter((state) => state !== 'sending');
const schema = z.strictObject({
  endpointId: name,
  tenant: name,
  types: z
    .array(z.custom<string>(isPattern, { error: PATTERN_EXPECTED }))
    .min(1)
    .max(1000)
    .optional(),
  ...rangeShape,
  states: z.array(z.enum(replayable)).optional(),
  messageIds: z.array(soughtName).min(1).max(1000).optional(),
  createMissing: z.boolean().optional(),
  asOf: instant,
  dryRun: z.boolean().optional(),
  signal: z
    .custom<AbortSignal>((value) => value instanceof AbortSignal, { error: 'an AbortSignal' })
    .optional(),
});

/** @throws OptionsError naming the member that is wrong */
function parseReplayRequest(request: ReplayRequest | undefined): ReplayOrder {
  const given = parseListRequest(schema, request);
  return {
    endpointId: given.endpointId,
    tenant: given.tenant,
    types: given.types,
    since: given.since,
    until: given.until,
    messageIds: given.messageIds,
    states: given.states ?? FINAL_STATES,
    createMissing: given.createMissing ?? given.states === undefined,
    asOf: given.asOf,
    dryRun: given.dryRun ?? false,
    signal: given.signal,
  };
}

/** Replays. One that fails while nobody awaits it is reported, as a failed emit is, unless somebody ended it. */
export function replay(
  request: ReplayRequest | undefined,
  { host, reporter }: { readonly host: EngineHost; readonly reporter: Reporter },
): Promise<ReplayResult> {
  let signal: AbortSignal | undefined;
  const run = async (): Promise<ReplayResult> => {
    const order = parseReplayRequest(request);
    ({ signal } = order);
    return (await host.ready('replay')).replays.replay(order);
  };
  const result = run();
  result.catch((error: unknown) => {
    if (!(error instanceof StoppedError) && signal?.aborted !== true) reporter.emitFailed(error, 'replay');
  });
  return result;
}
