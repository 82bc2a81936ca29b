import type { Clock } from '../../../clock.ts';
import { type EndpointsFileProblem, reported } from './file-problem.ts';

/** An editor needs no longer to save a file in several steps. */
const SETTLE_MS = 500;

/** Tells a host of problems: each once, and not of those that pass while an editor saves. */
export class ProblemReports {
  readonly #clock: Clock;
  readonly #tell: (problem: EndpointsFileProblem) => void;
  #suspect: { readonly message: string; readonly since: number } | undefined;
  #current: EndpointsFileProblem | undefined;

  constructor(clock: Clock, tell: (problem: EndpointsFileProblem) => void = () => undefined) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** What is wrong at the moment. */
  get current(): EndpointsFileProblem | undefined {
    return this.#current;
  }

  /** There is something that may pass by itself, and must be looked at again. */
  get isSuspicious(): boolean {
    return this.#suspect !== undefined;
  }

  /** Something that lasts until somebody does something. */
  report(problem: EndpointsFileProblem): void {
    if (problem.message === this.#current?.message) return;
    this.#current = problem;
    this.mention(problem);
  }

  /** The same, when it is still so after a while. */
  suspect(problem: EndpointsFileProblem): void {
    const now = this.#clock.elapsed();
    if (this.#suspect?.message !== problem.message) this.#suspect = { message: problem.message, since: now };
    else if (now - this.#suspect.since >= SETTLE_MS) this.report(reported(problem));
  }

  /** Something that is over already. */
  mention(problem: EndpointsFileProblem): void {
    try {
      this.#tell(problem);
    } catch {
      // The file is kept in order all the same.
    }
  }

  /** The file could be read, and, if `isWritten`, written. */
  recover(isWritten: boolean): void {
    this.#suspect = undefined;
    if (isWritten || this.#current?.kind !== 'unwritable') this.#current = undefined;
  }
}
