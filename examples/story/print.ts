/** Plain aligned text for a person. */

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function printTitle(title: string): void {
  print();
  print(title);
}

/** Prints rows with aligned columns, indented. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  for (const row of rows)
    print(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}

const startedAt = performance.now();

/** Prints what happens now, with the time since the start in front. */
export function printNow(...cells: readonly string[]): void {
  const [name = '', what = '', ...rest] = cells;
  const elapsed = `${Math.round(performance.now() - startedAt)} ms`.padStart(8);
  print(`${elapsed}  ${name.padEnd(11)}${what.padEnd(18)}${rest.join('  ')}`.trimEnd());
}
