/** Keeps what is known of the file and the file itself in step. */
import { type Clock, type Random, steadyClock } from '../../../clock.ts';
import type { FunctionRegistry } from '../../../core/functions.ts';
import { StoreError } from '../../../errors.ts';
import type { Keyring } from '../../codec/keyring.ts';
import { EditHistory } from './edit-history.ts';
import { decodeText, readDocument, writeDocument } from './file-document.ts';
import { EMPTY_STATE, FileDraft, type FileState } from './file-draft.ts';
import { diskTrouble, invalidText, Unready, withoutText } from './file-problem.ts';
import { FileText, type FoundText } from './file-text.ts';
import { mergeEdit } from './merge-edit.ts';
import type { Disk } from './node-disk.ts';
import type { PendingChange } from './pending-change.ts';
import type { ProblemReports } from './problem-reports.ts';
import type { ReadingTools } from './read-endpoint.ts';

export interface FileSyncOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly keyring: Keyring | undefined;
  readonly functions: FunctionRegistry | undefined;
  readonly disk: Disk;
  readonly reports: ProblemReports;
}

/** A change that finds the file unready waits this often, for so long. */
const WAITS = 10;
const WAIT_MS = 100;
/** How often somebody else may be faster. */
const MAX_TRIES = 20;

/** Turns must not overlap: a {@link TurnQueue} sees to it. */
export class FileSync {
  readonly #options: FileSyncOptions;
  readonly #file: FileText;
  readonly #now: { now(): number };
  #state: FileState = EMPTY_STATE;
  #history = new EditHistory(0);
  /** What the state is in step with; undefined before the first look. */
  #digest: string | undefined;
  /** An id or a secret of the state is in memory only. */
  #isUnwritten = false;
  #isClosed = false;
  #stopWaiting: (() => void) | undefined;

  constructor(options: FileSyncOptions) {
    this.#options = options;
    this.#file = new FileText(options.path, options);
    this.#now = steadyClock(options.clock);
  }

  /** What is in force. */
  get state(): FileState {
    return this.#state;
  }

  /**
   * The first turn.
   *
   * @returns names under which the file can change
   * @throws Unready, StoreError
   */
  async open(): Promise<ReadonlySet<string>> {
    await this.#file.cleanUp();
    await this.turn([], true);
    this.#history = new EditHistory(this.#state.revision);
    return this.#file.names();
  }

  /** False when a look would find nothing. @throws StoreError */
  async needsLook(): Promise<boolean> {
    return this.#isUnwritten || this.#options.reports.isSuspicious || (await this.#file.mayHaveChanged());
  }

  /** Nothing waits any more for a file that is not ready. */
  close(): void {
    this.#isClosed = true;
    this.#stopWaiting?.();
  }

  /**
   * Brings state and file in step, with these changes in both.
   *
   * @returns what is different now
   * @throws Unready when the file cannot be understood, StoreError
   */
  async turn(changes: readonly PendingChange<unknown>[], isOpening = false): Promise<FileDraft> {
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const { seen, draft } = await this.#readReady(changes.length > 0);
      draft.endMerge();
      for (const change of changes) change.apply(draft);
      const written = draft.needsWrite ? await this.#write(draft, seen, changes.length > 0, isOpening) : seen;
      if (written === undefined) continue;
      this.#commit(draft, written, written !== seen);
      return draft;
    }
    throw new StoreError(
      `Cannot write ${this.#options.path}: somebody else changes it all the time. Try again later.`,
    );
  }

  /** A change waits a little for an editor that is saving. @throws Unready */
  async #readReady(isChange: boolean): Promise<{ readonly seen: FoundText; readonly draft: FileDraft }> {
    for (let waits = 0; ; waits += 1) {
      const seen = await this.#file.read();
      try {
        return { seen, draft: this.#draft(seen, isChange) };
      } catch (error) {
        if (!isChange || waits >= WAITS || this.#isClosed) throw error;
      }
      await this.#wait(WAIT_MS);
    }
  }

  /** The state, with what is new in the file. @throws Unready */
  #draft({ bytes, digest }: FoundText, isChange: boolean): FileDraft {
    const draft = new FileDraft(this.#state);
    const { path } = this.#options;
    if (digest === this.#digest) {
      draft.needsWrite = this.#isUnwritten;
      draft.hasGenerated = this.#isUnwritten;
      return draft;
    }
    if (bytes === undefined) {
      // A file that was there is written again with a change, and not without one.
      draft.needsWrite = this.#digest !== undefined;
      if (isChange || this.#digest === undefined) return draft;
      throw new Unready(withoutText(path, 'missing'));
    }
    if (bytes.length === 0) throw new Unready(withoutText(path, 'empty'));
    let text = '';
    try {
      text = decodeText(bytes);
      mergeEdit(draft, readDocument(text), this.#history, this.tools());
      return draft;
    } catch (error) {
      throw new Unready(invalidText(path, text, error));
    }
  }

  /** Undefined when somebody else was faster. */
  async #write(
    draft: FileDraft,
    seen: FoundText,
    isChange: boolean,
    isOpening: boolean,
  ): Promise<FoundText | undefined> {
    const { top, revision, switchText, entries } = draft;
    const endpoints = [...entries.values()].map(({ stored }) => stored);
    try {
      const text = writeDocument({ top, revision: revision + 1, switchText, endpoints });
      const written = await this.#file.replace(seen, text);
      if (written === undefined) return undefined;
      draft.revision = revision + 1;
      this.#isUnwritten = false;
      return written;
    } catch (error) {
      if (isChange || (isOpening && draft.hasGenerated)) throw error;
      this.#isUnwritten = draft.hasGenerated;
      this.#options.reports.report(diskTrouble(this.#options.path, 'unwritable', error));
      return seen;
    }
  }

  #commit(draft: FileDraft, { digest }: FoundText, isWritten: boolean): void {
    if (isWritten) this.#history.add(draft.revision, draft.asked);
    this.#state = draft.toState();
    this.#digest = digest;
    this.#options.reports.recover(isWritten);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      // Somebody waits for the change.
      const timer = this.#options.clock.setTimer(resolve, ms, true);
      this.#stopWaiting = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** What reading and writing records needs. */
  tools(): ReadingTools {
    const { keyring, functions, random } = this.#options;
    return { keyring, functions, random, now: this.#now.now() };
  }
}
