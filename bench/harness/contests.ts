import type { CaseOptions, CaseResult } from './bench-case.ts';
import { type Round, speedRatio } from './bracket.ts';
import { playRounds, ratiosOf, type Rounds } from './play-rounds.ts';
import { median, round } from './statistics.ts';

/** A contender and its baseline. */
export interface Contest {
  readonly contender: string;
  readonly mode?: string;
  readonly baseline: string;
  readonly goal: string;
  /** One round: both processes are started anew. */
  measure(): Promise<Round>;
}

/** A contest, and what came of each round. */
export type Played = Rounds<Contest, Round>;

export function playContests(
  contests: readonly Contest[],
  options: Pick<CaseOptions, 'rounds' | 'log'>,
): Promise<readonly Played[]> {
  return playRounds(contests, options, (contest) => contest.measure(), describe);
}

/** The line of a contest; a higher ratio is better. */
export function summarise(caseName: string, { contender: contest, rounds }: Played): CaseResult {
  const { contender, mode, baseline, goal } = contest;
  const medianOf = (figure: (round: Round) => number, digits = 0): number =>
    round(median(rounds.map(figure)), digits);
  return {
    case: caseName,
    contender,
    ...(mode === undefined ? {} : { mode }),
    baseline,
    ...ratiosOf(rounds.map(speedRatio)),
    errors: rounds.reduce((sum, each) => sum + each.contender.tally.errors + each.baseline.tally.errors, 0),
    goal,
    figures: {
      perSecond: medianOf((each) => each.contender.tally.perSecond),
      baselinePerSecond: medianOf((each) => each.baseline.tally.perSecond),
      cpuMicros: medianOf((each) => each.contender.tally.cpuMicrosEach, 1),
      baselineCpuMicros: medianOf((each) => each.baseline.tally.cpuMicrosEach, 1),
      cpuRatio: medianOf((each) => each.baseline.tally.cpuMicrosEach / each.contender.tally.cpuMicrosEach, 3),
      receiverShare: medianOf((each) => each.baseline.receiverShare, 2),
      rssMb: round(Math.max(...rounds.map((each) => each.contender.rssBytes)) / 1e6, 0),
    },
  };
}

function describe({ contender, mode = '', baseline }: Contest, result: Round): string {
  const speed = ({ tally }: Round['contender']): string => `${Math.round(tally.perSecond)}/s`;
  const ratio = round(speedRatio(result), 2);
  return `${contender} ${mode} ${speed(result.contender)}, ${baseline} ${speed(result.baseline)}, ratio ${ratio}`;
}
