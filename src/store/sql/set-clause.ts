/** `a = 1, b = b + excluded.b`; `:new(x)` in an expression becomes what `valueOf` says. */
export function setClause(
  changes: Readonly<Record<string, string>>,
  valueOf: (column: string) => string = (column) => column,
): string {
  return Object.entries(changes)
    .map(([column, expression]) => `${column} = ${withNewValues(expression, valueOf)}`)
    .join(', ');
}

function withNewValues(expression: string, valueOf: (column: string) => string): string {
  return expression.replace(/:new\((\w+)\)/g, (_, column: string) => valueOf(column));
}
