/** Stores that are wrong on purpose: the matrix must notice each of them, by what it does, and nothing on the same store unharmed. */
import { playRound, type RoundPlan, type RoundResult } from './round.ts';

const HARMS = { lost: 'lost', unexplained: 'received too often', bare: 'kept without a delivery' } as const;

type Plan = Omit<RoundPlan, 'number'>;

interface Sabotaged {
  readonly what: string;
  readonly plan: Plan;
  /** What it brings about. Any other problem is none of its own, and proves nothing. */
  readonly harm: keyof typeof HARMS;
}

const SABOTAGED: readonly Sabotaged[] = [
  {
    what: 'resolves before it has written',
    plan: { store: 'sqlite', window: 'append', sabotage: 'resolves-early' },
    harm: 'lost',
  },
  {
    what: 'writes outcomes without a lease',
    plan: { store: 'sqlite', window: 'lost-lease', sabotage: 'no-fence' },
    harm: 'unexplained',
  },
  {
    what: 'counts what is left of a torn write',
    plan: { store: 'file', window: 'append', sabotage: 'keeps-torn-tail' },
    harm: 'bare',
  },
];
/** A kill may miss the moment. */
const MAX_ROUNDS = 5;

/** True when every sabotage was noticed, and the same rounds without it are green. */
export async function checkSelf(): Promise<boolean> {
  let isRight = true;
  for (const sabotaged of SABOTAGED) isRight = (await check(sabotaged)) && isRight;
  return isRight;
}

async function check({ what, plan, harm }: Sabotaged): Promise<boolean> {
  const noticed = await findHarm(plan, harm);
  if (noticed === undefined) {
    console.log(`NOT NOTICED: a store that ${what}`);
    return false;
  }
  console.log(`noticed: a store that ${what} (${noticed.result[harm]} ${HARMS[harm]})`);
  const { problems } = await playRound({ ...plan, number: noticed.number, sabotage: undefined });
  if (problems.length === 0) {
    console.log('    green without it');
    return true;
  }
  console.log(`    RED WITHOUT IT, TOO: ${problems[0]}`);
  return false;
}

async function findHarm(
  plan: Plan,
  harm: Sabotaged['harm'],
): Promise<{ number: number; result: RoundResult } | undefined> {
  for (let number = 0; number < MAX_ROUNDS; number += 1) {
    const result = await playRound({ ...plan, number });
    if (result[harm] > 0) return { number, result };
  }
  return undefined;
}
