import type { CaseResult } from './bench-case.ts';

/** The result of a case as lines of text, for people. */
export function formatTable(results: readonly CaseResult[]): string[] {
  const rows = results.map((result): Readonly<Record<string, string>> => ({
    case: result.case,
    contender: [result.contender, result.mode].filter((part) => part !== undefined).join(' '),
    baseline: String(result.baseline),
    ratio: result.ratio.toFixed(2),
    range: `${Math.min(...result.ratios).toFixed(2)}-${Math.max(...result.ratios).toFixed(2)}`,
    rounds: String(result.rounds),
    errors: String(result.errors),
    ...Object.fromEntries(Object.entries(result.figures).map(([name, value]) => [name, String(value)])),
  }));
  // Lines of one case may have different figures.
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => (row[name] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd();
  const goals = new Set(
    results.filter(({ goal }) => !goal.endsWith(': none')).map(({ goal }) => `goal: ${goal}`),
  );
  return [
    line(names),
    ...rows.map((row) => line(names.map((name) => row[name] ?? ''))),
    ...results.flatMap(seriesLines),
    ...goals,
  ];
}

function seriesLines({ contender, series = {} }: CaseResult): string[] {
  return Object.entries(series).map(([name, values]) => `${contender} ${name}: ${values.join(' ')}`);
}
