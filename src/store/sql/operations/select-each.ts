import type { Row, Script } from '../script.ts';

/** Selects of one statement. The server keeps each statement in memory, prepared, for every connection. */
const MOST_SELECTS = 32;

/** The id of no lane, to fill up a statement with. */
export const NO_LANE = '';

/**
 * Answers a select with placeholders once for each of many lists of parameters, several in a statement (`union all`). Their number is a power of two,
 * so that a few statements serve for any: what is left over is filled.
 *
 * @param filling - parameters for which the select finds nothing
 */
export function* selectEach(
  select: string,
  parameters: readonly (readonly unknown[])[],
  filling: readonly unknown[],
): Script<readonly Row[]> {
  const rows: Row[] = [];
  for (let from = 0; from < parameters.length; from += MOST_SELECTS) {
    const part = parameters.slice(from, from + MOST_SELECTS);
    const selects = 2 ** Math.ceil(Math.log2(part.length));
    while (part.length < selects) part.push(filling);
    const sql = part.map(() => `(${select})`).join('\nunion all\n');
    rows.push(...(yield { sql, parameters: part.flat(), isFixed: true }).rows);
  }
  return rows;
}
