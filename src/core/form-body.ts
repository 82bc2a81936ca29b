/** Data as the fields of an HTML form: `application/x-www-form-urlencoded`. */
import { unexpected } from './expect-value.ts';
import type { JsonValue } from './json.ts';

/** Field of data that has no members of its own. */
const WHOLE = 'data';
const MAX_FIELD_LENGTH = 256;

/**
 * One field for each member of the data: strings as they are, arrays once for each item, `null` empty, everything else
 * as JSON text. Data that is no object is the field `data`.
 *
 * @param field put all of the data, as the JSON text that was stored, into this one field instead
 */
export function toForm(dataJson: string, field: string | undefined): string {
  const form = new URLSearchParams();
  if (field !== undefined) form.append(field, dataJson);
  else {
    const data = JSON.parse(dataJson) as JsonValue;
    const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
    for (const [name, value] of isObject ? Object.entries(data) : [[WHOLE, data] as const])
      append(form, name, value as JsonValue);
  }
  return form.toString();
}

function append(form: URLSearchParams, name: string, value: JsonValue): void {
  const items = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
  for (const item of items) form.append(name, toField(item));
}

function toField(value: JsonValue): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** @throws OptionsError */
export function validateField(value: unknown, path: string): void {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_FIELD_LENGTH) return;
  throw unexpected(path, `the name of a form field, of 1 to ${MAX_FIELD_LENGTH} characters`, value);
}
