import type { Message } from '../../core/message.ts';
import type { MessageRow } from './rows.ts';

/** Idempotency keys, per tenant. A key lives until its window ends or its message is removed, whichever is first. */
export class IdempotencyKeys {
  readonly #holders = new Map<string, MessageRow>();

  /** The message that holds the key of `message` now. */
  find(message: Message, now: number): MessageRow | undefined {
    if (message.idempotencyKey === undefined) return undefined;
    const holder = this.#holders.get(slotOf(message.tenant, message.idempotencyKey));
    return holder !== undefined && now < holder.idempotentUntil ? holder : undefined;
  }

  /** Nothing of a message whose window has no length: another one may hold the key. */
  add(row: MessageRow): void {
    const { tenant, idempotencyKey } = row.message;
    if (idempotencyKey !== undefined && row.idempotentUntil > row.createdAt)
      this.#holders.set(slotOf(tenant, idempotencyKey), row);
  }

  /** Frees the key of a message that leaves the store, unless a later one has it. */
  remove(row: MessageRow): void {
    const { tenant, idempotencyKey } = row.message;
    if (idempotencyKey === undefined) return;
    const slot = slotOf(tenant, idempotencyKey);
    if (this.#holders.get(slot) === row) this.#holders.delete(slot);
  }
}

/** The length keeps ('a', 'b:c') and ('a:b', 'c') apart. */
function slotOf(tenant: string, key: string): string {
  return `${tenant.length}:${tenant}${key}`;
}
