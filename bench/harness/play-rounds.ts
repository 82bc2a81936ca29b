import type { CaseOptions, CaseResult } from './bench-case.ts';
import { median, round as roundTo } from './statistics.ts';

/** A contender, and what came of each round. */
export interface Rounds<Contender, Round> {
  readonly contender: Contender;
  readonly rounds: readonly Round[];
}

/** Measures every contender once a round, each time in another order: nobody always comes after the same other one. */
export async function playRounds<Contender, Round>(
  contenders: readonly Contender[],
  { rounds, log }: Pick<CaseOptions, 'rounds' | 'log'>,
  measure: (contender: Contender) => Promise<Round>,
  describe: (contender: Contender, round: Round) => string,
): Promise<readonly Rounds<Contender, Round>[]> {
  const played = contenders.map((contender) => ({ contender, rounds: [] as Round[] }));
  const order = [...played];
  for (let number = 1; number <= rounds; number += 1) {
    for (const { contender, rounds: results } of order) {
      const round = await measure(contender);
      results.push(round);
      log(`round ${number}/${rounds}: ${describe(contender, round)}`);
    }
    order.push(...order.splice(0, 1));
  }
  return played;
}

/** What every line says of the ratios of its rounds. */
export function ratiosOf(ratios: readonly number[]): Pick<CaseResult, 'ratio' | 'ratios' | 'rounds'> {
  return {
    ratio: roundTo(median(ratios), 3),
    rounds: ratios.length,
    ratios: ratios.map((ratio) => roundTo(ratio, 3)),
  };
}
