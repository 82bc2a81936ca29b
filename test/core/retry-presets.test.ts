import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  describeSchedule,
  RETRY_PRESETS,
  type RetryPolicy,
  validateRetryPolicy,
} from '../../src/core/retry-policy.ts';

const PAGE = readFileSync(new URL('../../docs/reference/retry-presets.md', import.meta.url), 'utf8');
const NAMES = Object.keys(RETRY_PRESETS) as (keyof typeof RETRY_PRESETS)[];

/** `7 h 35 min 5 s`: hours are the largest unit, parts that are zero are left out. */
function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const text = parts.flatMap(([amount, unit]) => (amount === 0 ? [] : [`${amount} ${unit}`])).join(' ');
  return text === '' ? '0 s' : text;
}

function presetRow(name: (typeof NAMES)[number]): string {
  const { offsetsMs, totalMs } = describeSchedule(name)!;
  const delays = offsetsMs.slice(1).map((offset, index) => formatDuration(offset - offsetsMs[index]!));
  const preset = RETRY_PRESETS[name];
  const jitter = preset.kind === 'once' ? '–' : `±${preset.jitter! * 100} %`;
  const cells = [`\`${name}\``, offsetsMs.length, delays.join(', ') || '–', jitter, formatDuration(totalMs)];
  return `| ${cells.join(' | ')} |`;
}

function attemptRow(attempt: number): string {
  const offsets = NAMES.map((name) => describeSchedule(name)!.offsetsMs[attempt - 1]);
  const cells = offsets.map((offset) => (offset === undefined ? '–' : formatDuration(offset)));
  return `| ${[attempt, ...cells].join(' | ')} |`;
}

/** The rows below the head line of a table, up to the first line that is none. */
function rowsUnder(head: string): string[] {
  const lines = PAGE.split('\n');
  const start = lines.indexOf(head);
  expect(start).toBeGreaterThan(0);
  const rows = lines.slice(start + 2);
  return rows.slice(
    0,
    rows.findIndex((line) => !line.startsWith('|')),
  );
}

describe('docs/reference/retry-presets.md', () => {
  it('lists every preset as it is', () => {
    expect(rowsUnder('| preset | attempts | delays between them | jitter | last attempt after |')).toEqual(
      NAMES.map(presetRow),
    );
  });

  it('lists when every attempt is made', () => {
    const longest = Math.max(...NAMES.map((name) => describeSchedule(name)!.offsetsMs.length));
    const head = `| attempt | ${NAMES.map((name) => `\`${name}\``).join(' | ')} |`;
    expect(rowsUnder(head)).toEqual(Array.from({ length: longest }, (_, index) => attemptRow(index + 1)));
  });

  it('shows policies that are accepted', () => {
    const policies = rowsUnder('| policy | meaning |').map((row) => /`(\{[^`]+\})`/.exec(row)![1]!);
    expect(policies).toHaveLength(4);
    for (const text of policies) {
      const json = text.replaceAll("'", '"').replace(/(\w+):/g, '"$1":');
      const policy = JSON.parse(json) as RetryPolicy;
      expect(validateRetryPolicy(policy, 'retry')).toBe(policy);
    }
  });
});
