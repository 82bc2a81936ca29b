import type { RunResult } from '../contenders/job.ts';
import type { ReceiverReport } from '../receiver.ts';

/** What one contender did in its turns of one round, and what arrived of it. */
export class Tally {
  sent = 0;
  elapsedMs = 0;
  cpuMicros = 0;
  receiverCpuMicros = 0;
  errors = 0;

  /** Adds a run to be measured. */
  addRun(run: RunResult): void {
    this.sent += run.sent;
    this.elapsedMs += run.elapsedMs;
    this.cpuMicros += run.cpuMicros;
    this.errors += run.errors;
  }

  /**
   * Compares what a contender says it sent with what the receiver verified. Whatever is missing, was repeated, came with
   * a wrong signature or over more sockets than allowed is an error, and said.
   */
  compare(sent: number, report: ReceiverReport, maxSockets: number, log: (line: string) => void): void {
    this.receiverCpuMicros += report.cpuMicros;
    const wrong = Math.abs(sent - report.verified) + (report.received - report.verified);
    const tooManySockets = report.sockets > maxSockets;
    this.errors += wrong + (tooManySockets ? 1 : 0);
    if (wrong > 0) {
      const problems = report.problems.length === 0 ? '' : `: ${report.problems.join('; ')}`;
      log(`sent ${sent}, received ${report.received}, verified ${report.verified}${problems}`);
    }
    if (tooManySockets) log(`${report.sockets} sockets were used, expected at most ${maxSockets}`);
  }

  get perSecond(): number {
    return (this.sent / this.elapsedMs) * 1000;
  }

  get cpuMicrosEach(): number {
    return this.cpuMicros / this.sent;
  }
}
