/** What becomes of deliveries that wait for an endpoint while it is disabled. Decided when it is disabled, and kept in its record: stores go by that. */
import type { EndpointRecord, ResolvedDeliverySettings } from './endpoint.ts';

/** What waits for it is kept, because it is disabled. */
export function isHeld({ status, held }: Pick<EndpointRecord, 'status' | 'held'>): boolean {
  return status === 'disabled' && held === true;
}

/** It is disabled, and nobody has decided what becomes of what waits: somebody changed its record past all dispatchers. */
export function isUndecided({ status, held }: Pick<EndpointRecord, 'status' | 'held'>): boolean {
  return status === 'disabled' && held === undefined;
}

/**
 * A changed record, with the decision in it. One that was made stands until the endpoint is enabled, or gets another `onDisable`; other defaults of
 * a dispatcher do not change it.
 *
 * @param defaults - of endpoints that have no `onDisable` of their own
 */
export function decideHold(
  before: EndpointRecord,
  { held: _before, ...after }: EndpointRecord,
  defaults: Pick<ResolvedDeliverySettings, 'onDisable'>,
): EndpointRecord {
  if (after.status === 'enabled') return after;
  const stands = before.status === 'disabled' && before.onDisable === after.onDisable;
  const isWanted = (after.onDisable ?? defaults.onDisable) === 'hold' && after.disabledReason !== 'gone';
  return { ...after, held: stands ? (before.held ?? isWanted) : isWanted };
}
