import { sharedNow } from '../harness/shared-clock.ts';
import { keepPace } from '../harness/steady-pace.ts';
import { createData, type RunResult, startTiming } from './job.ts';

/** A turn at a steady rate. */
export interface PacedTurn {
  readonly perSecond: number;
  /** How long is emitted before anything is measured. */
  readonly leadInMs: number;
  readonly durationMs: number;
}

/** What became of it. */
export interface PacedRun extends RunResult {
  /** How many of its messages are measured. */
  readonly measured: number;
  /** How late each of those was emitted: the event loop was busy. */
  readonly lateMs: readonly number[];
}

/** Data of each message, for a receiver that measures. */
export interface TimedData {
  readonly emittedAtMs: number;
  readonly isMeasured: boolean;
}

/**
 * Calls at a steady rate, whatever comes of it; calls that reject are errors.
 *
 * @param finish resolves when all that was sent is delivered
 */
export async function runPaced(
  { perSecond, leadInMs, durationMs }: PacedTurn,
  send: (data: object & TimedData) => Promise<unknown>,
  finish: () => Promise<unknown>,
): Promise<PacedRun> {
  const lateMs: number[] = [];
  const calls: Promise<unknown>[] = [];
  const stop = startTiming();
  await keepPace({ perSecond, durationMs: leadInMs + durationMs }, (call) => {
    const isMeasured = call.atMs >= leadInMs;
    if (isMeasured) lateMs.push(call.lateMs);
    calls.push(send({ emittedAtMs: sharedNow(), isMeasured, ...createData(call.number) }));
  });
  const ended = await Promise.allSettled(calls);
  await finish();
  const errors = ended.filter(({ status }) => status === 'rejected').length;
  return { sent: calls.length - errors, errors, measured: lateMs.length, lateMs, ...stop() };
}
