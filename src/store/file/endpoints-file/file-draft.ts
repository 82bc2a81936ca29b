import type { EndpointRecord } from '../../../core/endpoint.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { EditChanges } from './edit-history.ts';

/** One endpoint: its record, and how it stands in the file. */
export interface FileEntry {
  readonly record: EndpointRecord;
  readonly stored: JsonObject;
  /** Grows in the order of creation. */
  readonly sequence: number;
}

/** What is known of the file. */
export interface FileState {
  /** All members of the file. */
  readonly top: JsonObject;
  readonly revision: number;
  readonly switchText: string | undefined;
  /** By id, in the order of the file. */
  readonly entries: ReadonlyMap<string, FileEntry>;
  readonly lastSequence: number;
}

/** Before the file was first read. */
export const EMPTY_STATE: FileState = {
  top: {},
  revision: 0,
  switchText: undefined,
  entries: new Map(),
  lastSequence: 0,
};

/** Sequence numbers for each millisecond: endpoints that are created in the same one rarely take those of the next. */
const SEQUENCES_PER_MS = 16;

/** The next state, while it is worked out. */
export class FileDraft {
  top: JsonObject;
  revision: number;
  /** The file must be written. */
  needsWrite = false;
  /** It has something, an id or a secret, that would be another one if it were made anew. */
  hasGenerated = false;
  /** Changes that an outdated copy of the file would have undone, for the report. */
  readonly kept: string[] = [];
  #entries: Map<string, FileEntry>;
  #switchText: string | undefined;
  #lastSequence: number;
  /** What is different from the state that it began with. */
  readonly changed: Set<string> = new Set();
  hasSwitched = false;
  #isMerged = false;
  /** What is read first is no change. */
  readonly #isFirst: boolean;
  readonly #endpointsBefore = new Map<string, EndpointRecord | undefined>();
  #switchBefore: EditChanges['switch'];

  constructor(state: FileState) {
    this.#isFirst = state === EMPTY_STATE;
    this.top = state.top;
    this.revision = state.revision;
    this.#entries = new Map(state.entries);
    this.#switchText = state.switchText;
    this.#lastSequence = state.lastSequence;
  }

  get entries(): ReadonlyMap<string, FileEntry> {
    return this.#entries;
  }

  get switchText(): string | undefined {
    return this.#switchText;
  }

  set switchText(text: string | undefined) {
    if (text === this.#switchText) return;
    if (this.#isMerged) this.#switchBefore ??= { text: this.#switchText };
    this.#switchText = text;
    this.hasSwitched = true;
    this.needsWrite ||= !this.#isFirst;
  }

  /** What a person saved is in it. What changes from now on, somebody asked Posthorn for. */
  endMerge(): void {
    this.#isMerged = true;
  }

  /** What Posthorn was asked for, each as it was before. */
  get asked(): EditChanges {
    return { endpoints: this.#endpointsBefore, switch: this.#switchBefore };
  }

  /** Adds an endpoint at the end, or replaces it where it is. */
  set(record: EndpointRecord, stored: JsonObject): void {
    const before = this.#entries.get(record.id);
    if (before === undefined)
      this.#lastSequence = Math.max(this.#lastSequence + 1, Math.floor(record.createdAt) * SEQUENCES_PER_MS);
    const sequence = before?.sequence ?? this.#lastSequence;
    this.#entries.set(record.id, { record, stored, sequence });
    if (before?.record !== record) this.#note(record.id, before?.record);
    this.needsWrite ||= before?.record !== record && !this.#isFirst;
  }

  delete(id: string): boolean {
    const before = this.#entries.get(id);
    if (before === undefined) return false;
    this.#entries.delete(id);
    this.#note(id, before.record);
    this.needsWrite = true;
    return true;
  }

  /** Brings the endpoints into the order of these ids; others stay behind them. */
  arrange(ids: Iterable<string>): void {
    const arranged = new Map<string, FileEntry>();
    for (const id of [...ids, ...this.#entries.keys()]) {
      const entry = this.#entries.get(id);
      if (entry !== undefined) arranged.set(id, entry);
    }
    this.#entries = arranged;
  }

  toState(): FileState {
    return {
      top: this.top,
      revision: this.revision,
      switchText: this.#switchText,
      entries: this.#entries,
      lastSequence: this.#lastSequence,
    };
  }

  #note(id: string, before: EndpointRecord | undefined): void {
    this.changed.add(id);
    if (this.#isMerged && !this.#endpointsBefore.has(id)) this.#endpointsBefore.set(id, before);
  }
}
