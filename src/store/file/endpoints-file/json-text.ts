/**
 * Says what is wrong with a JSON text, and where: the errors of JSON.parse differ between versions of Node.js, often
 * have no position, and quote the text, which holds secrets.
 */

/** A text that is no JSON, or that would lose something when it is read and written again. */
export class JsonTextError extends Error {
  /** Where, in UTF-16 units from the start. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Deeper than this no endpoint is; a recursive reader must end somewhere. */
const MAX_DEPTH = 100;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

type Visit = (path: string, offset: number) => void;

/**
 * Checks a text, strictly: no comments, no trailing commas, and no key twice in one object.
 *
 * @param visit called for each value with its path (`endpoints[3].url`; empty for the whole) and where it starts
 * @throws JsonTextError for the first problem
 */
export function checkJsonText(text: string, visit: Visit = () => undefined): void {
  new JsonTextReader(text, visit).read();
}

/** Where the value at a path starts; if it is not there, the nearest one around it. The text must be JSON. */
export function locate(text: string, path: string): number {
  let best = 0;
  let bestLength = -1;
  checkJsonText(text, (at, offset) => {
    const isAround =
      path === at || (path.startsWith(at) && (at === '' || /^[.[]/.test(path.slice(at.length))));
    if (!isAround || at.length <= bestLength) return;
    best = offset;
    bestLength = at.length;
  });
  return best;
}

/** Line and column of an offset, both from 1; a column is a UTF-16 unit, as editors count. */
export function lineAndColumn(
  text: string,
  offset: number,
): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before[before.length - 1]!.length + 1 };
}

class JsonTextReader {
  readonly #text: string;
  readonly #visit: Visit;
  #at = 0;

  constructor(text: string, visit: Visit) {
    this.#text = text;
    this.#visit = visit;
  }

  read(): void {
    this.#space();
    this.#value('', 0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail(`expected the end of the file, got ${this.#next()}`);
  }

  #value(path: string, depth: number): void {
    this.#visit(path, this.#at);
    if (depth > MAX_DEPTH) this.#fail(`nested deeper than ${MAX_DEPTH} levels`);
    const character = this.#text[this.#at];
    if (character === '{') this.#object(path, depth);
    else if (character === '[') this.#array(path, depth);
    else if (character === '"') this.#string();
    else if (this.#take(LITERAL) === '') this.#number();
  }

  #object(path: string, depth: number): void {
    const keys = new Set<string>();
    this.#members('}', () => {
      const start = this.#at;
      if (this.#text[start] !== '"') this.#fail(`expected a key in double quotes, got ${this.#next()}`);
      const key = this.#string();
      if (keys.has(key))
        this.#fail(`the key ${JSON.stringify(key)} is there twice; remove one of them`, start);
      keys.add(key);
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail(`expected : after the key, got ${this.#next()}`);
      this.#at += 1;
      this.#space();
      const name = IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
      this.#value(path === '' && name.startsWith('.') ? key : path + name, depth + 1);
    });
  }

  #array(path: string, depth: number): void {
    let index = 0;
    this.#members(']', () => {
      this.#value(`${path}[${index}]`, depth + 1);
      index += 1;
    });
  }

  /** What stands between brackets, and the brackets. */
  #members(end: '}' | ']', member: () => void): void {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      member();
      this.#space();
      const character = this.#text[this.#at];
      if (character === end) break;
      if (character !== ',') this.#fail(`expected , or ${end}, got ${this.#next()}`);
      const comma = this.#at;
      this.#at += 1;
      this.#space();
      if (this.#text[this.#at] === end) this.#fail(`remove the comma: ${end} follows`, comma);
    }
    this.#at += 1;
  }

  #string(): string {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      this.#take(PLAIN_TEXT);
      const character = this.#text[this.#at];
      if (character === '"') break;
      if (character === undefined || character === '\n' || character === '\r')
        this.#fail('the text that starts here has no " at its end', start);
      if (character !== '\\') this.#fail('write this control character as \\u and four digits');
      if (this.#take(ESCAPE) === '') this.#fail('expected one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u');
    }
    this.#at += 1;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #number(): void {
    const start = this.#at;
    const digits = this.#take(NUMBER);
    if (digits === '') this.#fail(`expected a value, got ${this.#next()}`);
    // It would be written back as null.
    if (!Number.isFinite(Number(digits))) this.#fail('this number is too large', start);
  }

  #space(): void {
    this.#take(SPACE);
    if (this.#text[this.#at] === '/' && /[/*]/.test(this.#text[this.#at + 1] ?? ''))
      this.#fail('comments are not supported; put the remark into a member of its own, such as "note"');
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #next(): string {
    const character = this.#text[this.#at];
    if (character === undefined) return 'the end of the file';
    if (character === "'") return "' (texts stand in double quotes)";
    return /[!-~]/.test(character) ? character : JSON.stringify(character);
  }

  #fail(message: string, offset = this.#at): never {
    throw new JsonTextError(message, offset);
  }
}
