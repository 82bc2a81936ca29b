/** A real file in a folder of its own, a clock that stands still, and a person with an editor. */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EndpointRecord } from '../../../../src/core/endpoint.ts';
import { EndpointsFile } from '../../../../src/store/file/endpoints-file/endpoints-file.ts';
import type {
  EndpointsFileChange,
  EndpointsFileOptions,
} from '../../../../src/store/file/endpoints-file/endpoints-file.ts';
import type { EndpointsFileProblem } from '../../../../src/store/file/endpoints-file/file-problem.ts';
import { createManualClock, type ManualClock } from '../../../../src/testing/manual-clock.ts';

export interface Endpoint {
  [key: string]: unknown;
  id?: string;
}

export interface Content {
  [key: string]: unknown;
  endpoints: Endpoint[];
}

export class FileWorld implements AsyncDisposable {
  readonly clock: ManualClock = createManualClock();
  readonly folder: string = mkdtempSync(join(tmpdir(), 'posthorn-endpoints-'));
  readonly path: string = join(this.folder, 'endpoints.json');
  readonly changes: EndpointsFileChange[] = [];
  readonly problems: EndpointsFileProblem[] = [];
  readonly #files: EndpointsFile[] = [];

  create(options: Partial<EndpointsFileOptions> = {}): EndpointsFile {
    const file = new EndpointsFile({
      path: this.path,
      clock: this.clock,
      onProblem: (problem) => this.problems.push(problem),
      ...options,
    });
    this.#files.push(file);
    file.onChange((change) => this.changes.push(change));
    return file;
  }

  async open(options: Partial<EndpointsFileOptions> = {}): Promise<EndpointsFile> {
    const file = this.create(options);
    await file.open();
    return file;
  }

  /** What a person sees. */
  text(path: string = this.path): string {
    return readFileSync(path, 'utf8');
  }

  content(): Content {
    return JSON.parse(this.text()) as Content;
  }

  /** Saves as most editors do: a new file in the place of the old one, or the old one with new bytes. */
  save(content: string | object, how: 'rename' | 'write' = 'rename'): void {
    const text = typeof content === 'string' ? content : JSON.stringify(content, undefined, 4);
    if (how === 'write') return writeFileSync(this.path, text);
    writeFileSync(`${this.path}~`, text);
    renameSync(`${this.path}~`, this.path);
  }

  edit(change: (content: Content) => void): void {
    const content = this.content();
    change(content);
    this.save(content);
  }

  mode(path: string = this.path): number {
    return statSync(path).mode & 0o777;
  }

  /** Names in the folder. */
  names(): string[] {
    return readdirSync(this.folder).sort();
  }

  /** The change after which something holds; the clock brings it about. */
  async changed(file: EndpointsFile, holds: () => boolean): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      const end = file.onChange(() => {
        if (!holds()) return;
        end();
        resolve();
      });
    });
    await this.clock.advance(1_000);
    await heard;
  }

  /** Lets time go on, so that what waits for the file goes on, until it has ended. */
  async until(task: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    task.then(end, end);
    while (!isOver) await this.clock.advance(100);
  }

  /** The problem that lasts: it is there at a look, and still there a second later. */
  async lasts(file: EndpointsFile): Promise<EndpointsFileProblem> {
    await file.refresh();
    await this.clock.advance(1_000);
    await file.refresh();
    const problem = this.problems.at(-1);
    if (problem === undefined) throw new Error('there is no problem');
    return problem;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) await file.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** A record as the dispatcher makes it. */
export function record(overrides: Partial<EndpointRecord> & { readonly id: string }): EndpointRecord {
  return {
    tenant: 'default',
    url: 'https://example.com/hooks',
    events: ['**'],
    secrets: [],
    status: 'enabled',
    createdAt: 0,
    updatedAt: 0,
    revision: 0,
    ...overrides,
  };
}
