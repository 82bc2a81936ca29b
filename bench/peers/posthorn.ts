/** The dispatcher, which makes and signs messages itself. */
import { countWrong, createDispatcher } from '../contenders/create-dispatcher.ts';
import { EVENT_TYPE, slotsFor } from '../contenders/job.ts';
import type { StorePlace } from '../harness/store-place.ts';
import type { OpenPeer } from './peer.ts';

export function posthornOn(place: StorePlace): OpenPeer {
  return async ({ url, secret, inFlight, onDelivered, onFailed }) => {
    const dispatcher = createDispatcher(place, { maxConcurrency: slotsFor(inFlight) });
    await dispatcher.endpoints.create({ url, secret, concurrency: inFlight });
    dispatcher.on('delivery.succeeded', onDelivered);
    for (const event of ['delivery.retrying', 'delivery.exhausted', 'delivery.failed'] as const)
      dispatcher.on(event, onFailed);
    return {
      enqueue: ({ data }) => dispatcher.emit(EVENT_TYPE, data),
      checkRecord: (delivered) => countWrong(dispatcher, delivered),
      close: () => dispatcher.stop(),
    };
  };
}
