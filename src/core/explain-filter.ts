/**
 * Why a filter says no: the first of its clauses that does not hold, with the values compared. Walks the filter in the
 * order in which it is judged and lets `compileFilter` judge every single clause, so both always agree.
 */
import { compileFilter, type CustomFilter } from './compile-filter.ts';
import { type FilterExpression, isFilterScalar } from './filter.ts';
import { type FilterInput, isJsonArray, parseFilterPath, readFilterPath } from './filter-path.ts';
import type { JsonValue } from './json.ts';

/** A part of a filter that does not hold. */
export interface FilterClause {
  /** Where it looks: `data.amount`; `undefined` for `$or`, `$not` and `$custom` beside paths. */
  readonly path: string | undefined;
  /** What does not hold: `$gt`; for a plain value `$eq`, for a plain list `$in`. */
  readonly operator: string;
  /** What the filter says: the value, list, filter or name of the function. Longer than 200 characters of JSON: cut, as text. */
  readonly expected: JsonValue;
  /** What the message has at `path`, cut like `expected`; `undefined` when it has nothing there, and without a path. */
  readonly actual: JsonValue | undefined;
  /** True when the message has nothing at `path`. */
  readonly missing: boolean;
  /** Of `$or`: for each alternative the clause that does not hold. Otherwise empty. */
  readonly alternatives: readonly FilterClause[];
}

/** The custom functions of a process; see `compileFilter`. */
type Customs = (name: string) => CustomFilter | undefined;
type Members = Readonly<Record<string, JsonValue>>;

/** Longest value shown, in characters of JSON. */
const MAX_SHOWN = 200;
/** Alternatives that a line names. */
const MAX_NAMED = 3;

/**
 * The clause that keeps a message from passing, or `undefined` when it passes.
 *
 * @throws what `compileFilter(…).matches` throws
 */
export function explainFilter(
  expression: FilterExpression,
  input: FilterInput,
  custom: Customs,
): FilterClause | undefined {
  return findClause(expression as Members, input, custom);
}

/** A clause in one line: `data.amount is 20, the filter wants $gt 100`. */
export function describeClause(clause: FilterClause): string {
  const { path, operator, expected, actual, missing, alternatives } = clause;
  if (path !== undefined) {
    const found = missing ? 'is missing' : `is ${JSON.stringify(actual)}`;
    return `${path} ${found}, the filter wants ${operator} ${JSON.stringify(expected)}`;
  }
  if (operator === '$custom') return `the filter function ${JSON.stringify(expected)} says no`;
  if (operator === '$not') return `the filter denies what holds: $not ${JSON.stringify(expected)}`;
  const named = alternatives.slice(0, MAX_NAMED).map(describeClause);
  const more = alternatives.length > MAX_NAMED ? [`and ${alternatives.length - MAX_NAMED} more`] : [];
  return `no alternative of $or holds: ${[...named, ...more].join('; ')}`;
}

function findClause(expression: Members, input: FilterInput, custom: Customs): FilterClause | undefined {
  for (const [key, value] of Object.entries(expression)) {
    if (key === '$custom') continue;
    const clause = findIn(key, value, input, custom);
    if (clause !== undefined) return clause;
  }
  // Asked last, as when the filter is judged.
  const name = expression['$custom'];
  if (name === undefined || holds({ $custom: name }, input, custom)) return undefined;
  return createClause({ operator: '$custom', expected: name });
}

function findIn(
  key: string,
  value: JsonValue,
  input: FilterInput,
  custom: Customs,
): FilterClause | undefined {
  switch (key) {
    case '$and':
      for (const filter of value as readonly Members[]) {
        const clause = findClause(filter, input, custom);
        if (clause !== undefined) return clause;
      }
      return undefined;
    case '$or': {
      const alternatives: FilterClause[] = [];
      for (const filter of value as readonly Members[]) {
        const clause = findClause(filter, input, custom);
        if (clause === undefined) return undefined;
        alternatives.push(clause);
      }
      return createClause({ operator: '$or', expected: value, alternatives });
    }
    case '$not':
      if (findClause(value as Members, input, custom) !== undefined) return undefined;
      return createClause({ operator: '$not', expected: value });
    default:
      return findInCondition(key, value, input, custom);
  }
}

/** The first operator below a path that does not hold. */
function findInCondition(
  path: string,
  condition: JsonValue,
  input: FilterInput,
  custom: Customs,
): FilterClause | undefined {
  const actual = readFilterPath(parseFilterPath(path, path), input);
  for (const [operator, expected] of operatorsOf(condition)) {
    if (holds({ [path]: { [operator]: expected } }, input, custom)) continue;
    return createClause({ path, operator, expected, actual, missing: actual === undefined });
  }
  return undefined;
}

/** A plain value means `$eq`, a plain list `$in`. */
function operatorsOf(condition: JsonValue): readonly (readonly [string, JsonValue])[] {
  if (isFilterScalar(condition)) return [['$eq', condition]];
  if (isJsonArray(condition)) return [['$in', condition]];
  return Object.entries(condition as Members);
}

function holds(expression: Members, input: FilterInput, custom: Customs): boolean {
  return compileFilter(expression, custom).matches(input);
}

function createClause(
  clause: Partial<FilterClause> & Pick<FilterClause, 'operator' | 'expected'>,
): FilterClause {
  return {
    path: clause.path,
    operator: clause.operator,
    expected: cut(clause.expected),
    actual: clause.actual === undefined ? undefined : cut(clause.actual),
    missing: clause.missing ?? false,
    alternatives: clause.alternatives ?? [],
  };
}

/** The value, or the beginning of its text. */
function cut(value: JsonValue): JsonValue {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= MAX_SHOWN ? value : `${text.slice(0, MAX_SHOWN)}…`;
}
