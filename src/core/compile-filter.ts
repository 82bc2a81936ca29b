/**
 * Turns a filter, once, into functions that allocate nothing when they run. The filter must have passed
 * `validateFilter`; docs/reference/filters.md says what each operator means, and is run as a test.
 */
import { OptionsError } from '../errors.ts';
import { catchRejection } from './catch-rejection.ts';
import { type FilterExpression, type FilterScalar, isFilterScalar } from './filter.ts';
import {
  type FilterInput,
  type FilterPath,
  isJsonArray,
  parseFilterPath,
  readFilterPath,
} from './filter-path.ts';
import { compileGlob } from './glob.ts';
import type { JsonValue } from './json.ts';

export type { FilterInput } from './filter-path.ts';

/** A filter function registered under a name. Synchronous; must return `true` or `false`. */
export type CustomFilter = (input: FilterInput) => boolean;

/** A filter, ready to run. */
export interface CompiledFilter {
  /** True when the message passes. Throws what a named function throws, and when it needs the `missing` one. */
  matches(input: FilterInput): boolean;
  /**
   * Conditions that every passing message fulfils and that a hash can look up: the value at `path`, or an item of the
   * array there, is one of `values`. In the order of the filter; empty when it has none.
   */
  readonly equalities: readonly EqualityCondition[];
  /** First function named by `$custom` that this process does not know: it cannot judge every message. */
  readonly missing: string | undefined;
  /** Functions named by `$custom`, in the order of the filter. */
  readonly functions: readonly string[];
}

/** See {@link CompiledFilter.equalities}. */
export interface EqualityCondition {
  readonly path: FilterPath;
  readonly values: readonly FilterScalar[];
}

type Predicate = (input: FilterInput) => boolean;

/** Judges the value at a path; `undefined` is a missing one. */
type ValueTest = (value: JsonValue | undefined) => boolean;

type JsonMembers = Readonly<Record<string, JsonValue>>;

/** @param custom the function registered under a name; asked once per use, now */
export function compileFilter(
  expression: FilterExpression,
  custom: (name: string) => CustomFilter | undefined,
): CompiledFilter {
  let missing: string | undefined;
  const functions: string[] = [];
  const resolve = (name: string): CustomFilter => {
    functions.push(name);
    const registered = custom(name);
    if (registered !== undefined) return registered;
    missing ??= name;
    return () => {
      throw new OptionsError(
        'filter.$custom',
        `The filter needs the function ${JSON.stringify(name)}, which is not registered here.`,
      );
    };
  };
  const equalities: EqualityCondition[] = [];
  const matches = compileExpression(expression as JsonMembers, resolve, equalities);
  return { matches, equalities, missing, functions };
}

/** @param equalities where to put them, as long as all of the expression must hold */
function compileExpression(
  expression: JsonMembers,
  resolve: (name: string) => CustomFilter,
  equalities: EqualityCondition[] | undefined,
): Predicate {
  const tests: Predicate[] = [];
  let last: Predicate | undefined;
  for (const [key, value] of Object.entries(expression)) {
    switch (key) {
      case '$and':
        for (const filter of filtersIn(value)) tests.push(compileExpression(filter, resolve, equalities));
        break;
      case '$or':
        tests.push(anyOf(filtersIn(value).map((filter) => compileExpression(filter, resolve, undefined))));
        break;
      case '$not':
        tests.push(negate(compileExpression(value as JsonMembers, resolve, undefined)));
        break;
      case '$custom':
        last = askCustom(value as string, resolve(value as string));
        break;
      default: {
        const path = parseFilterPath(key, key);
        tests.push(atPath(path, compileCondition(value)));
        if (equalities !== undefined) addEqualities(path, value, equalities);
      }
    }
  }
  // The only test of unknown cost, and the only one that may throw, runs when all others passed.
  return allOf(last === undefined ? tests : [...tests, last]);
}

function filtersIn(list: JsonValue): readonly JsonMembers[] {
  return list as readonly JsonMembers[];
}

function atPath(path: FilterPath, test: ValueTest): Predicate {
  return (input) => test(readFilterPath(path, input));
}

function askCustom(name: string, registered: CustomFilter): Predicate {
  return (input) => {
    const answer: unknown = registered(input);
    if (typeof answer === 'boolean') return answer;
    // That it is a promise is the error: how it ends does not matter any more.
    const isPromise = catchRejection(answer, () => undefined);
    const got = isPromise ? 'a promise' : `a value of type ${typeof answer}`;
    throw new OptionsError(
      'filter.$custom',
      `The filter function ${JSON.stringify(name)} must return true or false at once, got ${got}.`,
    );
  };
}

function compileCondition(condition: JsonValue): ValueTest {
  if (isFilterScalar(condition)) return equals(condition);
  if (isJsonArray(condition)) return isIn(condition);
  return allOf(Object.entries(condition).map(([operator, operand]) => compileOperator(operator, operand)));
}

function compileOperator(operator: string, operand: JsonValue): ValueTest {
  switch (operator) {
    case '$eq':
      return equals(operand);
    case '$ne':
      return negate(equals(operand));
    case '$in':
      return isIn(operand as readonly JsonValue[]);
    case '$nin':
      return negate(isIn(operand as readonly JsonValue[]));
    case '$exists':
      return (value) => (value !== undefined) === operand;
    case '$glob':
      return isLike(typeof operand === 'string' ? [operand] : (operand as readonly string[]));
    case '$not':
      return negate(compileCondition(operand));
    default:
      return compares(operator, operand as number | string);
  }
}

/** The value itself, or any item if it is an array. */
function anyItem(test: ValueTest): ValueTest {
  return (value) => (isJsonArray(value) ? value.some(test) : test(value));
}

function equals(operand: JsonValue): ValueTest {
  if (isFilterScalar(operand)) return anyItem((value) => value === operand);
  const isSame: ValueTest = (value) => value !== undefined && isEqualJson(value, operand);
  return isJsonArray(operand) ? isSame : anyItem(isSame);
}

function isIn(operands: readonly JsonValue[]): ValueTest {
  const scalars: ReadonlySet<JsonValue | undefined> = new Set(operands.filter(isFilterScalar));
  const structured = operands.filter((operand) => !isFilterScalar(operand)).map(equals);
  return anyOf([anyItem((value) => scalars.has(value)), ...structured]);
}

function isLike(globs: readonly string[]): ValueTest {
  const isMatch = anyOf(globs.map(compileGlob));
  return anyItem((value) => typeof value === 'string' && isMatch(value));
}

/** Only values of one type have an order. */
function compares(operator: string, bound: number | string): ValueTest {
  const type = typeof bound;
  switch (operator) {
    case '$gt':
      return anyItem((value) => typeof value === type && value! > bound);
    case '$gte':
      return anyItem((value) => typeof value === type && value! >= bound);
    case '$lt':
      return anyItem((value) => typeof value === type && value! < bound);
    case '$lte':
      return anyItem((value) => typeof value === type && value! <= bound);
    default:
      throw new TypeError(`Unknown filter operator ${operator}: the filter was not validated.`);
  }
}

function isEqualJson(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (isJsonArray(left) || isJsonArray(right)) {
    if (!isJsonArray(left) || !isJsonArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => isEqualJson(item, right[index]!));
  }
  const keys = Object.keys(right);
  if (Object.keys(left).length !== keys.length) return false;
  return keys.every((key) => Object.hasOwn(left, key) && isEqualJson(left[key]!, right[key]!));
}

/** Notes the lists of plain values that one condition demands. */
function addEqualities(path: FilterPath, condition: JsonValue, equalities: EqualityCondition[]): void {
  const note = (values: JsonValue | undefined): void => {
    if (values !== undefined && isScalarList(values)) equalities.push({ path, values });
  };
  if (isFilterScalar(condition)) return note([condition]);
  if (isJsonArray(condition)) return note(condition);
  if (condition['$eq'] !== undefined) note([condition['$eq']]);
  note(condition['$in']);
}

function isScalarList(value: JsonValue): value is readonly FilterScalar[] {
  return isJsonArray(value) && value.every(isFilterScalar);
}

function allOf<Subject>(tests: readonly ((subject: Subject) => boolean)[]): (subject: Subject) => boolean {
  const [first] = tests;
  if (first !== undefined && tests.length === 1) return first;
  return (subject) => {
    for (const test of tests) if (!test(subject)) return false;
    return true;
  };
}

function anyOf<Subject>(tests: readonly ((subject: Subject) => boolean)[]): (subject: Subject) => boolean {
  const [first] = tests;
  if (first !== undefined && tests.length === 1) return first;
  return (subject) => {
    for (const test of tests) if (test(subject)) return true;
    return false;
  };
}

function negate<Subject>(test: (subject: Subject) => boolean): (subject: Subject) => boolean {
  return (subject) => !test(subject);
}
