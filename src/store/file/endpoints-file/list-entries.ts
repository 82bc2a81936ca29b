import type { EndpointRecord } from '../../../core/endpoint.ts';
import { OptionsError } from '../../../errors.ts';
import type { Page } from '../../store.ts';
import type { FileEntry } from './file-draft.ts';

const CURSOR = /^e([0-9a-z]{1,11})$/;

/**
 * A page of records, in the order of creation. A cursor names the last one of a page, so endpoints that come and go do
 * not move it.
 *
 * @param entries in the order of their sequence
 * @throws OptionsError for a cursor of something else
 */
export function listEntries(
  entries: readonly FileEntry[],
  {
    tenant,
    cursor,
    limit,
  }: { readonly tenant?: string | undefined; readonly cursor?: string | undefined; readonly limit: number },
): Page<EndpointRecord> {
  const after = decodeCursor(cursor);
  const rest = entries.slice(firstAfter(entries, after));
  const found = rest.filter(({ record }) => tenant === undefined || record.tenant === tenant);
  const page = found.slice(0, limit);
  const last = page.at(-1)?.sequence ?? after;
  return {
    items: page.map(({ record }) => structuredClone(record)),
    nextCursor: found.length > page.length ? `e${last.toString(36)}` : undefined,
  };
}

function decodeCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const digits = CURSOR.exec(cursor)?.[1];
  if (digits !== undefined) return parseInt(digits, 36);
  throw new OptionsError('cursor', 'cursor: expected a nextCursor of the same list, got something else');
}

function firstAfter(entries: readonly FileEntry[], sequence: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.sequence <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
