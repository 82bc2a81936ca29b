import { OptionsError } from '../errors.ts';
import type { JsonObject, JsonValue } from './json.ts';

/** What a filter can see of a message. */
export interface FilterInput {
  /** The event type. */
  readonly type: string;
  readonly tenant: string;
  /** The data as receivers will read it: what its JSON text parses to. */
  readonly data: JsonValue;
  readonly metadata: JsonObject | undefined;
}

const ROOTS = ['type', 'data', 'metadata', 'tenant'] as const;

/** Where a path may start. */
export type FilterRoot = (typeof ROOTS)[number];

/** A dotted path, taken apart. */
export interface FilterPath {
  /** As written. Nothing can be written in two ways, so equal places have equal texts. */
  readonly text: string;
  readonly root: FilterRoot;
  /** Names to follow below the root; in an array, positions. */
  readonly steps: readonly string[];
}

/** Longest path, in UTF-16 code units. */
export const MAX_FILTER_PATH_LENGTH = 256;

const ARRAY_INDEX = /^(?:0|[1-9][0-9]{0,9})$/;

/**
 * Takes a path apart: segments are separated by dots; `\.` is a dot inside a segment, `\\` a backslash.
 *
 * @param at path of the option in messages: `filter["data.x"]`
 * @throws OptionsError when it is malformed or starts with anything but `type`, `data`, `metadata` or `tenant`
 */
export function parseFilterPath(text: string, at: string): FilterPath {
  if (text.length > MAX_FILTER_PATH_LENGTH) {
    const problem = `expected a path of at most ${MAX_FILTER_PATH_LENGTH} characters, got ${text.length}`;
    throw new OptionsError(at, `${at}: ${problem}.`);
  }
  const segments = splitSegments(text, at);
  const root = ROOTS.find((known) => known === segments[0]);
  if (root === undefined) throw refuseRoot(text, at);
  if (segments.length > 1 && (root === 'type' || root === 'tenant')) {
    throw new OptionsError(
      at,
      `${at}: ${root} is a string and has no members; write ${JSON.stringify(root)}.`,
    );
  }
  return { text, root, steps: segments.slice(1) };
}

/** The value at a path, or `undefined` when there is none. Sees own members only: never what a prototype holds. */
export function readFilterPath(path: FilterPath, input: FilterInput): JsonValue | undefined {
  let value: JsonValue | undefined = input[path.root];
  for (const step of path.steps) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (isJsonArray(value)) value = ARRAY_INDEX.test(step) ? value[Number(step)] : undefined;
    else value = Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

/** `Array.isArray` for JSON: TypeScript's own does not narrow read-only arrays. */
export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function splitSegments(text: string, at: string): string[] {
  const segments = text.includes('\\') ? splitEscaped(text, at) : text.split('.');
  if (!segments.includes('')) return segments;
  const problem = 'expected names separated by single dots, like "data.machineId"; one name is empty';
  throw new OptionsError(at, `${at}: ${problem}.`);
}

function splitEscaped(text: string, at: string): string[] {
  const segments = [''];
  for (let position = 0; position < text.length; position += 1) {
    let character = text[position]!;
    if (character === '.') {
      segments.push('');
      continue;
    }
    if (character === '\\') {
      position += 1;
      character = text[position] ?? '';
      if (character !== '.' && character !== '\\') {
        const problem = 'in a path a backslash stands before a dot or a backslash only';
        throw new OptionsError(at, `${at}: ${problem}: \\. or \\\\.`);
      }
    }
    segments[segments.length - 1] += character;
  }
  return segments;
}

function refuseRoot(text: string, at: string): OptionsError {
  return new OptionsError(
    at,
    `${at}: expected a path that starts with data, metadata, type or tenant; did you mean ${JSON.stringify(`data.${text}`)}?`,
  );
}
