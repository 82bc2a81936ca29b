/**
 * What went wrong on the side of the dispatcher, the API keeps from the owners of endpoints: it may tell of its network. Whoever has the
 * store may read it all.
 */
import type { DeliveryDetailResource } from '../http/index.ts';
import type { LocalSession } from './session.ts';

/** The delivery with the whole detail of each attempt. */
export async function withOwnDetails(
  delivery: DeliveryDetailResource,
  local: LocalSession | undefined,
): Promise<DeliveryDetailResource> {
  if (local === undefined) return delivery;
  const { attemptLog } = await local.dispatcher.deliveries.get(delivery.id);
  const details = new Map(
    attemptLog.map(({ attempt, startedAt, detail }) => [`${attempt} ${startedAt}`, detail]),
  );
  return {
    ...delivery,
    attempt_log: delivery.attempt_log.map((entry) => ({
      ...entry,
      detail: details.get(`${entry.attempt} ${entry.started_at}`) ?? entry.detail,
    })),
  };
}
