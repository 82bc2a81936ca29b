import { describeError, PayloadError } from '../errors.ts';

/** Anything that JSON carries. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** An object as JSON carries it. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * The JSON text of `value`, exactly as `JSON.stringify` writes it.
 *
 * @param root name of the value in error messages: `data`
 * @throws PayloadError naming the path of what JSON cannot carry: BigInt, NaN, Infinity, functions, symbols, cycles,
 * `undefined` as a whole, or a throwing `toJSON`
 */
export function serializeJson(value: unknown, root: string): string {
  try {
    return stringify(value, root);
  } catch (error) {
    if (error instanceof PayloadError) throw error;
    // A getter or a Proxy of the caller threw.
    throw new PayloadError(
      root,
      `${root} cannot be sent as JSON: reading it threw ${describeError(error)}.`,
      { cause: error },
    );
  }
}

function stringify(value: unknown, root: string): string {
  let text: string | undefined;
  let suspicious = false;
  try {
    text = JSON.stringify(value);
  } catch {
    suspicious = true;
  }
  // JSON.stringify writes NaN, Infinity and undefined items as null, a Map as {}, and bytes as {"0":…: only when it wrote such a thing is
  // the slow walk needed to tell it from a real one.
  if (
    text === undefined ||
    suspicious ||
    text.includes('null') ||
    text.includes('{}') ||
    text.includes('{"0":')
  )
    assertJson(value, root);
  if (text === undefined)
    throw new PayloadError(
      root,
      `${root} cannot be sent as JSON: got ${nameOf(value)}${value === undefined ? '; pass null for no data' : ''}.`,
    );
  return text;
}

function assertJson(value: unknown, path: string): void {
  try {
    walk(value, path, '', new Set());
  } catch (error) {
    // The call stack is what bounds the depth, in JSON.stringify as here.
    if (!(error instanceof RangeError)) throw error;
    throw new PayloadError(path, `${path} cannot be sent as JSON: it is nested too deep; flatten it.`);
  }
}

function walk(value: unknown, path: string, key: string, ancestors: Set<object>): void {
  const plain = callToJson(value, path, key);
  switch (typeof plain) {
    case 'bigint':
      throw refuse(path, 'a BigInt', 'convert it to a string or a number');
    case 'number':
      if (!Number.isFinite(plain))
        throw refuse(path, String(plain), 'JSON would turn it into null; leave it out or send a string');
      return;
    case 'function':
    case 'symbol':
      throw refuse(path, nameOf(plain), 'leave it out');
    case 'object':
      if (plain !== null) walkObject(plain, path, ancestors);
      return;
    default:
  }
}

/** Objects that JSON writes as `{}`, whatever they hold. */
const LOSING_CLASSES = [
  Map,
  Set,
  WeakMap,
  WeakSet,
  WeakRef,
  Promise,
  Error,
  RegExp,
  ArrayBuffer,
  SharedArrayBuffer,
  DataView,
  URLSearchParams,
] as const;

function walkObject(value: object, path: string, ancestors: Set<object>): void {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    throw refuse(
      path,
      `a ${value.constructor.name}`,
      'JSON would turn it into an object of numbered members; send a list of numbers, or bytes as base64 text',
    );
  const losing = LOSING_CLASSES.find((candidate) => value instanceof candidate);
  if (losing !== undefined)
    throw refuse(
      path,
      `${/^[AEIO]/.test(losing.name) ? 'an' : 'a'} ${losing.name}`,
      'JSON would turn it into {}; convert it to a plain object or array',
    );
  if (ancestors.has(value))
    throw refuse(path, 'a reference to an object that contains it', 'break the cycle');
  ancestors.add(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      if (value[index] === undefined)
        throw refuse(`${path}[${index}]`, 'undefined', 'JSON would turn it into null; leave it out');
      walk(value[index], `${path}[${index}]`, String(index), ancestors);
    }
  } else {
    for (const [name, member] of Object.entries(value)) {
      // An undefined, function or symbol member is left out by JSON; only what would change its meaning is refused.
      if (member !== undefined && typeof member !== 'function' && typeof member !== 'symbol') {
        walk(
          member,
          /^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`,
          name,
          ancestors,
        );
      }
    }
  }
  ancestors.delete(value);
}

function callToJson(value: unknown, path: string, key: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return unbox(value);
  if (value instanceof Date && Number.isNaN(value.getTime()))
    throw refuse(path, 'an invalid Date', 'JSON would turn it into null');
  try {
    const toJson = (value as { toJSON?: unknown }).toJSON;
    return unbox(typeof toJson === 'function' ? (toJson.call(value, key) as unknown) : value);
  } catch (cause) {
    throw new PayloadError(path, `${path} cannot be sent as JSON: its toJSON() threw`, { cause });
  }
}

/** JSON.stringify looks inside `new Number(NaN)` and its like. */
function unbox(value: unknown): unknown {
  return value instanceof Number || value instanceof String || value instanceof Boolean
    ? value.valueOf()
    : value;
}

function refuse(path: string, got: string, advice: string): PayloadError {
  return new PayloadError(path, `${path} cannot be sent as JSON: got ${got}; ${advice}.`);
}

function nameOf(value: unknown): string {
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}
