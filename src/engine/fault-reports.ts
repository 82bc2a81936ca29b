/**
 * Faults of the dispatcher itself, as trouble that somebody must mend: without them each is one attempt among many that failed, and nothing says
 * that the receiver is not to blame. Told once a minute for one reason and endpoint; a proxy is the same for all endpoints.
 */
import type { DispatcherReason, Outcome } from '../core/outcome.ts';
import { SendError } from '../errors.ts';
import type { Settled } from './concluded-attempt.ts';
import { RecentMap } from './recent-map.ts';

/** The outcome of such an attempt. */
export type DispatcherFailed = Outcome & { readonly kind: 'dispatcher_failed' };

const QUIET_MS = 60_000;
/** Reasons and endpoints that are known to have been told; others are told again. */
const MAX_TOLD = 10_000;

interface Told {
  /** By the clock's `elapsed`. */
  readonly at: number;
  /** More of the same since then. */
  readonly more: number;
}

const ADVICE: Readonly<Record<DispatcherReason, string>> = {
  unknown_function: 'Register it in this process, or deliver from one that has it.',
  function_failed: 'Mend the function.',
  bad_request: 'Change the endpoint, or the function that writes it.',
  bad_secret: 'Rotate the secret of the endpoint, or correct its tls.',
  transport_failed: 'Look at the transport and its options.',
  proxy_failed: 'Look after the proxy of network.proxy: this may concern every endpoint.',
};

export class FaultReports {
  readonly #told = new RecentMap<Told>(MAX_TOLD);

  /** What is to be told of an attempt whose outcome is written; `undefined`: nothing, or nothing new. */
  note(
    { delivery, runtime, transition }: Settled,
    { reason, detail }: DispatcherFailed,
    elapsedMs: number,
  ): SendError | undefined {
    const key = reason === 'proxy_failed' ? reason : `${reason} ${delivery.endpointId}`;
    const before = this.#told.get(key);
    if (before !== undefined && elapsedMs < before.at + QUIET_MS) {
      this.#told.set(key, { at: before.at, more: before.more + 1 });
      return undefined;
    }
    this.#told.set(key, { at: elapsedMs, more: 0 });
    const { id, url } = runtime.ref;
    const more = before === undefined || before.more === 0 ? '' : ` (and ${before.more} more like it before)`;
    const next =
      transition.state === 'scheduled'
        ? 'The attempt does not count and is made again.'
        : 'The delivery has failed: retry or replay it afterwards.';
    const message = `Could not send to endpoint ${id} (${url}): ${reason}: ${detail}${more}. ${ADVICE[reason]} ${next}`;
    return new SendError(message, { reason, endpointId: id, deliveryId: delivery.id });
  }
}
