import type { Retention } from '../store.ts';
import { LinkedRows } from './linked-rows.ts';
import type { MessageRow } from './rows.ts';

/** Messages that wait for nothing any more, in the order in which they ended; what retention and capacity take from. */
export class FinishedMessages {
  readonly #succeeded = new LinkedRows<MessageRow>();
  readonly #unsuccessful = new LinkedRows<MessageRow>();

  get size(): number {
    return this.#succeeded.size + this.#unsuccessful.size;
  }

  add(row: MessageRow, now: number): void {
    row.finishedAt = now;
    this.#listOf(row).push(row);
  }

  /** To be called before the counts of the row change: they tell in which list it is. */
  remove(row: MessageRow): void {
    row.finishedAt = undefined;
    this.#listOf(row).remove(row);
  }

  /** The message that ended first. */
  oldest(): MessageRow | undefined {
    const succeeded = this.#succeeded.first;
    const unsuccessful = this.#unsuccessful.first;
    if (succeeded === undefined || unsuccessful === undefined) return succeeded ?? unsuccessful;
    return succeeded.finishedAt! <= unsuccessful.finishedAt! ? succeeded : unsuccessful;
  }

  /** A message that retention does not keep any longer. */
  expired(retention: Retention, now: number): MessageRow | undefined {
    const succeeded = this.#succeeded.first;
    if (succeeded !== undefined && succeeded.finishedAt! + retention.succeededMs <= now) return succeeded;
    const unsuccessful = this.#unsuccessful.first;
    if (unsuccessful !== undefined && unsuccessful.finishedAt! + retention.unsuccessfulMs <= now)
      return unsuccessful;
    return undefined;
  }

  #listOf(row: MessageRow): LinkedRows<MessageRow> {
    return row.unsuccessful === 0 ? this.#succeeded : this.#unsuccessful;
  }
}
