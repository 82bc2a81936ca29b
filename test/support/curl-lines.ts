/** The curl lines that a document prints, as requests. */
import { readDocument, type DocumentName } from './system-documents.ts';

export interface CurlLine {
  /** Where it stands: `emp-job-queue.txt:109`. */
  readonly at: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** The JSON that is printed right after it: what comes back, or what is sent. */
  readonly printed: unknown;
}

export function readCurlLines(name: DocumentName): CurlLine[] {
  const text = readDocument(name);
  const starts = [...text.matchAll(/^[ \t]*curl (?=-X|http)/gm)].map(({ index }) => index);
  return starts.map((start, position) => {
    const { words, end } = readCommand(text, start);
    const at = `${name}.txt:${text.slice(0, start).split('\n').length}`;
    return {
      at,
      ...readArguments(words.slice(1)),
      printed: printedAfter(text.slice(end, starts[position + 1])),
    };
  });
}

/** Words as a shell takes them, up to the end of the line that no backslash continues. */
function readCommand(text: string, start: number): { readonly words: string[]; readonly end: number } {
  const token = /\\\n|\n|[ \t]+|'[^']*'|"[^"]*"|[^\s'"\\]+/y;
  const words: string[] = [];
  let isInside = false;
  token.lastIndex = start;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match;
    if (found === '\n') return { words, end: token.lastIndex };
    if (/^(\s|\\)/.test(found)) {
      isInside = false;
      continue;
    }
    const word = /^['"]/.test(found) ? found.slice(1, -1) : found;
    if (isInside) words[words.length - 1] += word;
    else words.push(word);
    isInside = true;
  }
  return { words, end: text.length };
}

function readArguments(words: readonly string[]): Omit<CurlLine, 'at' | 'printed'> {
  const headers: Record<string, string> = {};
  let method: string | undefined;
  let url = '';
  let body: string | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    const value = (): string => words[(index += 1)]!;
    if (word === '-X') method = value();
    else if (word === '-d') body = value();
    else if (word === '-H') {
      const [, name, text] = /^([^:]+): ?(.*)$/.exec(value())!;
      headers[name!] = text!;
    } else if (word.startsWith('-')) throw new Error(`${word} is an argument of curl that is not known here`);
    else url = word;
  }
  return { method: method ?? (body === undefined ? 'GET' : 'POST'), url, headers, body };
}

function printedAfter(text: string): unknown {
  const [, json] = /^(?:```\n)?\s*(?:[^\n`]+:\n)?```json\n([\s\S]*?)\n```/.exec(text.trimStart()) ?? [];
  return json === undefined ? undefined : (JSON.parse(json) as unknown);
}

/** The members of a value and the types of what they hold. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
}
