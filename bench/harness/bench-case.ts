/** What a case is, and what it reports. */

/** How a case is to be run. */
export interface CaseOptions {
  /** How often everything is measured, in fresh processes; the ratio is the median over rounds. */
  readonly rounds: number;
  /** Shorter turns, for a check that everything works rather than for figures. */
  readonly isQuick: boolean;
  /** Where CPU profiles of the contenders go; `undefined`: none are taken. */
  readonly profileDirectory: string | undefined;
  /** Names of the contenders that are measured; `undefined`: all. What they are compared with is measured anyway. */
  readonly contenders: ReadonlySet<string> | undefined;
  /** Progress, for people. */
  readonly log: (line: string) => void;
  /** Notes that a contender cannot be measured here, and why. */
  readonly skip: (contender: string, reason: string) => void;
}

/** One line of the result. */
export interface CaseResult {
  readonly case: string;
  /** What was measured: a store, in `endpoints` the number of registered endpoints, in `backlog` a store and what waits in it. */
  readonly contender: string | number;
  /** Of a contender that is measured in several ways: which one. */
  readonly mode?: string;
  /** What it is compared with. */
  readonly baseline: string | number;
  /** Median of the ratios of all rounds. */
  readonly ratio: number;
  readonly rounds: number;
  /** Requests that were lost, repeated or not verified by the receiver, and calls that failed. Any is a failure of the case. */
  readonly errors: number;
  /** The ratio of each round. */
  readonly ratios: readonly number[];
  /** What the ratio is aimed at, in words. */
  readonly goal: string;
  /** Further figures of the case, by name. */
  readonly figures: Readonly<Record<string, number>>;
  /** Figures over time, by name. */
  readonly series?: Readonly<Record<string, readonly number[]>>;
}

/** A contender that could not be measured. */
export interface Skipped {
  readonly case: string;
  readonly contender: string;
  /** Why. */
  readonly skipped: string;
}

/** A named measurement: `npm run bench -- NAME`. */
export interface BenchCase {
  readonly name: string;
  /** One line for the list of cases. */
  readonly summary: string;
  readonly defaultRounds: number;
  /** Names of all contenders. */
  readonly contenders: readonly string[];
  run(options: CaseOptions): Promise<readonly CaseResult[]>;
}

/** Whether a contender is to be measured. */
export function isChosen({ contenders }: CaseOptions, name: string): boolean {
  return contenders?.has(name) ?? true;
}
