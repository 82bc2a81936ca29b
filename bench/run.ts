/** `npm run bench -- CASE`: measures, prints, and with `--write` makes docs/reference/performance.md anew. */
import { writeFileSync } from 'node:fs';
import { generate } from '../scripts/generate-performance.ts';
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
import { describeUsage, type Order, parseCommandLine } from './command-line.ts';
import type { BenchCase, CaseResult, Skipped } from './harness/bench-case.ts';
import { formatTable } from './harness/format-table.ts';
import { recordCase } from './performance/record.ts';

/** A case is one file in `cases/` and one entry here. */
const CASES: readonly BenchCase[] = [
  throughput,
  peers,
  latency,
  emit,
  endpoints,
  fanout,
  memory,
  backlog,
  isolation,
  recovery,
];
const USAGE_ERROR = 2;

/** Whether everything was right, whatever its speed. */
async function run(
  benchCase: BenchCase,
  { rounds, isJson, isRequired, isWritten, options }: Order,
): Promise<boolean> {
  const skipped: Skipped[] = [];
  const skip = (contender: string, reason: string): void => {
    skipped.push({ case: benchCase.name, contender, skipped: reason });
    options.log(`${contender} is not measured: ${reason}`);
  };
  const results = await benchCase.run({ ...options, rounds: rounds ?? benchCase.defaultRounds, skip });
  print(results, skipped, isJson);
  const errors = results.reduce((sum, result) => sum + result.errors, 0);
  if (errors > 0) options.log(`FAILED: ${errors} errors; the figures above mean nothing`);
  const missing = isRequired ? skipped.length : 0;
  if (missing > 0) options.log(`FAILED: ${missing} contenders are required and were not measured`);
  const isRight = errors + missing === 0;
  if (isRight && isWritten) await write(benchCase.name, results, skipped);
  return isRight;
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

/** After each case: what was measured is not lost with what comes next. */
async function write(
  name: string,
  results: readonly CaseResult[],
  skipped: readonly Skipped[],
): Promise<void> {
  recordCase(name, results, skipped);
  for (const [path, text] of await generate()) writeFileSync(new URL(`../${path}`, import.meta.url), text);
}

async function main(): Promise<number> {
  let order: Order;
  try {
    order = parseCommandLine(CASES);
  } catch (error) {
    process.stderr.write(describeUsage((error as Error).message, CASES));
    return USAGE_ERROR;
  }
  let isRight = true;
  for (const benchCase of order.cases) isRight = (await run(benchCase, order)) && isRight;
  return isRight ? 0 : 1;
}

process.exitCode = await main();
