/** Filters in the words of an application: `{ machine_ids: ['prod-*'] }` for `{ 'data.machine_id': { $glob: ['prod-*'] } }`. */
import { expectKnownKeys, expectObject, unexpected } from '../core/expect-value.ts';
import { type FilterExpression, validateFilter } from '../core/filter.ts';
import { parseFilterPath } from '../core/filter-path.ts';
import { OptionsError } from '../errors.ts';
import { ApiError } from './api-error.ts';

const OPERATORS = ['$in', '$nin', '$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$glob', '$exists'] as const;

/** What a word of a filter stands for. */
export interface FilterField {
  /** What it looks at: `data.machine_id`. */
  readonly path: string;
  /**
   * How its value is compared. Default: equal to it, or to any item of a list. `each`: the value is an object, and each of its
   * members is compared with the one of that name below `path`.
   */
  readonly op?: (typeof OPERATORS)[number] | 'each' | undefined;
}

/** The words of filters: `{ machine_ids: { path: 'data.machine_id', op: '$glob' } }`. */
export type FilterFields = Readonly<Record<string, FilterField>>;

/** @throws OptionsError for a word that stands for nothing, or for the same as another */
export function checkFilterFields(fields: unknown): FilterFields {
  const path = 'filterFields';
  const entries = Object.entries(expectObject(fields, path, 'an object of words'));
  const meanings = new Map<string, string>();
  for (const [word, field] of entries) {
    const at = `${path}.${word}`;
    const { path: looksAt, op } = checkField(field, at);
    for (const meaning of (op === undefined ? ['$in', '$eq'] : [op]).map((each) => `${looksAt} ${each}`)) {
      const twin = meanings.get(meaning);
      if (twin !== undefined) throw new OptionsError(at, `${at}: stands for the same as ${path}.${twin}.`);
      meanings.set(meaning, word);
    }
  }
  return fields as FilterFields;
}

function checkField(field: unknown, at: string): FilterField {
  const given = expectObject(field, at, "an object like { path: 'data.machine_id', op: '$glob' }");
  expectKnownKeys(given, at, ['path', 'op']);
  const { path, op } = given;
  if (typeof path !== 'string') throw unexpected(`${at}.path`, "a path like 'data.machine_id'", path);
  parseFilterPath(path, `${at}.path`);
  if (op !== undefined && op !== 'each' && !(OPERATORS as readonly unknown[]).includes(op))
    throw unexpected(`${at}.op`, `one of ${OPERATORS.join(', ')}, each`, op);
  return given as unknown as FilterField;
}

/**
 * The filter that the words stand for; without words of its own, an application uses those of the dispatcher.
 *
 * @throws ApiError that names the word
 */
export function readFilters(
  filters: Readonly<Record<string, unknown>>,
  fields: FilterFields | undefined,
): FilterExpression {
  if (fields === undefined) return readPlainFilters(filters);
  const unknown = Object.keys(filters).filter((word) => !Object.hasOwn(fields, word));
  if (unknown.length > 0)
    throw new ApiError(
      'invalid_request',
      `filters: unknown ${unknown.map((word) => JSON.stringify(word.slice(0, 64))).join(', ')}. Known are ${Object.keys(fields).join(', ')}.`,
      { field: `filters.${unknown[0]!.slice(0, 64)}` },
    );
  const conditions = new Map<string, Record<string, unknown>>();
  for (const [word, value] of Object.entries(filters)) {
    for (const [path, condition] of conditionsOf(word, value, fields[word]!)) {
      checkCondition(word, path, condition);
      conditions.set(path, { ...conditions.get(path), ...condition });
    }
  }
  return Object.fromEntries(conditions);
}

/** Functions of the application are named by the application alone. */
function readPlainFilters(filters: Readonly<Record<string, unknown>>): FilterExpression {
  const plain: unknown = filters;
  validateFilter(plain, 'filters');
  if (!namesFunction(plain)) return plain;
  throw new ApiError('invalid_request', 'filters: $custom is not for callers of this API.', {
    field: 'filters.$custom',
  });
}

/** Of a valid filter, which is not deep. */
function namesFunction(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, member]) => key === '$custom' || namesFunction(member));
}

type Condition = [path: string, condition: Record<string, unknown>];

function conditionsOf(word: string, value: unknown, { path, op }: FilterField): Condition[] {
  if (op !== 'each') return [[path, conditionOf(op, value)]];
  const members = expectObject(value, `filters.${word}`, 'an object');
  return Object.entries(members).map(([name, member]) => [
    `${path}.${escape(name)}`,
    conditionOf(undefined, member),
  ]);
}

function conditionOf(op: FilterField['op'], value: unknown): Record<string, unknown> {
  return { [op ?? (Array.isArray(value) ? '$in' : '$eq')]: value };
}

function checkCondition(word: string, path: string, condition: Record<string, unknown>): void {
  try {
    validateFilter({ [path]: condition }, 'filters');
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    const message = error.message.replaceAll(error.path, `filters.${word}`);
    throw new ApiError('invalid_request', message, { field: `filters.${word}` });
  }
}

/** The filter in the words of the application; as it is, where it cannot be said in them. */
export function showFilters(
  filter: FilterExpression,
  fields: FilterFields | undefined,
): Record<string, unknown> {
  if (fields === undefined) return filter as Record<string, unknown>;
  const words: Record<string, unknown> = {};
  for (const [path, condition] of Object.entries(filter)) {
    for (const [operator, value] of Object.entries(asOperators(condition))) {
      const word = wordFor(path, operator, fields);
      if (word === undefined) return filter as Record<string, unknown>;
      if (word.member === undefined) words[word.name] = value;
      else words[word.name] = { ...(words[word.name] as object | undefined), [word.member]: value };
    }
  }
  return words;
}

/** A plain value is short for `$eq`, a plain list for `$in`. */
function asOperators(condition: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(condition)) return { $in: condition };
  return typeof condition === 'object' && condition !== null
    ? (condition as Record<string, unknown>)
    : { $eq: condition };
}

function wordFor(
  path: string,
  operator: string,
  fields: FilterFields,
): { readonly name: string; readonly member?: string } | undefined {
  const isPlain = operator === '$in' || operator === '$eq';
  for (const [name, field] of Object.entries(fields)) {
    if (
      field.op !== 'each' &&
      field.path === path &&
      (field.op === operator || (field.op === undefined && isPlain))
    )
      return { name };
  }
  for (const [name, field] of Object.entries(fields)) {
    const member = path.startsWith(`${field.path}.`) ? path.slice(field.path.length + 1) : undefined;
    if (field.op === 'each' && isPlain && member !== undefined && !/(?<!\\)\./.test(member))
      return { name, member: unescape(member) };
  }
  return undefined;
}

const escape = (name: string): string => name.replace(/[\\.]/g, '\\$&');
const unescape = (name: string): string => name.replace(/\\(.)/g, '$1');
