/** Plain aligned text for a person. */

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function printTitle(title: string): void {
  print(`\n${title}`);
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

let startedAt: number | undefined;

/** Prints what happens now: who, which event, what; in front the time since the first line. */
export function printNow(who: string, type: string, what: string): void {
  startedAt ??= performance.now();
  const elapsed = `${Math.round(performance.now() - startedAt)} ms`.padStart(8);
  print(`${elapsed}  ${who.padEnd(11)}  ${type.padEnd(13)}  ${what}`);
}
