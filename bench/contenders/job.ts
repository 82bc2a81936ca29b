/** The work that all contenders do alike. */

/** What they send. */
export const EVENT_TYPE = 'job.completed';
/** How many endpoints want every message, where there are many. */
export const MATCHING = 10;

/** A figure of a run, over the turns of one contender. */
export interface RunResult {
  /** Messages that were sent and answered. */
  readonly sent: number;
  readonly elapsedMs: number;
  /** CPU time of the whole process, its threads included. */
  readonly cpuMicros: number;
  /** Calls and deliveries that failed. */
  readonly errors: number;
}

/** A dispatcher keeps a quarter of its slots for endpoints that have nothing in flight: so many it needs for one that is to have this many. */
export function slotsFor(inFlight: number): number {
  return Math.ceil(inFlight / 0.75);
}

/** Where a contender sends to, and how. */
export interface Target {
  readonly url: string;
  readonly secret: string;
  /** Most sockets, and most requests in flight. */
  readonly sockets: number;
}

const LINE = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit.';

/** Data of a message, made anew as an application would; with its envelope and in JSON about 1 KB. */
export function createData(number: number): object {
  return {
    jobId: `job-${number}`,
    machineId: 'machine-0',
    status: 'completed',
    number,
    isLast: false,
    startedAt: '2026-01-01T12:00:00.000Z',
    durationMs: 48_211,
    owner: { id: 'user-4711', name: 'Ada Lovelace', email: 'ada@example.com', roles: ['admin', 'author'] },
    parts: [1, 2, 3, 4].map((part) => ({
      part,
      name: `part-${number}-${part}.bin`,
      bytes: 1024 * part,
      note: LINE,
    })),
  };
}

/** Starts two clocks; the function stops them. */
export function startTiming(): () => Pick<RunResult, 'elapsedMs' | 'cpuMicros'> {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { elapsedMs: performance.now() - startedAt, cpuMicros: user + system };
  };
}
