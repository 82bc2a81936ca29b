/**
 * The rows of a folder whose lock this process holds, in memory and in the journal.
 *
 * Every call works on the tables in one go, and is answered once all that it changed, or may have seen, is in the journal.
 * When a flush fails, those who wait for it are refused, memory is thrown away, and the next call reads it again from the
 * disk: so what a caller is told is what a restart would find.
 */
import { StoreError } from '../../errors.ts';
import type { Keyring } from '../codec/keyring.ts';
import type { Tables } from '../tables/tables.ts';
import { removeEndpoint, takeEndpoint } from '../tables/endpoints.ts';
import { Watchers } from '../tables/watchers.ts';
import type { EndpointsFile } from './endpoints-file/endpoints-file.ts';
import type { Journal, JournalResumption } from './journal/journal.ts';
import type { JournalOptions } from './journal/journal-options.ts';
import { openJournal } from './journal/open-journal.ts';
import { FileRows } from './rows/file-rows.ts';
import { RowReplay } from './rows/row-replay.ts';
import { StoredTexts } from './rows/stored-texts.ts';

/** What the state of a folder is made with. */
export interface FolderStateOptions {
  readonly clock: { now(): number };
  readonly journal: JournalOptions;
  readonly keyring: Keyring | undefined;
  /** Open. Closed with the state. */
  readonly endpointsFile: EndpointsFile;
}

/** The state while nothing is wrong. */
export interface OpenFolder {
  readonly rows: FileRows;
  readonly journal: Journal;
  readonly texts: StoredTexts;
}

export class FolderState {
  /** They stay the same when memory is read again. */
  readonly watchers: Watchers;
  readonly #options: FolderStateOptions;
  #open: OpenFolder | undefined;
  #resumption: JournalResumption | undefined;
  #recovering: Promise<OpenFolder> | undefined;
  /** Endpoints that changed in their file while memory was being read. */
  readonly #missed = new Set<string>();
  readonly #unwatch: () => void;
  #isClosed = false;

  private constructor(options: FolderStateOptions) {
    this.#options = options;
    this.#unwatch = options.endpointsFile.onChange((change) => {
      if (change.kind === 'endpoint') this.#takeEndpoint(change.id);
      else this.watchers.noteSetting(change.key);
    });
    // Nobody is sent to look for what could still fail to be stored.
    this.watchers = new Watchers((tell) => void this.#settled().then(tell));
    options.endpointsFile.setProblemListener((problem) => this.watchers.noteProblem(problem));
  }

  /** Reads what is there. @throws StoreError */
  static async open(options: FolderStateOptions): Promise<FolderState> {
    const state = new FolderState(options);
    try {
      state.#enter(await state.#read());
    } catch (error) {
      await state.close();
      throw error;
    }
    return state;
  }

  /** How many owners the folder had, this one included. */
  get epoch(): number {
    return this.#open?.journal.epoch ?? this.#resumption!.epochFile.epoch;
  }

  /** Another owner took over. Not looked at after a failure: opening it again does. */
  get isFollowed(): boolean {
    return !this.#isClosed && this.#open?.journal.isFollowed === true;
  }

  /** Does something with the tables, and waits until it is durable. @throws StoreError when it could not be stored */
  async run<T>(apply: (tables: Tables, open: OpenFolder) => T): Promise<T> {
    const open = await this.ready();
    const result = apply(open.rows.tables, open);
    await open.journal.flushed();
    return result;
  }

  /** The same, for what has to be read back: reading and writing go on side by side. */
  async runReading<T, Texts>(
    apply: (tables: Tables, open: OpenFolder) => { readonly result: T; readonly reading: Promise<Texts> },
  ): Promise<{ readonly result: T; readonly texts: Texts }> {
    const open = await this.ready();
    const { result, reading } = apply(open.rows.tables, open);
    const [texts] = await Promise.all([reading, open.journal.flushed()]);
    return { result, texts };
  }

  /** The state, read again after a failure. @throws StoreError while it cannot be read or written, and after `close` */
  async ready(): Promise<OpenFolder> {
    if (this.#isClosed) throw new StoreError('The file store is closed: call open({ clock }) first.');
    if (this.#open !== undefined && this.#open.journal.failure === undefined) return this.#open;
    this.#recovering ??= this.#recover().finally(() => (this.#recovering = undefined));
    return this.#recovering;
  }

  /** Writes what is left, and closes all files. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#recovering?.catch(() => undefined);
    try {
      await this.#options.endpointsFile.close();
      await this.#open?.journal.close();
    } finally {
      this.#unwatch();
      await this.#resumption?.epochFile.close();
    }
  }

  async #recover(): Promise<OpenFolder> {
    if (this.#open !== undefined) {
      this.#resumption = await this.#open.journal.abandon();
      this.#open = undefined;
    }
    // One that was followed, or whose folder is gone, has nothing to go on with.
    const { epochFile, lost } = this.#resumption!;
    epochFile.confirm();
    if (lost !== undefined) throw lost;
    const open = await this.#read(this.#resumption);
    this.#resumption = undefined;
    return this.#enter(open);
  }

  #enter(open: OpenFolder): OpenFolder {
    this.#open = open;
    for (const id of this.#missed) this.#takeEndpoint(id);
    this.#missed.clear();
    return open;
  }

  #takeEndpoint(id: string): void {
    if (this.#open === undefined) {
      this.#missed.add(id);
      return;
    }
    const { tables } = this.#open.rows;
    const record = this.#options.endpointsFile.get(id);
    if (record !== undefined) takeEndpoint(tables, record);
    else removeEndpoint(tables, id);
  }

  async #read(resumption?: JournalResumption): Promise<OpenFolder> {
    const { clock, keyring, journal: options } = this.#options;
    const rows = new FileRows({ clock, keyring, watchers: this.watchers });
    const { items } = this.#options.endpointsFile.list({ limit: Infinity });
    for (const record of items) rows.tables.endpoints.set(record);
    const journal = await openJournal(options, new RowReplay(rows, options.log), resumption);
    return { rows, journal, texts: new StoredTexts(journal, options.log) };
  }

  async #settled(): Promise<void> {
    // A failure is told to those who wait for what they stored.
    await this.#open?.journal.flushed().catch(() => undefined);
  }
}
