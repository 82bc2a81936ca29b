import type { RunResult } from '../contenders/job.ts';
import type { ReceiverReport } from '../receiver.ts';
import { median } from './statistics.ts';

/** What one contender did in one round. */
export class Tally {
  /** Of measured turns only. */
  sent = 0;
  elapsedMs = 0;
  cpuMicros = 0;
  /** Of all turns, warm-up included. */
  errors = 0;
  readonly #turnMicros: number[] = [];

  /** Adds a measured turn. */
  addTurn(run: RunResult): void {
    this.sent += run.sent;
    this.elapsedMs += run.elapsedMs;
    this.cpuMicros += run.cpuMicros;
    this.#turnMicros.push((run.elapsedMs * 1000) / run.sent);
  }

  /**
   * Compares what a contender says with what the receiver verified. Whatever failed, is missing, was repeated, or came
   * with a wrong signature or over more sockets than allowed is an error, and said.
   */
  check(
    run: Pick<RunResult, 'sent' | 'errors'>,
    report: Pick<ReceiverReport, 'received' | 'verified' | 'sockets' | 'problems'>,
    maxSockets: number,
    log: (line: string) => void,
  ): void {
    const { received, verified, sockets, problems } = report;
    const wrong = run.errors + Math.abs(run.sent - verified) + (received - verified);
    const tooManySockets = sockets > maxSockets;
    if (wrong > 0) {
      const counts = `sent ${run.sent}, ${run.errors} errors, received ${received}, verified ${verified}`;
      log([counts, ...problems].join('; '));
    }
    if (tooManySockets) log(`${sockets} sockets were used, expected at most ${maxSockets}`);
    this.errors += wrong + (tooManySockets ? 1 : 0);
  }

  get perSecond(): number {
    return (this.sent / this.elapsedMs) * 1000;
  }

  /** Time for each message, over all turns. */
  get meanMicros(): number {
    return (this.elapsedMs * 1000) / this.sent;
  }

  /** Time for each message in the median turn: without full garbage collections, of which few turns have one. */
  get medianMicros(): number {
    return median(this.#turnMicros);
  }

  /** CPU time for each message. */
  get cpuMicrosEach(): number {
    return this.cpuMicros / this.sent;
  }
}
