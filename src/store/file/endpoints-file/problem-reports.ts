import type { Clock } from '../../../clock.ts';
import { type EndpointsFileProblem, reported } from './file-problem.ts';

/** An editor needs no longer to save a file in several steps. */
const SETTLE_MS = 500;

/** Hears of problems. */
export interface ProblemListener {
  /** `lasts`: until it is over. */
  onProblem(problem: EndpointsFileProblem, lasts: boolean): void;
  /** What lasted is over. */
  onRecovery(): void;
}

/** Tells of problems: each once, and not of those that pass while an editor saves. */
export class ProblemReports {
  readonly #clock: Clock;
  readonly #listener: ProblemListener;
  #suspect: { readonly message: string; readonly since: number } | undefined;
  #current: EndpointsFileProblem | undefined;

  constructor(clock: Clock, listener: ProblemListener) {
    this.#clock = clock;
    this.#listener = listener;
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
    this.#listener.onProblem(problem, true);
  }

  /** The same, when it is still so after a while. */
  suspect(problem: EndpointsFileProblem): void {
    const now = this.#clock.elapsed();
    if (this.#suspect?.message !== problem.message) this.#suspect = { message: problem.message, since: now };
    else if (now - this.#suspect.since >= SETTLE_MS) this.report(reported(problem));
  }

  /** Something that is over already. */
  mention(problem: EndpointsFileProblem): void {
    this.#listener.onProblem(problem, false);
  }

  /** The file could be read, and, if `isWritten`, written. */
  recover(isWritten: boolean): void {
    this.#suspect = undefined;
    if (this.#current === undefined || (!isWritten && this.#current.kind === 'unwritable')) return;
    this.#current = undefined;
    this.#listener.onRecovery();
  }
}
