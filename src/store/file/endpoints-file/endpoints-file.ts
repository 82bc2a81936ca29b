/**
 * The file `endpoints.json`, for people: what they save is in force within a second, and what Posthorn changes stands
 * beside it. docs/reference/endpoints-file.md describes it.
 *
 * Guarantees: what was saved is never overwritten unread; an edit with something wrong in it changes nothing; a change
 * is on the disk before its call resolves, and what reads give is on the disk, or was read from it.
 */
import { type Clock, createSystemRandom, type Random } from '../../../clock.ts';
import type { EndpointRecord } from '../../../core/endpoint.ts';
import type { FunctionRegistry } from '../../../core/functions.ts';
import { StoreError } from '../../../errors.ts';
import type { Page, PutEndpointResult, StoreProblem } from '../../store.ts';
import type { Keyring } from '../../codec/keyring.ts';
import type { FileDraft, FileEntry, FileState } from './file-draft.ts';
import {
  diskTrouble,
  type EndpointsFileProblem,
  outdatedCopy,
  toStoreError,
  toStoreProblem,
  Unready,
} from './file-problem.ts';
import { FileSync } from './file-sync.ts';
import { FileWatch } from './file-watch.ts';
import { listEntries } from './list-entries.ts';
import { type Disk, nodeDisk } from './node-disk.ts';
import { PendingChange } from './pending-change.ts';
import { ProblemReports } from './problem-reports.ts';
import { putRecord } from './put-record.ts';
import { TurnQueue } from './turn-queue.ts';

/** Options of {@link EndpointsFile}. */
export interface EndpointsFileOptions {
  /** Path of the file; symbolic links are followed. */
  readonly path: string;
  readonly clock: Clock;
  /** Default: the system's. */
  readonly random?: Random | undefined;
  /** Encrypts secrets, credentials and sensitive headers. Default: nothing is encrypted. */
  readonly keyring?: Keyring | undefined;
  /** Functions that endpoints may name. Default: not known, so every name passes. */
  readonly functions?: FunctionRegistry | undefined;
  /** Hears of what a person should know, once each. */
  readonly onProblem?: ((problem: EndpointsFileProblem) => void) | undefined;
  /** Default: that of Node.js. */
  readonly disk?: Disk | undefined;
}

/** What has changed, by a person or through this object. */
export type EndpointsFileChange =
  { readonly kind: 'endpoint'; readonly id: string } | { readonly kind: 'setting'; readonly key: 'switch' };

export class EndpointsFile {
  readonly #path: string;
  readonly #sync: FileSync;
  readonly #watch: FileWatch;
  readonly #queue: TurnQueue<PendingChange<unknown>>;
  readonly #reports: ProblemReports;
  readonly #listeners = new Set<(change: EndpointsFileChange) => void>();
  #tellProblem: (problem: StoreProblem | undefined) => void = () => undefined;
  /** Entries in the order of creation, as far as somebody asked for them. */
  #ordered: { readonly of: FileState['entries']; readonly entries: readonly FileEntry[] } | undefined;

  #isOpen = false;

  constructor(options: EndpointsFileOptions) {
    const { path, clock, random = createSystemRandom(), keyring, functions, disk = nodeDisk } = options;
    this.#path = path;
    this.#reports = new ProblemReports(clock, {
      onProblem: (problem, lasts) => {
        tellSafely(options.onProblem, problem);
        this.#tellProblem(toStoreProblem(problem, lasts));
      },
      onRecovery: () => this.#tellProblem(undefined),
    });
    this.#sync = new FileSync({ path, clock, random, keyring, functions, disk, reports: this.#reports });
    this.#queue = new TurnQueue(
      (changes) => this.#serve(changes),
      () => this.#look(),
    );
    this.#watch = new FileWatch(clock, () => void this.#queue.look());
  }

  /**
   * Reads the file, fills in what people left out, and begins to watch it. No file: no endpoints.
   *
   * @throws StoreError when it cannot be read, when something is wrong in it, or when what must be filled in cannot be written
   */
  async open(): Promise<void> {
    try {
      this.#watch.start(await this.#sync.open());
      this.#isOpen = true;
    } catch (error) {
      throw error instanceof Unready ? toStoreError(error.problem, 'open') : error;
    }
  }

  /** Looks at the file now, instead of within a second; resolves when what was found is in force. Never rejects. */
  refresh(): Promise<void> {
    return this.#queue.look();
  }

  /** What is wrong with the file at the moment. */
  get problem(): EndpointsFileProblem | undefined {
    return this.#reports.current;
  }

  /** Hands problems, and the ends of those that last, to one listener, which may not throw; at once what lasts now. */
  setProblemListener(listener: (problem: StoreProblem | undefined) => void): void {
    this.#tellProblem = listener;
    if (this.problem !== undefined) listener(toStoreProblem(this.problem, true));
  }

  /** A copy of the record. */
  get(id: string): EndpointRecord | undefined {
    const entry = this.#sync.state.entries.get(id);
    return entry && structuredClone(entry.record);
  }

  /** Copies of records, in the order of creation. @throws OptionsError for a cursor of something else */
  list(params: {
    readonly tenant?: string | undefined;
    readonly cursor?: string | undefined;
    readonly limit: number;
  }): Page<EndpointRecord> {
    const of = this.#sync.state.entries;
    if (this.#ordered?.of !== of)
      this.#ordered = { of, entries: [...of.values()].sort((a, b) => a.sequence - b.sequence) };
    return listEntries(this.#ordered.entries, params);
  }

  /**
   * Writes the record if the newest one has `expectedRevision` (0: there must be none).
   *
   * @throws StoreError when it cannot be written, also while something is wrong in the file; OptionsError for a record
   * that could not be read again
   */
  put(params: { record: EndpointRecord; expectedRevision: number }): Promise<PutEndpointResult> {
    const record = JSON.parse(JSON.stringify(params.record)) as EndpointRecord;
    const { expectedRevision } = params;
    return this.#change((draft) => putRecord(draft, { record, expectedRevision }, this.#sync.tools()));
  }

  /** False when there was none. @throws StoreError */
  remove(id: string): Promise<boolean> {
    return this.#change((draft) => draft.delete(id));
  }

  /** The text of the setting `switch`; undefined while everything runs. */
  getSwitch(): string | undefined {
    return this.#sync.state.switchText;
  }

  /** @throws StoreError */
  putSwitch(text: string | undefined): Promise<void> {
    return this.#change((draft) => {
      draft.switchText = text;
    });
  }

  /** Tells of each change when it is in force. A listener that throws disturbs nobody. Returns the function that ends it. */
  onChange(listener: (change: EndpointsFileChange) => void): () => void {
    const own = (change: EndpointsFileChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Looks a last time, so that nothing is forgotten that an older copy would undo; finishes changes; ends watching. */
  async close(): Promise<void> {
    this.#watch.close();
    this.#sync.close();
    if (this.#isOpen) void this.#queue.look();
    await this.#queue.close();
  }

  #change<T>(apply: (draft: FileDraft) => T): Promise<T> {
    if (this.#queue.isClosed)
      return Promise.reject(new StoreError(`Cannot write ${this.#path}: it was closed.`));
    const change = new PendingChange(apply);
    this.#queue.add(change as PendingChange<unknown>);
    return change.done;
  }

  async #serve(changes: readonly PendingChange<unknown>[]): Promise<void> {
    try {
      this.#announce(await this.#sync.turn(changes));
      for (const change of changes) change.finish();
    } catch (error) {
      const reason = error instanceof Unready ? toStoreError(error.problem, 'write') : error;
      for (const change of changes) change.fail(reason);
      // What a person saved does not wait for what could not be written.
      void this.#queue.look();
    }
  }

  async #look(): Promise<void> {
    try {
      if (await this.#sync.needsLook()) this.#announce(await this.#sync.turn([]));
    } catch (error) {
      if (error instanceof Unready) this.#reports.suspect(error.problem);
      else this.#reports.report(diskTrouble(this.#path, 'unreadable', error));
    }
  }

  #announce({ kept, changed, hasSwitched }: FileDraft): void {
    if (kept.length > 0) this.#reports.mention(outdatedCopy(this.#path, kept));
    for (const id of changed) this.#tell({ kind: 'endpoint', id });
    if (hasSwitched) this.#tell({ kind: 'setting', key: 'switch' });
  }

  #tell(change: EndpointsFileChange): void {
    for (const listener of [...this.#listeners]) tellSafely(listener, change);
  }
}

function tellSafely<T>(listener: ((told: T) => void) | undefined, told: T): void {
  try {
    listener?.(told);
  } catch {
    // A hint that was not understood: the file is kept in order all the same.
  }
}
