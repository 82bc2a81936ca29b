/** `npm run bench -- CASE [--contender NAME]… [--json] [--rounds N] [--quick] [--require] [--profile DIRECTORY]` */
import { parseArgs } from 'node:util';
import { backlog } from './cases/backlog.ts';
import { emit } from './cases/emit.ts';
import { endpoints } from './cases/endpoints.ts';
import { fanout } from './cases/fanout.ts';
import { isolation } from './cases/isolation.ts';
import { latency } from './cases/latency.ts';
import { memory } from './cases/memory.ts';
import { peers } from './cases/peers.ts';
import { recovery } from './cases/recovery.ts';
import { throughput } from './cases/throughput.ts';
import type { BenchCase, CaseOptions, CaseResult, Skipped } from './harness/bench-case.ts';
import { formatTable } from './harness/format-table.ts';

/** A case is one file in `cases/` and one entry here. */
const CASES: readonly BenchCase[] = [
  throughput,
  latency,
  emit,
  endpoints,
  fanout,
  memory,
  backlog,
  isolation,
  recovery,
  peers,
];
const USAGE_ERROR = 2;

interface Order {
  readonly benchCase: BenchCase;
  readonly isJson: boolean;
  /** Whether a contender that cannot be measured is a failure. */
  readonly isRequired: boolean;
  readonly options: Omit<CaseOptions, 'skip'>;
}

function parse(): Order {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      contender: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      require: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const benchCase = CASES.find(({ name }) => name === positionals[0]);
  if (benchCase === undefined || positionals.length > 1) throw new Error('expected the name of one case');
  const rounds =
    values.rounds === undefined ? (values.quick ? 1 : benchCase.defaultRounds) : Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new Error('--rounds: expected a whole number of at least 1');
  const unknown = values.contender?.find((name) => !benchCase.contenders.includes(name));
  if (unknown !== undefined)
    throw new Error(`--contender: expected one of ${benchCase.contenders.join(', ')}, got ${unknown}`);
  return {
    benchCase,
    isJson: values.json,
    isRequired: values.require,
    options: {
      rounds,
      contenders: values.contender === undefined ? undefined : new Set(values.contender),
      isQuick: values.quick,
      profileDirectory: values.profile,
      log: (line) => process.stderr.write(`${line}\n`),
    },
  };
}

function printUsage(problem: string): void {
  const cases = CASES.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n');
  process.stderr.write(
    `${problem}\n\nnpm run bench -- CASE [--contender NAME]… [--json] [--rounds N] [--quick] [--require] [--profile DIRECTORY]\n\n${cases}\n`,
  );
}

function print(results: readonly CaseResult[], skipped: readonly Skipped[], isJson: boolean): void {
  const lines = isJson
    ? [...results.map(toJson), ...skipped.map((each) => JSON.stringify(each))]
    : formatTable(results);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function toJson({ figures, series, ...result }: CaseResult): string {
  const range = { min: Math.min(...result.ratios), max: Math.max(...result.ratios) };
  return JSON.stringify({ ...result, ...range, ...figures, ...series });
}

async function run({ benchCase, isJson, isRequired, options }: Order): Promise<number> {
  const skipped: Skipped[] = [];
  const skip = (contender: string, reason: string): void => {
    skipped.push({ case: benchCase.name, contender, skipped: reason });
    options.log(`${contender} is not measured: ${reason}`);
  };
  const results = await benchCase.run({ ...options, skip });
  print(results, skipped, isJson);
  const errors = results.reduce((sum, result) => sum + result.errors, 0);
  if (errors > 0) process.stderr.write(`FAILED: ${errors} errors; the figures above mean nothing\n`);
  const missing = isRequired ? skipped.length : 0;
  if (missing > 0) process.stderr.write(`FAILED: ${missing} contenders are required and were not measured\n`);
  return errors + missing > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  let order: Order;
  try {
    order = parse();
  } catch (error) {
    printUsage((error as Error).message);
    return USAGE_ERROR;
  }
  return run(order);
}

process.exitCode = await main();
