/** `npm run bench -- CASE [--contender NAME]… [--json] [--rounds N] [--quick] [--profile DIRECTORY]` */
import { parseArgs } from 'node:util';
import { backlog } from './cases/backlog.ts';
import { endpoints } from './cases/endpoints.ts';
import { isolation } from './cases/isolation.ts';
import { recovery } from './cases/recovery.ts';
import { throughput } from './cases/throughput.ts';
import type { BenchCase, CaseOptions, CaseResult } from './harness/bench-case.ts';
import { formatTable } from './harness/format-table.ts';

/** A case is one file in `cases/` and one entry here. */
const CASES: readonly BenchCase[] = [throughput, endpoints, backlog, isolation, recovery];
const USAGE_ERROR = 2;

function parse(): { benchCase: BenchCase; isJson: boolean; options: CaseOptions } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      contender: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
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
    `${problem}\n\nnpm run bench -- CASE [--contender NAME]… [--json] [--rounds N] [--quick] [--profile DIRECTORY]\n\n${cases}\n`,
  );
}

function print(results: readonly CaseResult[], isJson: boolean): void {
  const lines = isJson
    ? results.map(({ figures, series, ...result }) => JSON.stringify({ ...result, ...figures, ...series }))
    : formatTable(results);
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main(): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    printUsage((error as Error).message);
    return USAGE_ERROR;
  }
  const { benchCase, isJson, options } = parsed;
  const results = await benchCase.run(options);
  print(results, isJson);
  const errors = results.reduce((sum, result) => sum + result.errors, 0);
  if (errors > 0) process.stderr.write(`FAILED: ${errors} errors; the figures above mean nothing\n`);
  return errors > 0 ? 1 : 0;
}

process.exitCode = await main();
