/** Says whether everything that should have arrived did: by what the receivers counted, not by what the sender believes. */
import type { ReceiverReport } from './report.ts';

/** One delivery as the dispatcher recorded it. */
export interface RecordedDelivery {
  readonly id: string;
  readonly endpoint: string;
  readonly type: string;
  readonly state: string;
  /** Outcomes of its attempts, in order: a status, or a reason. */
  readonly attempts: readonly string[];
}

/** What should come of one endpoint. */
export interface Expectation {
  readonly name: string;
  /** Event types its receiver has to accept. */
  readonly arrives: readonly string[];
  /** Event types that cannot arrive, and have to be on record as `exhausted` after all their attempts. */
  readonly givenUp: readonly string[];
  /** Requests the receiver has to see, those it answers with an error included. */
  readonly requests: number;
  /** Attempts of each delivery that cannot arrive. */
  readonly attempts: number;
}

/** Everything that is wrong, a sentence each; empty when the story ended well. */
export function findProblems(
  expectations: readonly Expectation[],
  reports: readonly ReceiverReport[],
  deliveries: readonly RecordedDelivery[],
): string[] {
  return expectations.flatMap((expected) => {
    const report = reports.find(({ name }) => name === expected.name);
    if (report === undefined) return [`${expected.name} did not report`];
    const recorded = deliveries.filter(({ endpoint }) => endpoint === expected.name);
    // An attempt that the kill cut off is repeated: its receiver may have seen it, and may see it again.
    const interrupted = recorded.flatMap(({ attempts }) => attempts).filter((what) => what === 'interrupted');
    const problems = [
      ...judgeReport(expected, report, interrupted.length),
      ...judgeRecord(expected, recorded),
    ];
    return problems.map((problem) => `${expected.name} ${problem}`);
  });
}

function judgeReport(expected: Expectation, report: ReceiverReport, interrupted: number): string[] {
  const problems = report.refusals.map((refusal) => `refused ${refusal}`);
  const surplus = report.requests - expected.requests;
  if (surplus < 0 || surplus > interrupted)
    problems.push(`saw ${report.requests} requests, expected ${expected.requests}`);
  if (report.verified !== report.requests)
    problems.push(`could verify ${report.verified} of ${report.requests} requests`);
  const accepted = new Map(report.accepted.map(({ id, type }) => [id, type]));
  if (report.accepted.length - accepted.size > interrupted) problems.push('accepted a message twice');
  return [...problems, ...compare('accept', expected.arrives, [...accepted.values()])];
}

function judgeRecord(expected: Expectation, recorded: readonly RecordedDelivery[]): string[] {
  const inState = (state: string): string[] =>
    recorded.filter((delivery) => delivery.state === state).map(({ type }) => type);
  const problems = [
    ...compare('have as succeeded on record', expected.arrives, inState('succeeded')),
    ...compare('have as exhausted on record', expected.givenUp, inState('exhausted')),
  ];
  for (const { state, attempts } of recorded) {
    const counted = attempts.filter((what) => what !== 'interrupted').length;
    if (state === 'exhausted' && counted !== expected.attempts)
      problems.push(`was given up after ${counted} attempts, expected ${expected.attempts}`);
  }
  return problems;
}

/** Differences between two lists whose order does not matter. */
function compare(verb: string, expected: readonly string[], actual: readonly string[]): string[] {
  const surplus = [...actual];
  const missing = expected.filter((item) => {
    const index = surplus.indexOf(item);
    if (index >= 0) surplus.splice(index, 1);
    return index < 0;
  });
  return [
    ...missing.map((item) => `did not ${verb}: ${item}`),
    ...surplus.map((item) => `should not ${verb}: ${item}`),
  ];
}
