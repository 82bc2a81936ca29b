import { describeError, OptionsError, StoreError } from '../../../errors.ts';
import type { StoreProblem } from '../../store.ts';
import { JsonTextError, lineAndColumn, locate } from './json-text.ts';

/** Something about the file that a person should know. */
export interface EndpointsFileProblem {
  /**
   * - `invalid`: what was saved is not in force, because something is wrong in it
   * - `empty`, `missing`: the file is empty, or gone; what was in it stays in force
   * - `outdated`: an older copy was saved; changes that were made meanwhile were kept
   * - `unreadable`, `unwritable`: the file system refuses
   */
  readonly kind: 'invalid' | 'empty' | 'missing' | 'outdated' | 'unreadable' | 'unwritable';
  /** Path of the file. */
  readonly file: string;
  /** Where in the file: `endpoints[3].url`; empty for the whole, and where the text is no JSON. */
  readonly path: string;
  /** From 1; undefined when it is about the whole file. */
  readonly line: number | undefined;
  /** From 1; undefined when it is about a line or the whole file. */
  readonly column: number | undefined;
  /** Sentences for the log, with all of the above. Without secrets. */
  readonly message: string;
  readonly cause: unknown;
}

/** Something stands in the way of reading; an editor that is saving does so for a moment. */
export class Unready extends Error {
  readonly problem: EndpointsFileProblem;

  constructor(problem: EndpointsFileProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

const NOTHING_IN_FORCE = 'Nothing of this edit is in force; what was there before it stays so.';

/** What is wrong with the text of a file. */
export function invalidText(file: string, text: string, cause: unknown): EndpointsFileProblem {
  const [path, place] =
    cause instanceof JsonTextError
      ? ['', lineAndColumn(text, cause.offset)]
      : cause instanceof OptionsError && cause.path !== ''
        ? [cause.path, { line: lineAndColumn(text, locate(text, cause.path)).line, column: undefined }]
        : ['', { line: undefined, column: undefined }];
  const { line, column } = place;
  const where =
    (line === undefined ? '' : `, line ${line}`) + (column === undefined ? '' : `, column ${column}`);
  const what = describeError(cause)
    .replace(/(?<![.?])$/, '.')
    .replace(/^: /, '');
  return { kind: 'invalid', file, path, line, column, message: `${file}${where}: ${what}`, cause };
}

/** The file has nothing in it, or is not there any more. */
export function withoutText(file: string, kind: 'empty' | 'missing'): EndpointsFileProblem {
  const message =
    kind === 'empty'
      ? `${file} is empty. An editor may be saving it; to have no endpoints, write { "endpoints": [] }.`
      : `${file} is gone. Its endpoints stay as they were, and are written again with the next change; to have none, write { "endpoints": [] }.`;
  return about(file, kind, message);
}

/** An older copy of the file was saved. */
export function outdatedCopy(file: string, kept: readonly string[]): EndpointsFileProblem {
  const message =
    `${file} was saved from an older copy of it. What was changed meanwhile was kept: ${kept.join(', ')}. ` +
    'To have the older copy as it is, save it without its "revision" at the top.';
  return about(file, 'outdated', message);
}

/** The file system refuses. */
export function diskTrouble(
  file: string,
  kind: 'unreadable' | 'unwritable',
  cause: unknown,
): EndpointsFileProblem {
  const consequence =
    kind === 'unreadable'
      ? 'What was read before stays in force.'
      : 'Its content is in force, but what was filled in is in memory only.';
  return { ...about(file, kind, `${describeError(cause)} ${consequence}`), cause };
}

/** For the log of a host that goes on with what it has. */
export function reported(problem: EndpointsFileProblem): EndpointsFileProblem {
  return problem.kind === 'invalid'
    ? { ...problem, message: `${problem.message} ${NOTHING_IN_FORCE}` }
    : problem;
}

/** For a caller who cannot be served because of it. */
export function toStoreError(
  { kind, message, cause }: EndpointsFileProblem,
  action: 'open' | 'write',
): StoreError {
  const advice =
    action === 'open'
      ? 'Repair it, then start again.'
      : 'Nothing was written, so that no edit is lost. Repair it, then try again.';
  return new StoreError(`${message} ${advice}`, {
    cause,
    code: kind === 'invalid' ? codeOf(cause) : 'store_failed',
  });
}

/** For those who use the store. */
export function toStoreProblem({ kind, message, cause }: EndpointsFileProblem, lasts: boolean): StoreProblem {
  return { message, code: kind === 'invalid' ? codeOf(cause) : 'store_failed', lasts };
}

/** Of a value that cannot be decrypted the reason is what a host can act on. */
function codeOf(cause: unknown): 'key_missing' | 'decrypt_failed' | 'record_invalid' {
  const reason = cause instanceof OptionsError ? cause.cause : undefined;
  const code = reason instanceof StoreError ? reason.code : undefined;
  return code === 'key_missing' || code === 'decrypt_failed' ? code : 'record_invalid';
}

function about(file: string, kind: EndpointsFileProblem['kind'], message: string): EndpointsFileProblem {
  return { kind, file, path: '', line: undefined, column: undefined, message, cause: undefined };
}
