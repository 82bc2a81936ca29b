import type { EndpointRecord } from '../../../core/endpoint.ts';
import { OptionsError } from '../../../errors.ts';
import type { PutEndpointResult } from '../../store.ts';
import { inWordsOf } from './enabled-word.ts';
import type { FileDraft } from './file-draft.ts';
import { readEndpoint, type ReadingTools } from './read-endpoint.ts';
import { toStoredEndpoint } from './stored-endpoint.ts';

/**
 * Puts a record that is based on the newest one into the draft.
 *
 * @param record plain JSON, of nobody else's
 * @throws OptionsError when it is one that could not be read again
 */
export function putRecord(
  draft: FileDraft,
  { record, expectedRevision }: { readonly record: EndpointRecord; readonly expectedRevision: number },
  tools: ReadingTools,
): PutEndpointResult {
  if (record.hidden === true)
    throw new OptionsError('record.hidden', 'record.hidden: hidden endpoints are not kept in this file.');
  const current = draft.entries.get(record.id);
  const currentRevision = current?.record.revision ?? 0;
  if (currentRevision !== expectedRevision) return { kind: 'conflict', currentRevision };
  const next: EndpointRecord = {
    ...record,
    createdAt: current?.record.createdAt ?? tools.now,
    updatedAt: tools.now,
    revision: currentRevision + 1,
  };
  const stored = toStoredEndpoint(next, tools.keyring, inWordsOf(draft.top, current?.stored));
  // What is accepted now must be accepted at the next start.
  readEndpoint({ raw: stored, at: 'endpoint', id: next.id, known: undefined }, tools);
  draft.set(next, stored);
  return { kind: 'stored', record: structuredClone(next) };
}
