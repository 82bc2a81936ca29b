/** The dispatcher with one endpoint, at a steady rate. */
import type { WebhookDispatcher } from 'posthorn';
import { serveActions } from '../harness/serve-actions.ts';
import { type ClockActions, sharedNow } from '../harness/shared-clock.ts';
import type { StorePlace } from '../harness/store-place.ts';
import { countWrong, createDispatcher } from './create-dispatcher.ts';
import { EVENT_TYPE, type Target } from './job.ts';
import { type PacedRun, type PacedTurn, runPaced } from './paced.ts';

export type LatencyActions = ClockActions & {
  open: (params: Target & StorePlace) => Promise<void>;
  pace: (turn: PacedTurn) => Promise<PacedRun>;
  /** Deliveries that the record of the store has wrong. */
  checkRecord: () => Promise<{ errors: number }>;
  close: () => Promise<void>;
};

let dispatcher: WebhookDispatcher;
let emitted = 0;

serveActions({
  now: sharedNow,
  open,
  pace,
  checkRecord,
  close: () => dispatcher.stop(),
} satisfies LatencyActions);

async function open(params: Target & StorePlace): Promise<void> {
  const { url, secret, sockets } = params;
  dispatcher = createDispatcher(params, { maxConcurrency: sockets });
  await dispatcher.endpoints.create({
    url: `${url}/dispatcher`,
    secret,
    concurrency: sockets,
    retry: 'once',
  });
}

async function pace(turn: PacedTurn): Promise<PacedRun> {
  const result = await runPaced(
    turn,
    (data) => dispatcher.emit(EVENT_TYPE, data),
    () => dispatcher.drain(),
  );
  emitted += result.sent;
  return result;
}

async function checkRecord(): Promise<{ errors: number }> {
  return { errors: await countWrong(dispatcher, emitted) };
}
