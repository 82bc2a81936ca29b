/** docs/reference/performance.md: what was measured, line by line, and what people wrote about it. */
import type { CaseResult } from '../harness/bench-case.ts';
import { TARGETS, type Target } from '../targets.ts';
import type { CaseRecord, PerformanceRecord } from './record.ts';

const HEAD = `<!-- Generated from bench/performance by \`npm run bench -- all --write\`. Edit notes.md there, then \`npm run docs:check -- --write\`. -->

# Performance

How fast Posthorn is, beside the fastest that can be done without it: a loop that builds, signs and sends the same requests with
\`undici.request\`, and keeps nothing. Every figure is a ratio of things that took turns on one machine; absolute figures differ by half
from one hour to the next, and are given for the order of magnitude. \`bench/README.md\` in the repository says how each case is measured, and
what is checked: a result counts only when the receiver has verified every request.
`;

/** @param notes - what was tried, what it brought, and what bounds it */
export function renderPage(record: PerformanceRecord, notes: string): string {
  const cases = Object.entries(record);
  return [
    HEAD,
    '## Targets\n',
    ...renderTargets(record),
    '',
    notes.trim(),
    '',
    ...(cases.length === 0 ? [] : ['## All results\n', ...cases.flatMap(renderCase)]),
    ...renderRuns(cases),
  ].join('\n');
}

function renderTargets(record: PerformanceRecord): string[] {
  return [
    '| target | at | measured: median (min–max, rounds) | |',
    '| --- | ---: | --- | --- |',
    ...TARGETS.map((target) => {
      const aim = `${target.bound === 'least' ? '≥' : '≤'} ${target.value}`;
      const result = record[target.case]?.results.find((each) => isOf(each, target));
      if (result === undefined) return `| ${target.what} | ${aim} | not measured | |`;
      const value = target.figure === undefined ? result.ratio : result.figures[target.figure]!;
      const isMet = target.bound === 'least' ? value >= target.value : value <= target.value;
      const measured =
        target.figure === undefined ? describeRatio(result) : `${value} (most of ${result.rounds} rounds)`;
      return `| ${target.what} | ${aim} | ${measured} | ${isMet ? 'met' : 'missed'} |`;
    }),
  ];
}

function isOf(result: CaseResult, { contender, mode }: Target): boolean {
  return String(result.contender) === contender && result.mode === mode;
}

function describeRatio({ ratio, ratios, rounds }: CaseResult): string {
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((value) => value.toFixed(2));
  return `${ratio.toFixed(2)} (${least}–${most}, ${rounds})`;
}

/** All lines of a case, with all of its figures. */
function renderCase([name, { results, skipped }]: [string, CaseRecord]): string[] {
  const figures = [...new Set(results.flatMap((result) => Object.keys(result.figures)))];
  return [
    `### ${name}\n`,
    `| contender | beside | ratio (min–max, rounds) | ${figures.join(' | ')} |`,
    `| --- | --- | --- |${' ---: |'.repeat(figures.length)}`,
    ...results.map((result) => {
      const contender = [result.contender, result.mode].filter((part) => part !== undefined).join(' ');
      const cells = figures.map((figure) => result.figures[figure]?.toLocaleString('en') ?? '');
      return `| ${contender} | ${result.baseline} | ${describeRatio(result)} | ${cells.join(' | ')} |`;
    }),
    ...skipped.map(({ contender, skipped: reason }) => `\nNot measured: ${contender} (${reason}).`),
    '',
  ];
}

/** Cases of the same run are named together. */
function renderRuns(cases: readonly (readonly [string, CaseRecord])[]): string[] {
  const runs = new Map<string, string[]>();
  for (const [name, { machine, node, commitDate }] of cases) {
    const where = `Node.js ${node} on ${machine}; code of ${commitDate}`;
    runs.set(where, [...(runs.get(where) ?? []), name]);
  }
  return [
    '## Where it was measured\n',
    ...(runs.size === 0 ? ['Nothing was measured yet.'] : []),
    ...[...runs].map(([where, names]) => `- ${names.join(', ')}: ${where}.`),
    '',
  ];
}
