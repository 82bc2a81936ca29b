/** Longer texts are not shown: secrets, URLs and payloads are long, words that somebody mistyped are short. */
const MAX_TEXT_LENGTH = 20;

/**
 * What came instead of what was expected, as `value (type)`, to end a message with: `"fast" (string)`, `-1 (number)`,
 * `an array of 3`, `undefined`. One line, bounded; never calls code of the value.
 * Texts of more than 20 characters are not shown.
 */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length <= MAX_TEXT_LENGTH
        ? `${quote(value)} (string)`
        : `a string of ${value.length} characters`;
    case 'number':
    case 'boolean':
      return `${String(value)} (${typeof value})`;
    case 'bigint':
      return 'a bigint';
    case 'undefined':
      return 'undefined';
    case 'object':
      return describeObject(value);
    default:
      return `a ${typeof value}`;
  }
}

function describeObject(value: object | null): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return 'an object';
}

/** JSON quoting keeps a message on one line; C1 controls and line separators are what it leaves alone. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The type of a value alone, for what may be a secret: `a string`, `an object`, `null`. */
export function describeType(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
