import { parseArgs } from 'node:util';
import type { BenchCase, CaseOptions } from './harness/bench-case.ts';

const ALL = 'all';
const LINE =
  'npm run bench -- CASE|all [--contender NAME]… [--json] [--rounds N] [--quick] [--require] [--write] [--profile DIRECTORY]';

/** What is to be done. */
export interface Order {
  readonly cases: readonly BenchCase[];
  readonly isJson: boolean;
  /** Whether a contender that cannot be measured is a failure. */
  readonly isRequired: boolean;
  /** Whether the page of results is made anew. */
  readonly isWritten: boolean;
  /** `undefined`: as many as each case has by default. */
  readonly rounds: number | undefined;
  readonly options: Omit<CaseOptions, 'rounds' | 'skip'>;
}

/** @throws Error that says what is wrong */
export function parseCommandLine(known: readonly BenchCase[]): Order {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      contender: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      require: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const cases = chooseCases(known, positionals);
  const contenders = cases.flatMap((each) => each.contenders);
  const unknown = values.contender?.find((name) => !contenders.includes(name));
  if (unknown !== undefined)
    throw new Error(`--contender: expected one of ${contenders.join(', ')}, got ${unknown}`);
  if (values.write && values.quick) throw new Error('--write: expected whole turns, without --quick');
  return {
    cases,
    isJson: values.json,
    isRequired: values.require,
    isWritten: values.write,
    rounds: readRounds(values.rounds) ?? (values.quick ? 1 : undefined),
    options: {
      contenders: values.contender === undefined ? undefined : new Set(values.contender),
      isQuick: values.quick,
      profileDirectory: values.profile,
      log: (line) => process.stderr.write(`${line}\n`),
    },
  };
}

export function describeUsage(problem: string, known: readonly BenchCase[]): string {
  const cases = known.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n');
  return `${problem}\n\n${LINE}\n\n${cases}\n`;
}

function chooseCases(known: readonly BenchCase[], names: readonly string[]): readonly BenchCase[] {
  const cases = known.filter(({ name }) => names[0] === ALL || name === names[0]);
  if (cases.length === 0 || names.length > 1) throw new Error(`expected the name of one case, or ${ALL}`);
  return cases;
}

function readRounds(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const rounds = Number(given);
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new Error('--rounds: expected a whole number of at least 1');
  return rounds;
}
