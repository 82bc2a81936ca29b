/** Nobody sees or touches what belongs to another tenant: to look there is to find nothing. */
import type { DeliveryWithAttempts } from '../index.ts';
import type { Endpoint } from '../endpoints.ts';
import type { MessageRecord } from '../records.ts';
import { isPosthornError } from '../errors.ts';
import { notFound } from './api-error.ts';
import type { Call } from './operation.ts';

type Asking = Pick<Call<unknown, unknown>, 'dispatcher' | 'caller'>;

/** @throws ApiError `not_found` */
export function ownWebhook({ dispatcher, caller }: Asking, id: string): Promise<Endpoint> {
  return own('webhook', caller.tenant, () => dispatcher.endpoints.get(id));
}

/** @throws ApiError `not_found` */
export function ownDelivery({ dispatcher, caller }: Asking, id: string): Promise<DeliveryWithAttempts> {
  return own('delivery', caller.tenant, () => dispatcher.deliveries.get(id));
}

/** @throws ApiError `not_found` */
export function ownMessage({ dispatcher, caller }: Asking, id: string): Promise<MessageRecord> {
  return own('message', caller.tenant, () => dispatcher.messages.get(id));
}

async function own<Thing extends { readonly tenant: string }>(
  kind: Parameters<typeof notFound>[0],
  tenant: string,
  get: () => Promise<Thing>,
): Promise<Thing> {
  const thing = await get().catch((error: unknown) => {
    if (isPosthornError(error) && error.code === 'not_found') throw notFound(kind);
    throw error;
  });
  if (thing.tenant !== tenant) throw notFound(kind);
  return thing;
}
