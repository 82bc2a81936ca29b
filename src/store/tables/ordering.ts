import { isFinalState } from '../../core/delivery.ts';
import type { DeliveryRow, KeyQueue, LedgerRow } from './rows.ts';

/** Finished rows at the front that are worth cutting off. */
const MIN_COMPACTION = 64;

/**
 * To be called after each change of a delivery with an ordering key. True when a delivery of the key entered the queue of
 * the lane.
 */
export function updateOrder(row: DeliveryRow, key: string): boolean {
  const { lane, ledger } = row;
  const queue = ledger.keys.get(key) ?? openKey(ledger, key);
  if (row.state === 'sending') queue.leased = row;
  else if (queue.leased === row) queue.leased = undefined;
  if (!isFinalState(row.state) && !row.inKeyQueue) insert(queue, row);
  skipFinished(queue);

  const first = queue.rows[queue.head];
  if (first === undefined) ledger.keys.delete(key);
  const wanted = queue.leased === undefined ? first : undefined;
  if (queue.queued !== undefined && queue.queued !== wanted) lane.due.drop(queue.queued);
  queue.queued = wanted;
  if (wanted === undefined || wanted.entry !== undefined) return false;
  lane.due.add(wanted, wanted.dueAt);
  return true;
}

function openKey(ledger: LedgerRow, key: string): KeyQueue {
  const queue: KeyQueue = { rows: [], head: 0, queued: undefined, leased: undefined };
  ledger.keys.set(key, queue);
  return queue;
}

/** Nearly always at the end; a finished delivery that is retried goes back before its successors. */
function insert(queue: KeyQueue, row: DeliveryRow): void {
  let index = queue.rows.length;
  while (index > queue.head && queue.rows[index - 1]!.sequence > row.sequence) index -= 1;
  if (index === queue.rows.length) queue.rows.push(row);
  else queue.rows.splice(index, 0, row);
  row.inKeyQueue = true;
}

function skipFinished(queue: KeyQueue): void {
  while (queue.head < queue.rows.length && isFinalState(queue.rows[queue.head]!.state)) {
    queue.rows[queue.head]!.inKeyQueue = false;
    queue.head += 1;
  }
  if (queue.head > MIN_COMPACTION && queue.head * 2 > queue.rows.length) {
    queue.rows = queue.rows.slice(queue.head);
    queue.head = 0;
  }
}
