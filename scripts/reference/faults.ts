import { classify } from '../../src/core/classify.ts';
import { type Decision, decideNext } from '../../src/core/decide.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { resolveRetryPolicy } from '../../src/core/retry-policy.ts';
import { FAULTS } from '../../src/listener/faults.ts';
import { DEFAULTS } from '../../src/options.ts';
import {
  exchangeOf,
  FAULT_TABLE,
  type FaultResult,
  type FaultRow,
} from '../../src/testing/transport-suite/fault-table.ts';
import { cell, code, table } from './markdown.ts';

const HEAD = ['fault', 'the receiver', 'outcome', 'stored response', 'ends', 'then'];

/** What the default options make of each fault. Rows that differ in their label alone share a line. */
export function renderFaults(): string {
  const lines = new Map<string, { labels: string[]; cells: string[] }>();
  for (const row of FAULT_TABLE) {
    const outcome = classify(exchangeOf(row.result), DEFAULTS.success, 0);
    const cells = [
      cell(FAULTS[row.play.fault].does),
      code(outcome.kind === 'endpoint_failed' ? outcome.reason : outcome.kind),
      responseCell(row.result),
      row.result.ends,
      describeDecision(row, outcome),
    ];
    const isPlain = row.play.fault === 'status';
    const key = [row.play.fault, ...cells.filter((_, index) => !isPlain || index !== 2)].join('|');
    const line = lines.get(key) ?? { labels: [], cells };
    line.labels.push(labelOf(row));
    if (isPlain) line.cells[2] = 'complete';
    lines.set(key, line);
  }
  const rows = [...lines.values()].map(({ labels, cells }) => [joinLabels([...new Set(labels)]), ...cells]);
  return table(HEAD, rows);
}

/** The name of a fault, once, before what its rows differ in. */
function joinLabels(labels: readonly string[]): string {
  const [first = '', ...others] = labels;
  return [first, ...others.map((label) => label.replace(/^`[^`]*` /, ''))].join(', ');
}

function labelOf({ play }: FaultRow): string {
  const status = play.status === undefined ? '' : ` ${play.status}`;
  const header = play.headers?.['retry-after'] === undefined ? '' : ' with `Retry-After`';
  return `${code(play.fault)}${status}${header}`;
}

function responseCell(result: FaultResult): string {
  if (result.kind === 'failure') return '';
  return result.body === 'either' ? String(result.status) : `${result.status}, ${result.body}`;
}

function describeDecision({ play, result }: FaultRow, outcome: Outcome): string {
  if (outcome.kind !== 'endpoint_failed') return '';
  const { retryOn, onGone, retryAfter } = DEFAULTS;
  const decision: Decision = decideNext({
    reason: outcome.reason,
    status: result.kind === 'response' ? result.status : undefined,
    retryAfter: play.headers?.['retry-after'],
    attemptInRun: 1,
    policy: { retry: resolveRetryPolicy(DEFAULTS.retry), retryOn, onGone, retryAfter },
    nowMs: 0,
    draw: 0,
  });
  if (decision.disableEndpoint) return 'discarded; the endpoint is disabled';
  if (decision.verdict.kind !== 'retry') return 'given up';
  return decision.blockLaneMs === undefined ? 'retried' : 'retried; the endpoint is held';
}
