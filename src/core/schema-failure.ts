/** From the issues of a schema to one error: where, and what is wrong there; never what was given. */
import { PayloadError } from '../errors.ts';
import { collectTexts, hideValues, type ShownTexts } from './hide-values.ts';
import type { SchemaIssue } from './standard-schema.ts';

const MAX_ISSUES = 5;
const MAX_MESSAGE_LENGTH = 200;
const MAX_PATH_LENGTH = 200;
const NOT_SHOWN = 'is not valid';

/** The error for data that does not pass the schema of its event type. */
export function schemaFailure(type: string, issues: readonly SchemaIssue[], data: unknown): PayloadError {
  const texts = textsIn(data);
  const shown = issues.slice(0, MAX_ISSUES).map((issue) => {
    const path = pathOf(issue);
    return { path: formatPath(path), message: messageOf(issue, path, data, texts) };
  });
  const rest = issues.length - shown.length;
  const list = shown.map(({ path, message }) => `${path}: ${message}`).join('; ');
  const more = rest > 0 ? `; and ${rest} more` : '';
  return new PayloadError(
    shown[0]?.path ?? 'data',
    `The data of ${JSON.stringify(type)} does not pass its schema: ${list === '' ? `data: ${NOT_SHOWN}` : list}${more}.`,
  );
}

function pathOf({ path }: SchemaIssue): PropertyKey[] {
  return (path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment));
}

function formatPath(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>((before, key) => {
    if (typeof key === 'number') return `${before}[${key}]`;
    const name = String(key);
    return /^[A-Za-z_$][\w$]*$/.test(name) ? `${before}.${name}` : `${before}[${JSON.stringify(name)}]`;
  }, 'data');
  return text.length <= MAX_PATH_LENGTH ? text : `${text.slice(0, MAX_PATH_LENGTH)}…`;
}

function textsIn(data: unknown): ShownTexts {
  try {
    return collectTexts(data);
  } catch {
    // Getters and proxies of the caller may throw.
    return undefined;
  }
}

function messageOf(
  issue: SchemaIssue,
  path: readonly PropertyKey[],
  data: unknown,
  texts: ShownTexts,
): string {
  try {
    // valibot and others say what came after their own transformations, which the data does not show.
    const { input } = issue as { readonly input?: unknown };
    const value = path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key],
      data,
    );
    const text = hideValues(String(issue.message), texts, [value, input])?.replace(/\s+/g, ' ').trim();
    if (text === undefined || text === '') return NOT_SHOWN;
    return (text.length <= MAX_MESSAGE_LENGTH ? text : `${text.slice(0, MAX_MESSAGE_LENGTH)}…`).replace(
      /\.$/,
      '',
    );
  } catch {
    // Getters and proxies of the caller may throw.
    return NOT_SHOWN;
  }
}
