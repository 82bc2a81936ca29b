const MAX_TEXT_LENGTH = 40;

/**
 * What came instead of what was expected, as `value (type)`, to end a message with: `"fast" (string)`, `-1 (number)`,
 * `an array of 3`, `undefined`. One line, bounded; never calls code of the value. Never use it on secrets or payloads.
 */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `${quote(value)} (string)`;
    case 'number':
    case 'boolean':
      return `${String(value)} (${typeof value})`;
    case 'bigint':
      return `${shorten(`${value}n`)} (bigint)`;
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
  return JSON.stringify(shorten(text)).replace(/[\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}…`;
}
