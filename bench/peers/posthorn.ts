/** The dispatcher, which makes and signs messages itself. */
import { WebhookDispatcher } from 'posthorn';
import { EVENT_TYPE } from '../contenders/job.ts';
import { openStore } from '../contenders/stores.ts';
import type { StorePlace } from '../harness/store-place.ts';
import type { OpenPeer } from './peer.ts';

export function posthornOn(place: StorePlace): OpenPeer {
  return async ({ url, secret, inFlight, onDelivered, onFailed }) => {
    const dispatcher = new WebhookDispatcher({
      store: openStore(place),
      network: { allowPrivate: ['127.0.0.0/8'] },
      maxConcurrency: inFlight,
    });
    await dispatcher.endpoints.create({ url, secret, concurrency: inFlight });
    dispatcher.on('delivery.succeeded', onDelivered);
    for (const event of ['delivery.retrying', 'delivery.exhausted', 'delivery.failed'] as const)
      dispatcher.on(event, onFailed);
    return {
      enqueue: ({ data }) => dispatcher.emit(EVENT_TYPE, data),
      async checkRecord(delivered) {
        const { lifetime, pending } = await dispatcher.stats();
        return Math.abs(lifetime.succeeded - delivered) + lifetime.failed + pending;
      },
      close: () => dispatcher.stop(),
    };
  };
}
