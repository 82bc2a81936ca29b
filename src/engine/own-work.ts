import type { AppendEntry, AppendResult } from '../store/store.ts';

/**
 * Whether the message that stands in the way of an entry is the entry itself, written by a try whose answer was lost: a try of ours that threw, or
 * one that the store repeated. Ids of deliveries are never chosen by a caller, nor is that of a message without a fingerprint.
 *
 * @param tries - how often it was given to the store
 */
export function isOwnWork(
  { message, deliveries }: AppendEntry,
  tries: number,
  found: Extract<AppendResult, { readonly kind: 'duplicate' }>,
): boolean {
  if (found.messageId !== message.id) return false;
  const [own] = deliveries;
  if (own !== undefined) return found.deliveries.some(({ id }) => id === own.id);
  return tries > 1 || message.fingerprint === undefined;
}
