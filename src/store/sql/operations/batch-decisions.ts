import type { AppendEntry, NewMessage } from '../../store.ts';

/** A message that is stored, or that stands earlier in the batch. */
export interface KnownMessage {
  readonly id: string;
  readonly tenant: string;
  readonly fingerprint: string | null;
}

/** Messages by id, and by tenant and idempotency key. */
export class KnownMessages {
  readonly #byId = new Map<string, KnownMessage>();
  readonly #byKey = new Map<string, KnownMessage>();

  addById(message: KnownMessage): void {
    this.#byId.set(message.id, message);
  }

  addByKey(message: KnownMessage, key: string): void {
    this.#byKey.set(slotOf(message.tenant, key), message);
  }

  withId(id: string): KnownMessage | undefined {
    return this.#byId.get(id);
  }

  withKey(tenant: string, key: string | undefined): KnownMessage | undefined {
    return key === undefined ? undefined : this.#byKey.get(slotOf(tenant, key));
  }
}

/** What is to be done with an entry: to store it, or to refer to the message that was first. */
export type EntryDecision =
  { readonly kind: 'store' } | { readonly kind: 'duplicate' | 'conflict'; readonly messageId: string };

/**
 * Decides about the entries of a batch, one after the other, as if each were stored before the next. Ids are compared first, among all
 * tenants; idempotency keys within their tenant.
 *
 * @param known - messages that were there before the batch, as far as they matter
 * @param holdsKeys - false: idempotency keys mean nothing to this batch
 */
export function decideEntries(
  entries: readonly AppendEntry[],
  known: KnownMessages,
  holdsKeys: boolean,
): readonly EntryDecision[] {
  const earlier = new KnownMessages();
  return entries.map(({ message }) => {
    const { id, tenant, fingerprint = null } = message;
    const key = holdsKeys ? message.idempotencyKey : undefined;
    const first =
      known.withId(id) ?? earlier.withId(id) ?? known.withKey(tenant, key) ?? earlier.withKey(tenant, key);
    if (first !== undefined) return referTo(first, message);
    earlier.addById({ id, tenant, fingerprint });
    if (key !== undefined) earlier.addByKey({ id, tenant, fingerprint }, key);
    return { kind: 'store' };
  });
}

function referTo(first: KnownMessage, message: NewMessage): EntryDecision {
  const isSame = first.tenant === message.tenant && first.fingerprint === (message.fingerprint ?? null);
  return { kind: isSame ? 'duplicate' : 'conflict', messageId: first.id };
}

/** The length keeps ('a', 'b:c') and ('a:b', 'c') apart. */
function slotOf(tenant: string, key: string): string {
  return `${tenant.length}:${tenant}${key}`;
}
