import { OptionsError } from '../errors.ts';
import { describeValue } from './describe-value.ts';
import { unexpected, unexpectedWord } from './expect-value.ts';
import { parseFilterPath } from './filter-path.ts';
import { MAX_GLOB_LENGTH } from './glob.ts';
import type { JsonValue } from './json.ts';

/** A value that is compared as it is. */
export type FilterScalar = string | number | boolean | null;

/**
 * What an endpoint wants to know of a message before it takes it: a plain JSON object. All its keys must hold.
 *
 * ```json
 * { "data.machineId": { "$glob": "prod-cluster-*" }, "data.priority": [1, 2, 3] }
 * ```
 *
 * Keys are operators, or paths: names separated by dots (`\.` for a dot inside a name, `\\` for a backslash), numbers
 * for positions in arrays, starting with `data`, `metadata`, `type` or `tenant`. The reference is
 * docs/reference/filters.md.
 */
export interface FilterExpression {
  /** All of these filters hold. */
  readonly $and?: readonly FilterExpression[];
  /** At least one of these filters holds. */
  readonly $or?: readonly FilterExpression[];
  /** This filter does not hold. */
  readonly $not?: FilterExpression;
  /** The function registered under this name on the dispatcher says yes. Asked last, when all other keys hold. */
  readonly $custom?: string;
  /** The event type. */
  readonly type?: FilterCondition;
  /** The data as a whole; usually a path below it is what you want. */
  readonly data?: FilterCondition;
  /** The metadata as a whole. */
  readonly metadata?: FilterCondition;
  /** The tenant, for what it is worth: an endpoint only ever meets messages of its own. */
  readonly tenant?: FilterCondition;
  /** A value inside the data or the metadata. */
  readonly [path: `data.${string}` | `metadata.${string}`]: FilterCondition;
}

/** A value: equals it. An array: equals any of its items. An object: all its operators hold. */
export type FilterCondition = FilterScalar | readonly JsonValue[] | FilterOperators;

/**
 * Conditions on one value. Where the message holds an array, `$eq`, `$in`, `$glob` and the comparisons hold if they do
 * for any one item; `$ne`, `$nin` and `$not` if what they deny holds for none. Where it holds nothing, only `$ne`,
 * `$nin`, `$not` and `$exists: false` hold.
 */
export interface FilterOperators {
  /** The same JSON value; types count, the order of an object's keys does not. An array is compared as a whole. */
  readonly $eq?: JsonValue;
  /** Not `$eq`. */
  readonly $ne?: JsonValue;
  /** Greater: numbers with numbers, strings with strings (by UTF-16 code units, so ISO 8601 times of one zone compare). */
  readonly $gt?: number | string;
  /** Greater or equal; see `$gt`. */
  readonly $gte?: number | string;
  /** Less; see `$gt`. */
  readonly $lt?: number | string;
  /** Less or equal; see `$gt`. */
  readonly $lte?: number | string;
  /** `$eq` to any of these. At least one. */
  readonly $in?: readonly JsonValue[];
  /** Not `$in`. */
  readonly $nin?: readonly JsonValue[];
  /** There is a value, `null` included; or, with `false`, there is none. */
  readonly $exists?: boolean;
  /** A string like this, or like any of these: `*` for any characters, `?` for one. At most 256 characters each. */
  readonly $glob?: string | readonly string[];
  /** This condition does not hold. */
  readonly $not?: FilterCondition;
}

/** Most levels of nesting: keys and list positions on the way to any value. */
export const MAX_FILTER_DEPTH = 16;
/** Most conditions, operators, globs and nested values of one filter. Plain values in a list do not count. */
export const MAX_FILTER_NODES = 200;
/** Largest JSON text of one filter, in bytes of UTF-8. */
export const MAX_FILTER_BYTES: number = 16 * 1024;

/** What one validation has seen so far. */
interface Walk {
  readonly root: string;
  readonly customNames: ReadonlySet<string> | undefined;
  nodes: number;
  bytes: number;
}

/** Where in the filter the validation is. */
interface Place {
  /** For messages: `filter.$or[1]["data.x"]`. */
  readonly at: string;
  readonly depth: number;
  readonly walk: Walk;
}

type Check = (value: unknown, place: Place) => void;

/** What may stand beside paths. */
const EXPRESSION_OPERATORS: ReadonlyMap<string, Check> = new Map([
  ['$and', checkFilters],
  ['$or', checkFilters],
  ['$not', checkExpression],
  ['$custom', checkCustom],
]);

/** What may stand below a path. */
const CONDITION_OPERATORS: ReadonlyMap<string, Check> = new Map([
  ['$eq', checkJson],
  ['$ne', checkJson],
  ['$gt', checkBound],
  ['$gte', checkBound],
  ['$lt', checkBound],
  ['$lte', checkBound],
  ['$in', checkValues],
  ['$nin', checkValues],
  ['$exists', checkBoolean],
  ['$glob', checkGlobs],
  ['$not', checkCondition],
]);

/** Every operator there is. */
export const FILTER_OPERATORS: readonly string[] = [
  ...new Set([...EXPRESSION_OPERATORS.keys(), ...CONDITION_OPERATORS.keys()]),
];

/**
 * Checks a filter as it came from a caller, a file or a request.
 *
 * @param path name of the field in messages: `filter`
 * @param customNames names that `$custom` may use; left out, any name passes
 * @throws OptionsError for the first problem
 */
export function validateFilter(
  expression: unknown,
  path: string,
  customNames?: ReadonlySet<string>,
): asserts expression is FilterExpression {
  const walk: Walk = { root: path, customNames, nodes: 0, bytes: 0 };
  checkExpression(expression, { at: path, depth: 0, walk });
  const size = new TextEncoder().encode(JSON.stringify(expression)).length;
  if (size > MAX_FILTER_BYTES) throw tooLarge(walk, `${MAX_FILTER_BYTES} bytes of JSON`, `${size}`);
}

function checkExpression(expression: unknown, place: Place): void {
  countNode(place.walk);
  if (!isPlainObject(expression)) throw unexpected(place.at, 'an object of conditions', expression);
  for (const [key, value] of Object.entries(expression)) {
    if (key.startsWith('$')) {
      const check = EXPRESSION_OPERATORS.get(key);
      if (check === undefined) throw refuseOperator(key, place, EXPRESSION_OPERATORS);
      check(value, inside(place, key));
    } else {
      const member = inside(place, key);
      parseFilterPath(key, member.at);
      checkCondition(value, member);
    }
  }
}

function checkFilters(value: unknown, place: Place): void {
  for (const [index, item] of itemsOf(value, place, 'filters')) checkExpression(item, inside(place, index));
}

function checkCustom(name: unknown, { at, walk: { customNames } }: Place): void {
  const expected = 'the name of a registered filter function';
  if (typeof name !== 'string' || name === '') throw unexpected(at, expected, name);
  if (customNames !== undefined && !customNames.has(name))
    throw unexpectedWord(at, expected, [...customNames], name);
}

function checkCondition(condition: unknown, place: Place): void {
  countNode(place.walk);
  if (isFilterScalar(condition)) return;
  if (Array.isArray(condition)) return checkValues(condition, place);
  if (!isPlainObject(condition))
    throw unexpected(place.at, 'a JSON value or an object of operators', condition);
  const entries = Object.entries(condition);
  if (entries.length === 0) throw unexpected(place.at, 'at least one operator', condition);
  for (const [key, operand] of entries) {
    const check = CONDITION_OPERATORS.get(key);
    if (check === undefined) throw refuseOperator(key, place, CONDITION_OPERATORS);
    countNode(place.walk);
    check(operand, inside(place, key));
  }
}

function checkBound(operand: unknown, { at }: Place): void {
  if (typeof operand === 'string' || Number.isFinite(operand)) return;
  throw unexpected(at, 'a finite number or a string', operand);
}

function checkBoolean(operand: unknown, { at }: Place): void {
  if (typeof operand !== 'boolean') throw unexpected(at, 'true or false', operand);
}

function checkGlobs(operand: unknown, place: Place): void {
  if (!Array.isArray(operand)) return checkGlob(operand, place);
  for (const [index, glob] of itemsOf(operand, place, 'globs')) checkGlob(glob, inside(place, index));
}

function checkGlob(glob: unknown, { at, walk }: Place): void {
  countNode(walk);
  if (typeof glob === 'string' && glob.length <= MAX_GLOB_LENGTH) return;
  throw unexpected(
    at,
    `a string of at most ${MAX_GLOB_LENGTH} characters, like "prod-*", or an array of them`,
    glob,
  );
}

function checkValues(operand: unknown, place: Place): void {
  for (const [index, value] of itemsOf(operand, place, 'values')) checkJson(value, inside(place, index));
}

function checkJson(value: unknown, place: Place): void {
  countBytes(value, place.walk);
  if (isFilterScalar(value)) return;
  countNode(place.walk);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkJson(item, inside(place, index));
  } else if (isPlainObject(value)) {
    for (const [key, member] of Object.entries(value)) checkJson(member, inside(place, key));
  } else {
    throw unexpected(place.at, 'a JSON value', value);
  }
}

/** True for what is compared as it is: a string, finite number, boolean or null. */
export function isFilterScalar(value: unknown): value is FilterScalar {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // The second case is the Object.prototype of another realm (vm, worker, test runner).
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The items of a list. An empty one is refused: it is nearly always a list that somebody forgot to fill. */
function itemsOf(value: unknown, { at }: Place, what: string): Iterable<[number, unknown]> {
  if (Array.isArray(value) && value.length > 0) return (value as unknown[]).entries();
  throw unexpected(at, `a non-empty array of ${what}`, value);
}

/** The place one key or list position further in. The limit also ends the walk of an object that contains itself. */
function inside({ at, depth, walk }: Place, key: string | number): Place {
  if (depth === MAX_FILTER_DEPTH) throw tooLarge(walk, `${MAX_FILTER_DEPTH} levels of nesting`, 'more');
  const name = typeof key === 'string' && key.length > 64 ? `${key.slice(0, 64)}…` : key;
  const member = /^[A-Za-z_$][\w$]*$/.test(String(name)) ? `.${name}` : `[${JSON.stringify(name)}]`;
  return { at: at + member, depth: depth + 1, walk };
}

function countNode(walk: Walk): void {
  walk.nodes += 1;
  if (walk.nodes <= MAX_FILTER_NODES) return;
  throw tooLarge(walk, `${MAX_FILTER_NODES} conditions, operators, globs and nested values`, 'more');
}

/** A lower bound of the size: gives up on a value that is shared so often that its text would be endless. */
function countBytes(value: unknown, walk: Walk): void {
  walk.bytes += typeof value === 'string' ? value.length : 1;
  if (walk.bytes > MAX_FILTER_BYTES) throw tooLarge(walk, `${MAX_FILTER_BYTES} bytes of JSON`, 'more');
}

function tooLarge({ root }: Walk, expected: string, got: string): OptionsError {
  const advice = 'a rule of this size is better a $custom function';
  return new OptionsError(root, `${root}: expected at most ${expected}, got ${got}; ${advice}.`);
}

function refuseOperator(key: string, place: Place, here: ReadonlyMap<string, Check>): OptionsError {
  const { at } = inside(place, key);
  const advice = misplacedOperatorAdvice(key);
  if (advice === undefined) return unexpectedWord(at, 'an operator', [...here.keys()], key);
  return new OptionsError(at, `${at}: ${advice}.`);
}

/** What to do about a key that means something elsewhere. */
function misplacedOperatorAdvice(key: string): string | undefined {
  if (!key.startsWith('$') && !CONDITION_OPERATORS.has(`$${key}`)) {
    const advice = 'to look inside, write one path ("data.a.b"); to compare a whole object, use $eq';
    return `expected operators like $in, got the key ${describeValue(key)}; ${advice}`;
  }
  if (CONDITION_OPERATORS.has(key)) {
    return `${key} judges one value; write it below a path: { "data.machineId": { "${key}": … } }`;
  }
  if (EXPRESSION_OPERATORS.has(key))
    return `${key} takes whole filters; write it beside the path: { "${key}": … }`;
  return undefined;
}
