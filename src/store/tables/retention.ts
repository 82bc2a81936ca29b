import type { PruneParams, PruneResult } from '../store.ts';
import type { Tables } from './tables.ts';

/** Rows removed between two looks at the clock. */
const BATCH = 100;

/**
 * Removes messages that retention does not keep, and hidden endpoints that nothing is owed to; at least one batch, then as
 * many as the budget allows.
 */
export function prune(tables: Tables, params: PruneParams): PruneResult {
  const now = tables.now();
  let looks = 0;
  const hasTime = (): boolean => looks % BATCH !== 0 || looks === 0 || tables.now() - now < params.budgetMs;
  for (const id of tables.endpoints.unchecked) {
    if (!hasTime()) return { messages: 0, more: true };
    looks += 1;
    tables.endpoints.unchecked.delete(id);
    // One with a ledger goes with the last delivery in it.
    if (!tables.ledgers.has(id)) tables.endpoints.delete(id);
  }
  let messages = 0;
  let row = tables.finished.expired(params.retention, now);
  while (row !== undefined && hasTime()) {
    tables.removeMessage(row);
    looks += 1;
    messages += 1;
    row = tables.finished.expired(params.retention, now);
  }
  return { messages, more: row !== undefined };
}
