import { type DispatcherOptions, WebhookDispatcher } from 'posthorn';
import type { StorePlace } from '../harness/store-place.ts';
import { openStore } from './stores.ts';

/** A dispatcher on the store of a place that may send to this machine; else with the settings that users get. */
export function createDispatcher(place: StorePlace, options: DispatcherOptions): WebhookDispatcher {
  return new WebhookDispatcher({
    store: openStore(place),
    network: { allowPrivate: ['127.0.0.0/8'] },
    ...options,
  });
}

/** Deliveries that the record of the store has wrong: unfinished, failed, or succeeded more or less often than was reported. */
export async function countWrong(dispatcher: WebhookDispatcher, succeeded: number): Promise<number> {
  const { lifetime, pending } = await dispatcher.stats();
  return Math.abs(lifetime.succeeded - succeeded) + lifetime.failed + pending;
}
