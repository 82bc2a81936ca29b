/** Plain aligned text for a person. */

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function printTitle(title: string): void {
  print(`\n${title}`);
}

/** Prints rows with aligned columns, indented. */
export function printTable(rows: readonly (readonly unknown[])[]): void {
  const widths: number[] = [];
  const texts = rows.map((row) => row.map(String));
  for (const row of texts)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  for (const row of texts)
    print(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}
