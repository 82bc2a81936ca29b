import type { PruneParams, PruneResult } from '../store.ts';
import type { Tables } from './tables.ts';

/** Messages removed between two looks at the clock. */
const BATCH = 100;

/** Removes messages that retention does not keep; at least one batch, then as many as the budget allows. */
export function prune(tables: Tables, params: PruneParams): PruneResult {
  const now = tables.now();
  let messages = 0;
  let row = tables.finished.expired(params.retention, now);
  while (
    row !== undefined &&
    (messages % BATCH !== 0 || messages === 0 || tables.now() - now < params.budgetMs)
  ) {
    tables.removeMessage(row);
    messages += 1;
    row = tables.finished.expired(params.retention, now);
  }
  return { messages, more: row !== undefined };
}
