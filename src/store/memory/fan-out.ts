import type { ClaimFanOutParams, CompleteFanOutParams, FanOutClaim } from '../store.ts';
import { addDelivery } from './append.ts';
import { noteIfFinished, requeue } from './changes.ts';
import type { Tables } from './tables.ts';

/** Leases unmatched messages, oldest first. Costs as much as there are leased ones before them. */
export function claimFanOut(tables: Tables, params: ClaimFanOutParams): readonly FanOutClaim[] {
  const now = tables.now();
  const claims: FanOutClaim[] = [];
  for (const row of tables.unmatched.values()) {
    if (claims.length >= params.limit) break;
    if (row.fanOutLease !== undefined && now < row.fanOutUntil) continue;
    // Unique within this store is enough: nobody else can see the message.
    const lease = `fan_out_${tables.nextSequence()}`;
    row.fanOutLease = lease;
    row.fanOutUntil = now + params.leaseMs;
    claims.push({ message: row.message, lease });
  }
  return claims;
}

/** Adds the deliveries of matched messages. */
export function completeFanOut(tables: Tables, params: CompleteFanOutParams): void {
  const now = tables.now();
  for (const result of params.results) {
    const message = tables.unmatched.get(result.messageId);
    if (message === undefined || message.fanOutLease !== result.lease) continue;
    for (const existing of message.deliveries) existing.ledger.lastMessage = message.sequence;
    for (const delivery of result.deliveries) {
      const row = addDelivery(tables, message, delivery, now);
      if (row?.state === 'scheduled') requeue(tables, row, now);
    }
    message.fannedOut = true;
    message.fanOutLease = undefined;
    tables.unmatched.delete(result.messageId);
    noteIfFinished(tables, message, now);
  }
}
