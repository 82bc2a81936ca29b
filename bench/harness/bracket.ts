import type { RunResult } from '../contenders/job.ts';
import type { ReceiverReport } from '../receiver.ts';
import type { MeasuredProcess } from './start-process.ts';
import { takeTurns } from './take-turns.ts';
import { Tally } from './tally.ts';
import { warmUp } from './warm-up.ts';

/** Turns of each process. */
export interface Pace {
  /** Messages before anything is timed. Not a time: on a busy machine little of the code would be compiled by its end. */
  readonly warmUp: number;
  readonly turns: number;
  readonly turnMs: number;
}

/** A process that is measured. */
export interface Party {
  run(durationMs: number): Promise<RunResult>;
  /** The most memory that it had, in bytes. */
  peakMemory(): Promise<number>;
  /** Most sockets that it may have. */
  readonly maxSockets: number;
}

/** A process that says what memory it had. */
type Measurable = Pick<MeasuredProcess<{ peakMemory: () => number }>, 'call'>;

export function partyOf(measured: Measurable, maxSockets: number, run: Party['run']): Party {
  return { run, peakMemory: () => measured.call('peakMemory', undefined), maxSockets };
}

/** One side of a round. */
export interface Side {
  readonly tally: Tally;
  /** CPU time of the receiver by all time, turns only: near 1 it would be the receiver that is measured. */
  readonly receiverShare: number;
  readonly rssBytes: number;
}

/** What was measured in one round. */
export interface Round {
  readonly contender: Side;
  readonly baseline: Side;
}

export interface Bracketed {
  readonly baseline: Party;
  readonly contender: Party;
  readonly pace: Pace;
  /** What the receiver got since the last call. */
  readonly take: () => Promise<ReceiverReport>;
  readonly log: (line: string) => void;
}

/** Both are warmed up alike, and take turns; what each says it sent is compared with what the receiver got. */
export async function bracket({ baseline, contender, pace, take, log }: Bracketed): Promise<Round> {
  const sides = [baseline, contender].map((party) => ({ party, tally: new Tally(), receiverMicros: 0 }));
  const work = async (side: (typeof sides)[number]): Promise<RunResult> => {
    const { party, tally } = side;
    const result = await party.run(pace.turnMs);
    const report = await take();
    tally.check(result, report, party.maxSockets, log);
    side.receiverMicros += report.cpuMicros;
    return result;
  };
  for (const side of sides) await warmUp(pace.warmUp, () => work(side));
  for (const side of sides) side.receiverMicros = 0;
  await takeTurns(sides, pace.turns, async (side) => side.tally.addTurn(await work(side)));
  const [first, second] = await Promise.all(
    sides.map(async ({ party, tally, receiverMicros }): Promise<Side> => ({
      tally,
      receiverShare: receiverMicros / 1000 / tally.elapsedMs,
      rssBytes: await party.peakMemory(),
    })),
  );
  return { baseline: first!, contender: second! };
}

/** Deliveries per second of the contender, by those of the baseline. */
export function speedRatio({ contender, baseline }: Round): number {
  return contender.tally.perSecond / baseline.tally.perSecond;
}
