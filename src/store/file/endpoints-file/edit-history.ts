import type { EndpointRecord } from '../../../core/endpoint.ts';

/** Changes that Posthorn was asked for. */
export interface EditChanges {
  /** Changed endpoints as they were before; undefined for one that was not there. */
  readonly endpoints: ReadonlyMap<string, EndpointRecord | undefined>;
  /** The switch as it was before, if it has changed. */
  readonly switch: { readonly text: string | undefined } | undefined;
}

/** Changes that are remembered, over all endpoints. */
const MAX_CHANGES = 2_000;

/**
 * The latest changes, in memory. An editor that has been open for an hour saves what it read then: with the revision in
 * the file and this, what Posthorn changed meanwhile can be told from what the person changed. What people saved is not
 * in it: who saves again means what is saved now.
 */
export class EditHistory {
  #edits: { readonly revision: number; readonly changes: EditChanges }[] = [];
  #size = 0;
  /** Nothing is known of what was before. */
  #floor: number;

  /** @param revision of the file when it was first read */
  constructor(revision: number) {
    this.#floor = revision;
  }

  /** @param revision the first that has the changes */
  add(revision: number, changes: EditChanges): void {
    if (changes.endpoints.size === 0 && changes.switch === undefined) return;
    this.#edits.push({ revision, changes });
    this.#size += changes.endpoints.size + 1;
    while (this.#size > MAX_CHANGES && this.#edits.length > 1) {
      const oldest = this.#edits.shift()!;
      this.#size -= oldest.changes.endpoints.size + 1;
      this.#floor = oldest.revision;
    }
  }

  /** Undefined when that is too long ago. */
  since(revision: number): EditChanges | undefined {
    if (revision < this.#floor) return undefined;
    const endpoints = new Map<string, EndpointRecord | undefined>();
    let switched: EditChanges['switch'];
    // Backwards, so that the earliest change has the last word on how it was.
    for (const edit of this.#edits.toReversed()) {
      if (edit.revision <= revision) break;
      for (const [id, before] of edit.changes.endpoints) endpoints.set(id, before);
      switched = edit.changes.switch ?? switched;
    }
    return { endpoints, switch: switched };
  }
}
