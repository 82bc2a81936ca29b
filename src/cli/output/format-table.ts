import { printableLine } from './printable.ts';

/** A column: its heading, and what stands in it. `undefined` is shown as `-`. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string | number | undefined;
}

/** An aligned table; numbers stand on the right. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const texts = [columns.map(({ heading }) => heading), ...cells.map((line) => line.map(toText))];
  const widths = columns.map((_, index) => Math.max(...texts.map((line) => line[index]!.length)));
  const isNumeric = columns.map(
    (_, index) =>
      cells.some((line) => typeof line[index] === 'number') &&
      cells.every((line) => typeof line[index] !== 'string'),
  );
  return texts
    .map((line) =>
      line
        .map((text, index) =>
          isNumeric[index] === true ? text.padStart(widths[index]!) : text.padEnd(widths[index]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and their values below each other; what is `undefined` is left out. */
export function formatFields(
  fields: readonly (readonly [name: string, value: string | number | undefined])[],
): string {
  const given = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${`${name}:`.padEnd(width + 1)}  ${toText(value)}`).join('\n');
}

function toText(value: string | number | undefined): string {
  if (value === undefined || value === '') return '-';
  return printableLine(String(value));
}
