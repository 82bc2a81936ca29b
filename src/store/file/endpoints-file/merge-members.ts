/** Two changes of one endpoint, put together. */
import type { EndpointRecord } from '../../../core/endpoint.ts';
import type { FunctionRegistry } from '../../../core/functions.ts';
import { canonicalJson } from '../../../core/plain-json.ts';
import { OptionsError } from '../../../errors.ts';
import { checkEndpoint } from './check-endpoint.ts';

/** What Posthorn writes: no change by itself. */
const BOOKKEEPING: ReadonlySet<string> = new Set(['createdAt', 'updatedAt', 'revision']);

/**
 * The record of a person, in which members that they left as they were have the newest value. The very same record when
 * there is nothing to put together, and when what comes out would not be allowed.
 */
export function mergeMembers(
  base: EndpointRecord,
  theirs: EndpointRecord,
  ours: EndpointRecord,
  { at, functions }: { readonly at: string; readonly functions: FunctionRegistry | undefined },
): EndpointRecord {
  const merged: Record<string, unknown> = { ...theirs };
  let isMixed = false;
  for (const key of new Set([...Object.keys(base), ...Object.keys(theirs), ...Object.keys(ours)])) {
    const [was, is, our] = [base, theirs, ours].map((record) => record[key as keyof EndpointRecord]);
    if (BOOKKEEPING.has(key) || !isSameValue(was, is) || isSameValue(is, our)) continue;
    isMixed = true;
    if (our === undefined) delete merged[key];
    else merged[key] = our;
  }
  if (!isMixed) return theirs;
  const record = merged as unknown as EndpointRecord;
  try {
    return { ...record, secrets: checkEndpoint(record, functions, at) };
  } catch (error) {
    // Each is right by itself, and they do not fit together.
    if (error instanceof OptionsError) return theirs;
    throw error;
  }
}

/** Whether two records differ in nothing but instants and revision. */
export function isSameContent(a: EndpointRecord, b: EndpointRecord): boolean {
  return isSameValue(contentOf(a), contentOf(b));
}

function contentOf(record: EndpointRecord): object {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !BOOKKEEPING.has(key)));
}

function isSameValue(a: unknown, b: unknown): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** Whether instants and revision are the same. */
export function hasBookkeepingOf(a: EndpointRecord, b: EndpointRecord): boolean {
  return a.createdAt === b.createdAt && a.updatedAt === b.updatedAt && a.revision === b.revision;
}
