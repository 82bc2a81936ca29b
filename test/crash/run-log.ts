import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

/** What happened to messages in one process. Appended synchronously: it is there, whatever becomes of the process. */
export class RunLog {
  readonly #path: string;
  readonly #run: string;

  /** @param run - the process that writes */
  constructor(path: string, run: string) {
    this.#path = path;
    this.#run = run;
  }

  /** `emit` is about to be called. */
  tried(id: string): void {
    this.#note('tried', id);
  }

  /** `emit` has resolved. */
  emitted(id: string): void {
    this.#note('emitted', id);
  }

  /** The outcome was written. */
  settled(id: string): void {
    this.#note('settled', id);
  }

  /** It is kept, and no delivery of it is. */
  bare(id: string): void {
    this.#note('bare', id);
  }

  #note(what: keyof RunRecord, id: string): void {
    appendFileSync(this.#path, `${what} ${id} ${this.#run}\n`);
  }
}

/** What was logged. */
export interface RunRecord {
  readonly tried: ReadonlySet<string>;
  readonly emitted: ReadonlySet<string>;
  readonly settled: ReadonlySet<string>;
  readonly bare: ReadonlySet<string>;
}

/** Creates the file of a log. */
export function createRunLog(path: string): void {
  writeFileSync(path, '');
}

/** Reads what was logged, by all processes that wrote to it. @param run - by this one alone */
export function readRunLog(path: string, run?: string): RunRecord {
  const record = {
    tried: new Set<string>(),
    emitted: new Set<string>(),
    settled: new Set<string>(),
    bare: new Set<string>(),
  };
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  for (const line of text.split('\n')) {
    const [what, id, by] = line.split(' ');
    if (run !== undefined && by !== run) continue;
    if (id !== undefined && id !== '' && what! in record) record[what as keyof RunRecord].add(id);
  }
  return record;
}
