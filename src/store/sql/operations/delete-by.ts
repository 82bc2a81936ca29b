import type { TemplateText } from '../database.ts';
import type { TableNames } from '../tables.ts';

/**
 * Deletes the rows of a table whose column has one of the values, handed over as rows `removed`.
 *
 * @param key - whether the column is the primary key, and the type of its values
 */
export function deleteBy(
  table: keyof TableNames,
  column: string,
  { isPrimaryKey, type }: { readonly isPrimaryKey: boolean; readonly type: 'int' | 'text' },
): TemplateText {
  return ({ names, dialect }) =>
    dialect.deleteFrom({
      table: names[table],
      column,
      isPrimaryKey,
      rows: dialect.rows('removed', { value: type }),
      value: 'removed.value',
    });
}

/** Messages by their sequences. */
export const deleteMessages: TemplateText = deleteBy('messages', 'seq', { isPrimaryKey: true, type: 'int' });
