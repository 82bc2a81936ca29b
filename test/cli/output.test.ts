import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatFields, formatTable } from '../../src/cli/output/format-table.ts';
import { formatDuration, formatTime } from '../../src/cli/output/format-time.ts';
import { createOutput } from '../../src/cli/output/output.ts';
import { printable, printableLine } from '../../src/cli/output/printable.ts';
import { run } from '../../src/cli/run.ts';
import { silentTerminal } from '../../src/cli/silent-terminal.ts';
import { createReceiver } from '../../src/testing/index.ts';

describe('a table', () => {
  it('aligns text on the left and numbers on the right, and shows what is missing as -', () => {
    const rows = [
      { name: 'a', count: 7, last: undefined },
      { name: 'longer', count: 1234, last: 'today' },
    ];
    expect(
      formatTable(rows, [
        { heading: 'NAME', cell: ({ name }) => name },
        { heading: 'COUNT', cell: ({ count }) => count },
        { heading: 'LAST', cell: ({ last }) => last },
      ]),
    ).toBe('NAME    COUNT  LAST\na           7  -\nlonger   1234  today');
  });

  it('of names and values leaves out what there is not', () => {
    expect(
      formatFields([
        ['Name', 'a'],
        ['Long name', 0],
        ['None', undefined],
      ]),
    ).toBe('Name:       a\nLong name:  0');
    expect(formatFields([])).toBe('');
  });
});

describe('times', () => {
  it('are in UTC, to the second', () => {
    expect(formatTime(Date.UTC(2026, 2, 1, 12, 30, 5, 999))).toBe('2026-03-01 12:30:05Z');
    expect(formatTime(undefined)).toBeUndefined();
    expect(formatTime(8.7e15)).toBe('8700000000000000');
  });

  it.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1_000, '1 s'],
    [59_999, '59 s'],
    [61_000, '1 m 1 s'],
    [3_600_000, '1 h'],
    [12_000_000, '3 h 20 m'],
    [90_000_000, '1 d 1 h'],
  ])('that have passed: %d ms', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('text of strangers', () => {
  it('is shown with what would do something to a terminal escaped', () => {
    expect(printable('a\u001b[2J\u009b\u202e\r\n\tb')).toBe('a\\u001b[2J\\u009b\\u202e\\u000d\n\tb');
    expect(printableLine('a\n\tb')).toBe('a\\n\\tb');
    expect(printable('Grüße, 世界 🎉')).toBe('Grüße, 世界 🎉');
  });
});

describe('output', () => {
  const terminal = { ...silentTerminal, isTerminal: true };

  it.each([
    ['on a terminal', {}, {}, true],
    ['with NO_COLOR', {}, { NO_COLOR: '1' }, false],
    ['with an empty NO_COLOR', {}, { NO_COLOR: '' }, true],
    ['with --no-color', { color: false }, {}, false],
    ['with --json', { json: true }, {}, false],
  ])('%s', (_name, flags, env, hasColors) => {
    const text = createOutput({ ...terminal, env }, flags).tone('good', 'fine');
    expect(text === 'fine').toBe(!hasColors);
    expect(text).toContain('fine');
  });

  it('has no colours in a file', () => {
    expect(createOutput(silentTerminal, {}).tone('bad', 'down')).toBe('down');
  });

  it('of a test has its colours on a terminal', async () => {
    await using receiver = await createReceiver();
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-'));
    const printed: string[] = [];
    const person = { ...terminal, folder, print: (text: string) => void printed.push(text) };
    const place = ['--store', 'webhooks', '--allow-private', '127.0.0.0/8'];
    expect(await run(['add', receiver.url, ...place], person)).toBe(0);
    receiver.reply({ status: 204 }, { status: 500, body: '\u001b[31mred' });
    expect(await run(['test', receiver.url, ...place], person)).toBe(0);
    expect(await run(['test', receiver.url, ...place], person)).toBe(1);
    expect(printed[1]).toMatch(/^Result: +\u001b\[32mdelivered\u001b\[39m\nStatus: +204\n/);
    expect(printed[2]).toMatch(/^Result: +\u001b\[31mnot delivered\u001b\[39m\nStatus: +500\n/);
    expect(printed[2]).toContain('\\u001b[31mred');
    rmSync(folder, { recursive: true });
  });
});
