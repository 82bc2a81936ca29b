/**
 * What a person saved and what Posthorn changed, put together, endpoint by endpoint. Pure but for the draft.
 *
 * The file tells which of its revisions the person began with. Where that is not the newest, what Posthorn changed since
 * is not what the person wanted to undo: a change of theirs and a change of ours both survive, member by member, and where
 * both changed the same member, the person's stands.
 */
import { createId } from '../../../core/id.ts';
import { DEFAULT_TENANT } from '../../../core/message.ts';
import { withVerifiedStatus } from '../../../core/verification.ts';
import { type EndpointRecord, withLimits } from '../../../core/endpoint.ts';
import type { EditChanges, EditHistory } from './edit-history.ts';
import { inWordsOf } from './enabled-word.ts';
import type { FileDocument, FileEndpoint } from './file-document.ts';
import type { FileDraft, FileEntry } from './file-draft.ts';
import { hasBookkeepingOf, isSameContent, mergeMembers } from './merge-members.ts';
import { readEndpoint, type ReadEndpoint, type ReadingTools } from './read-endpoint.ts';
import { toStoredEndpoint } from './stored-endpoint.ts';

interface Merging {
  readonly draft: FileDraft;
  readonly since: EditChanges;
  readonly tools: ReadingTools;
}

/** An endpoint in the file that has an id. */
interface IdentifiedEndpoint extends FileEndpoint {
  readonly id: string;
}

const NOTHING_SINCE: EditChanges = { endpoints: new Map(), switch: undefined };

/**
 * Brings a draft of the last known state up to what the file says.
 *
 * @throws OptionsError naming what is wrong in the file; the draft is of no use then
 */
export function mergeEdit(
  draft: FileDraft,
  document: FileDocument,
  history: EditHistory,
  tools: ReadingTools,
): void {
  const isOutdated = document.revision !== undefined && document.revision < draft.revision;
  const since = (isOutdated ? history.since(document.revision) : undefined) ?? NOTHING_SINCE;
  const merging: Merging = { draft, since, tools };
  draft.top = document.top;
  const endpoints = identify(document.endpoints, draft, tools);
  const before = new Map(draft.entries);
  const added: ReadEndpointWithRaw[] = [];
  for (const endpoint of endpoints) {
    const known = before.get(endpoint.id);
    if (known !== undefined) mergeKnown(endpoint, known, merging);
    else if (!staysRemoved(endpoint, merging))
      added.push({ endpoint, read: readEndpoint({ ...endpoint, known: undefined }, tools) });
  }
  addNew(added, merging);
  removeMissing(endpoints, merging);
  draft.arrange(endpoints.map(({ id }) => id));
  mergeSwitch(document, merging);
  draft.needsWrite ||= isOutdated || document.revision === undefined;
  draft.revision = Math.max(draft.revision, document.revision ?? 0);
}

/**
 * Gives ids to those that have none. One that stands for a known endpoint which is missing otherwise, by tenant and URL,
 * is that endpoint: an editor saved once more what it had before the id was written.
 */
function identify(
  endpoints: readonly FileEndpoint[],
  draft: FileDraft,
  { random }: ReadingTools,
): readonly IdentifiedEndpoint[] {
  const ids = new Set(endpoints.map(({ id }) => id));
  const missing = new Map<string, string[]>();
  for (const [id, { record }] of draft.entries) {
    if (ids.has(id)) continue;
    const key = JSON.stringify([record.tenant, record.url]);
    missing.set(key, [...(missing.get(key) ?? []), id]);
  }
  return endpoints.map((endpoint) => {
    const { id, raw } = endpoint;
    if (id !== undefined) return { ...endpoint, id };
    draft.needsWrite = true;
    draft.hasGenerated = true;
    const key = JSON.stringify([raw['tenant'] ?? DEFAULT_TENANT, raw['url']]);
    return { ...endpoint, id: missing.get(key)?.shift() ?? createId('ep_', random) };
  });
}

interface ReadEndpointWithRaw {
  readonly endpoint: IdentifiedEndpoint;
  readonly read: ReadEndpoint;
}

function addNew(added: readonly ReadEndpointWithRaw[], { draft, tools }: Merging): void {
  // Lists are in the order of creation, whatever the order in the file.
  const ordered = added.toSorted((a, b) => a.read.record.createdAt - b.read.record.createdAt);
  for (const { endpoint, read } of ordered) {
    const { raw } = endpoint;
    draft.hasGenerated ||= read.isGenerated;
    draft.needsWrite ||= !read.isComplete;
    const record = raw['revision'] === undefined ? withLimits(read.record) : read.record;
    draft.set(
      record,
      read.isComplete ? raw : toStoredEndpoint(record, tools.keyring, inWordsOf(draft.top, raw)),
    );
  }
}

function mergeKnown(endpoint: IdentifiedEndpoint, known: FileEntry, { draft, since, tools }: Merging): void {
  const { raw, at, id } = endpoint;
  if (JSON.stringify(raw) === JSON.stringify(known.stored)) return;
  const read = readEndpoint({ ...endpoint, known: known.record }, tools);
  const typed = withKnownLimits(read.record, known.record);
  const base = since.endpoints.get(id);
  const merged =
    base === undefined ? typed : mergeMembers(base, typed, known.record, { at, functions: tools.functions });
  if (merged !== typed) draft.kept.push(`endpoint ${id}`);
  // The URL of one may have met the proof of the other.
  const edited = withVerifiedStatus(merged);
  const revision = Math.max(known.record.revision, read.record.revision);
  if (isSameContent(edited, known.record)) {
    const record = revision === known.record.revision ? known.record : { ...known.record, revision };
    const isStored = read.isComplete && edited === read.record && hasBookkeepingOf(read.record, record);
    draft.set(record, isStored ? raw : toStoredEndpoint(record, tools.keyring, inWordsOf(draft.top, raw)));
    draft.needsWrite ||= !isStored;
    return;
  }
  const record: EndpointRecord = {
    ...withLimits(edited),
    createdAt: known.record.createdAt,
    updatedAt: tools.now,
    revision: Math.max(known.record.revision + 1, revision),
  };
  draft.set(record, toStoredEndpoint(record, tools.keyring, inWordsOf(draft.top, raw)));
}

/** No limit, said or left out, is the same. */
function withKnownLimits(record: EndpointRecord, known: EndpointRecord): EndpointRecord {
  const said = withLimits(record);
  return {
    ...record,
    ...(known.rateLimit === false && { rateLimit: said.rateLimit }),
    ...(known.maxConcurrencyTotal === false && { maxConcurrencyTotal: said.maxConcurrencyTotal }),
  };
}

/** Removed since the person read the file, and not typed anew. */
function staysRemoved({ id, raw }: IdentifiedEndpoint, { draft, since }: Merging): boolean {
  if (raw['revision'] === undefined || since.endpoints.get(id) === undefined) return false;
  draft.kept.push(`the removal of endpoint ${id}`);
  draft.needsWrite = true;
  return true;
}

function removeMissing(endpoints: readonly IdentifiedEndpoint[], { draft, since }: Merging): void {
  const ids = new Set(endpoints.map(({ id }) => id));
  for (const id of [...draft.entries.keys()]) {
    if (ids.has(id)) continue;
    const isCreatedSince = since.endpoints.has(id) === true && since.endpoints.get(id) === undefined;
    if (isCreatedSince) {
      draft.kept.push(`endpoint ${id}`);
      draft.needsWrite = true;
    } else draft.delete(id);
  }
}

function mergeSwitch({ switchText }: FileDocument, { draft, since }: Merging): void {
  if (switchText === draft.switchText) return;
  const before = since.switch;
  if (before !== undefined && before.text === switchText) {
    draft.kept.push('the switch');
    draft.needsWrite = true;
  } else draft.switchText = switchText;
}
