/** Stores that are wrong on purpose: the matrix must notice each of them. */
import { playRound, type RoundPlan } from './round.ts';

const SABOTAGED: readonly (Omit<RoundPlan, 'number'> & { readonly what: string })[] = [
  { what: 'resolves before it has written', store: 'sqlite', window: 'append', sabotage: 'resolves-early' },
  { what: 'writes outcomes without a lease', store: 'sqlite', window: 'lost-lease', sabotage: 'no-fence' },
  { what: 'keeps the tail of a torn write', store: 'file', window: 'append', sabotage: 'keeps-torn-tail' },
];
/** A kill may miss the moment. */
const MAX_ROUNDS = 5;

/** True when every sabotage was noticed. */
export async function checkSelf(): Promise<boolean> {
  let allNoticed = true;
  for (const { what, ...plan } of SABOTAGED) {
    const problem = await findProblem(plan);
    console.log(
      `${problem === undefined ? 'NOT NOTICED' : 'noticed'}: a store that ${what}${problem === undefined ? '' : ` (${problem})`}`,
    );
    if (problem === undefined) allNoticed = false;
  }
  return allNoticed;
}

async function findProblem(plan: Omit<RoundPlan, 'number'>): Promise<string | undefined> {
  for (let number = 0; number < MAX_ROUNDS; number += 1) {
    const { problems } = await playRound({ ...plan, number });
    if (problems.length > 0) return problems[0];
  }
  return undefined;
}
